#include "chain.hpp"

#include <openssl/sha.h>

namespace onechat::ledger_postgres {

std::array<std::uint8_t, 32> sha256(const std::uint8_t* bytes, std::size_t size) {
  std::array<std::uint8_t, 32> out{};
  SHA256(bytes, size, out.data());
  return out;
}

void Chain::work_for(std::uint64_t node) {
  if (node_ != node) forget();
  node_ = node;
}

const ledger_core::Link& Chain::add(const std::vector<ledger_core::Transfer>& transfers, std::uint64_t first_seq,
                                    std::int64_t now_ms) {
  ledger_core::Link& link = end_.value();
  buffer_.assign(link.hash.begin(), link.hash.end());
  for (const ledger_core::Transfer& t : transfers) ledger_core::encode(t, buffer_);
  link.node = node_;
  ++link.n;
  link.first_seq = first_seq;
  link.last_seq = first_seq + transfers.size() - 1;
  link.ts_ms = now_ms;
  link.hash = sha256(buffer_.data(), buffer_.size());
  return link;
}

}  // namespace onechat::ledger_postgres
