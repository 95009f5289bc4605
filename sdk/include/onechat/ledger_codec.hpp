// Bytes of the rows of a ledger: what a node's chain of postings is hashed over, and what dump and restore exchange.
//
// A row is one version byte and then its fields in the order of fields() below, little-endian, without gaps; ids high
// half first, texts with their length in front. The bytes are stored in hashes and dumps: a field may never move, and a
// change is a new version. Plain functions, thread-safe; C++17, nothing but the standard library.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <cstring>
#include <type_traits>

namespace onechat::ledger_core {

inline constexpr std::uint8_t kCodecVersion = 1;
inline constexpr std::size_t kTimeZoneMax = 255;  // bytes; longer names are not written and not read
using Bytes = std::vector<std::uint8_t>;

// The table (OC_ROW_*) of a row type.
constexpr std::uint32_t table_of(const Account*) noexcept { return OC_ROW_ACCOUNT; }
constexpr std::uint32_t table_of(const Grant*) noexcept { return OC_ROW_GRANT; }
constexpr std::uint32_t table_of(const Node*) noexcept { return OC_ROW_NODE; }
constexpr std::uint32_t table_of(const Budget*) noexcept { return OC_ROW_BUDGET; }
constexpr std::uint32_t table_of(const Window*) noexcept { return OC_ROW_WINDOW; }
constexpr std::uint32_t table_of(const Hold*) noexcept { return OC_ROW_HOLD; }
constexpr std::uint32_t table_of(const Tombstone*) noexcept { return OC_ROW_TOMBSTONE; }
constexpr std::uint32_t table_of(const Transfer*) noexcept { return OC_ROW_TRANSFER; }
constexpr std::uint32_t table_of(const RefundCap*) noexcept { return OC_ROW_REFUND; }
constexpr std::uint32_t table_of(const Link*) noexcept { return OC_ROW_LINK; }
template <class Row>
inline constexpr std::uint32_t kTableOf = table_of(static_cast<const Row*>(nullptr));

namespace codec {

// Which fields a row has, in their order: fields(row, visit) calls visit with each of them.
template <class Row, class Is>
using IfRow = std::enable_if_t<std::is_same_v<std::remove_const_t<Row>, Is>, int>;

template <class Row, class Visit, IfRow<Row, Account> = 0>
void fields(Row& r, Visit&& f) {
  f(r.key.code), f(r.key.owner), f(r.debits), f(r.credits), f(r.pending), f(r.overdraft), f(r.debt_limit), f(r.flags);
  f(r.terms_op);
}
template <class Row, class Visit, IfRow<Row, Grant> = 0>
void fields(Row& r, Visit&& f) {
  f(r.id), f(r.number), f(r.wallet), f(r.priority), f(r.created_ms), f(r.expires_ms), f(r.expiries), f(r.open);
}
template <class Row, class Visit, IfRow<Row, Node> = 0>
void fields(Row& r, Visit&& f) {
  f(r.id), f(r.epoch), f(r.heartbeat_ms), f(r.epoch_op);
}
template <class Row, class Visit, IfRow<Row, BudgetKey> = 0>
void fields(Row& r, Visit&& f) {
  f(r.account), f(r.scope), f(r.scope_id);
}
template <class Row, class Visit, IfRow<Row, Budget> = 0>
void fields(Row& r, Visit&& f) {
  fields(r.key, f);
  f(r.period), f(r.action), f(r.limit), f(r.time_zone);
}
template <class Row, class Visit, IfRow<Row, Window> = 0>
void fields(Row& r, Visit&& f) {
  fields(r.key.budget, f);
  f(r.key.period), f(r.key.begin_ms), f(r.end_ms), f(r.spent), f(r.held);
}
template <class Row, class Visit, IfRow<Row, Scopes> = 0>
void fields(Row& r, Visit&& f) {
  f(r.account), f(r.project_id), f(r.key_id), f(r.user_id), f(r.group_id);
}
template <class Parts, class Visit, IfRow<Parts, GrantParts> = 0>
void fields(Parts& parts, Visit&& f) {
  for (auto& p : parts) f(p.number), f(p.amount);
}
template <class Row, class Visit, IfRow<Row, Hold> = 0>
void fields(Row& r, Visit&& f) {
  f(r.id), f(r.kind);
  fields(r.scopes, f);
  f(r.node), f(r.epoch), f(r.amount);
  fields(r.grants, f);
  f(r.settled), f(r.progress), f(r.progress_fee), f(r.created_ms), f(r.expires_ms), f(r.drain_ms), f(r.available);
  f(r.body_hash), f(r.last_op), f(r.last_hash), f(r.last_available);
}
template <class Row, class Visit, IfRow<Row, Tombstone> = 0>
void fields(Row& r, Visit&& f) {
  f(r.id), f(r.outcome), f(r.account), f(r.hold_hash), f(r.close_hash), f(r.hold_available), f(r.released);
  f(r.available), f(r.ts_ms);
}
template <class Row, class Visit, IfRow<Row, Transfer> = 0>
void fields(Row& r, Visit&& f) {
  f(r.id), f(r.ref), f(r.kind), f(r.flags), f(r.code);
  fields(r.scopes, f);
  f(r.counter), f(r.node), f(r.amount), f(r.fee), f(r.wallet_part), f(r.debt_part), f(r.absorbed_part);
  fields(r.grants, f);
  f(r.released), f(r.available), f(r.ts_ms), f(r.reserved_ms), f(r.body_hash), f(r.hold_hash), f(r.hold_available);
}
template <class Row, class Visit, IfRow<Row, RefundCap> = 0>
void fields(Row& r, Visit&& f) {
  f(r.transfer), f(r.refunded), f(r.refunded_fee);
}
template <class Row, class Visit, IfRow<Row, Link> = 0>
void fields(Row& r, Visit&& f) {
  f(r.node), f(r.n), f(r.first_seq), f(r.last_seq), f(r.ts_ms), f(r.hash);
}

struct Size {
  std::size_t n = 1;
  template <class V>
  void operator()(const V& v) {
    if constexpr (std::is_same_v<V, std::string>)
      n += 1 + v.size();
    else
      n += sizeof(V);
  }
};

struct Write {
  std::uint8_t* at;
  template <class V>
  void operator()(const V& v) {
    if constexpr (std::is_same_v<V, oc_id128>) {
      (*this)(v.hi), (*this)(v.lo);
    } else if constexpr (std::is_same_v<V, std::string>) {
      *at++ = static_cast<std::uint8_t>(v.size());
      bytes(v.data(), v.size());
    } else if constexpr (std::is_same_v<V, std::array<std::uint8_t, 32>>) {
      bytes(v.data(), v.size());
    } else {
      std::uint8_t* const to = at;  // not `at`, which its own bytes might be: so the loop becomes one store
      const auto all = static_cast<std::uint64_t>(v);
      for (std::size_t i = 0; i < sizeof(V); ++i) to[i] = static_cast<std::uint8_t>(all >> (8 * i));
      at = to + sizeof(V);
    }
  }
  void bytes(const void* from, std::size_t n) {
    if (n != 0) std::memcpy(at, from, n);
    at += n;
  }
};

struct Read {
  const std::uint8_t* at;
  const std::uint8_t* end;
  bool ok = true;
  template <class V>
  void operator()(V& v) {
    if constexpr (std::is_same_v<V, oc_id128>) {
      (*this)(v.hi), (*this)(v.lo);
    } else if constexpr (std::is_same_v<V, std::string>) {
      std::uint8_t n = 0;
      (*this)(n);
      if (const std::uint8_t* text = take(n)) v.assign(reinterpret_cast<const char*>(text), n);
    } else if constexpr (std::is_same_v<V, std::array<std::uint8_t, 32>>) {
      if (const std::uint8_t* from = take(v.size())) std::memcpy(v.data(), from, v.size());
    } else if (const std::uint8_t* from = take(sizeof(V))) {
      std::uint64_t all = 0;
      for (std::size_t i = sizeof(V); i > 0; --i) all = all << 8 | from[i - 1];
      if constexpr (std::is_same_v<V, bool>) {
        ok = ok && all < 2;
        v = all != 0;
      } else {
        v = static_cast<V>(all);
      }
    }
  }
  const std::uint8_t* take(std::size_t n) {
    ok = ok && static_cast<std::size_t>(end - at) >= n;
    if (!ok) return nullptr;
    at += n;
    return at - n;
  }
};

}  // namespace codec

// Appends the bytes of a row. Requires: a Budget's time zone has at most kTimeZoneMax bytes.
template <class Row>
void encode(const Row& row, Bytes& to) {
  codec::Size size;
  codec::fields(row, size);
  const std::size_t before = to.size();
  to.resize(before + size.n);
  to[before] = kCodecVersion;
  codec::fields(row, codec::Write{to.data() + before + 1});
}

// False, with `row` in part overwritten, when the bytes are not exactly one row of this table and a known version.
template <class Row>
bool decode(const std::uint8_t* bytes, std::size_t size, Row& row) {
  if (size == 0 || bytes[0] != kCodecVersion) return false;
  codec::Read read{bytes + 1, bytes + size};
  codec::fields(row, read);
  return read.ok && read.at == read.end;
}

// Calls fn(row) with the row that `stored` holds, of whichever type its table has. False when it is none.
template <class Fn>
bool decode_any(const oc_ledger_row& stored, Fn&& fn) {
  const auto as = [&](auto row) {
    const bool ok = decode(stored.data.ptr, static_cast<std::size_t>(stored.data.len), row);
    if (ok) fn(row);
    return ok;
  };
  switch (stored.table) {
    case OC_ROW_ACCOUNT: return as(Account());
    case OC_ROW_GRANT: return as(Grant());
    case OC_ROW_NODE: return as(Node());
    case OC_ROW_BUDGET: return as(Budget());
    case OC_ROW_WINDOW: return as(Window());
    case OC_ROW_HOLD: return as(Hold());
    case OC_ROW_TOMBSTONE: return as(Tombstone());
    case OC_ROW_TRANSFER: return as(Transfer());
    case OC_ROW_REFUND: return as(RefundCap());
    case OC_ROW_LINK: return as(Link());
    default: return false;
  }
}

}  // namespace onechat::ledger_core
