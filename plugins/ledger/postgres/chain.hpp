// The chain of postings of the node that this instance works for: each link hashes what the link before it hashed and
// the transfers of one batch. Single thread.
#pragma once
#include <onechat/ledger_codec.hpp>

#include <optional>

namespace onechat::ledger_postgres {

std::array<std::uint8_t, 32> sha256(const std::uint8_t* bytes, std::size_t size);

class Chain {
 public:
  std::uint64_t node() const noexcept { return node_; }
  void work_for(std::uint64_t node);
  bool knows_end() const noexcept { return end_.has_value(); }
  void ends_with(const ledger_core::Link& link) { end_ = link; }  // n 0: there is none yet
  void forget() noexcept { end_.reset(); }  // after a failure: another process may have added to it
  // The link after the last one, for transfers numbered from `first_seq` on. Requires: knows_end(), some transfers.
  const ledger_core::Link& add(const std::vector<ledger_core::Transfer>& transfers, std::uint64_t first_seq,
                               std::int64_t now_ms);

 private:
  std::uint64_t node_ = 0;
  std::optional<ledger_core::Link> end_;
  ledger_core::Bytes buffer_;
};

}  // namespace onechat::ledger_postgres
