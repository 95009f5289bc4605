#include "chain.hpp"

#include <openssl/sha.h>

#include "rows.hpp"

namespace onechat::ledger_sqlite {

using ledger_core::Link;

std::array<std::uint8_t, 32> sha256(const std::uint8_t* bytes, std::size_t size) {
  std::array<std::uint8_t, 32> out{};
  SHA256(bytes, size, out.data());
  return out;
}

// A node's last link is nearly always the last of all, so that reading backwards needs no index.
Chain::Chain(Database& db)
    : find_(db.handle(), select<Link>("WHERE node = ? ORDER BY first_seq DESC LIMIT 1")),
      put_(db.handle(), insert<Link>("INSERT")) {
  posted_.resize(end_.hash.size());
}

void Chain::add(std::uint64_t seq, const ledger_core::Transfer& posted) {
  if (first_seq_ == 0) first_seq_ = seq;
  last_seq_ = seq;
  encode(posted, posted_);
}

void Chain::find_end(std::uint64_t node) {
  if (known_ && end_.node == node) return;
  end_ = {};
  for (find_.with(node); find_.next();) end_ = row_of<Link>(find_);
  end_.node = node;
  known_ = true;
}

void Chain::seal(std::uint64_t node, std::int64_t now_ms) {
  if (first_seq_ == 0) return;
  find_end(node);
  std::copy(end_.hash.begin(), end_.hash.end(), posted_.begin());
  ++end_.n;
  end_.first_seq = std::exchange(first_seq_, 0);
  end_.last_seq = last_seq_;
  end_.ts_ms = now_ms;
  end_.hash = sha256(posted_.data(), posted_.size());
  put_row(put_, end_);
  posted_.resize(end_.hash.size());
}

}  // namespace onechat::ledger_sqlite
