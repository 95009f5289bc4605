// The chain of postings of the node that writes: a link for each commit that posted something. Single thread.
#pragma once
#include <onechat/ledger_codec.hpp>

#include "database.hpp"

namespace onechat::ledger_sqlite {

std::array<std::uint8_t, 32> sha256(const std::uint8_t* bytes, std::size_t size);

class Chain {
 public:
  explicit Chain(Database& db);

  void add(std::uint64_t seq, const ledger_core::Transfer& posted);  // in order, without gaps
  // Writes the link over what was added since the last one, if anything was.
  void seal(std::uint64_t node, std::int64_t now_ms);

 private:
  void find_end(std::uint64_t node);

  Query find_, put_;
  ledger_core::Link end_;  // of the node that wrote last; n 0: it has none
  bool known_ = false;
  ledger_core::Bytes posted_;  // after 32 bytes for the hash before
  std::uint64_t first_seq_ = 0, last_seq_ = 0;
};

}  // namespace onechat::ledger_sqlite
