// The tables of the file and the rows of ledger_core: columns stand in the order of the fields in onechat/ledger_codec.hpp,
// so that a row is bound and read field by field.
#pragma once
#include <onechat/ledger_codec.hpp>

#include <span>

#include "database.hpp"

namespace onechat::ledger_sqlite {

template <class Row>
struct Table;
template <>
struct Table<ledger_core::Account> {
  static constexpr const char* kName = "account";
  static constexpr const char* kColumns =
      "code, owner, debits, credits, pending, overdraft, debt_limit, flags, terms_op_hi, terms_op_lo";
  static constexpr const char* kOrder = "code, owner";
};
template <>
struct Table<ledger_core::Grant> {
  static constexpr const char* kName = "wallet_grant";
  static constexpr const char* kColumns =
      "id_hi, id_lo, number, wallet, priority, created_ms, expires_ms, expiries, open";
  static constexpr const char* kOrder = "number";
};
template <>
struct Table<ledger_core::Node> {
  static constexpr const char* kName = "node";
  static constexpr const char* kColumns = "id, epoch, heartbeat_ms, epoch_op_hi, epoch_op_lo";
  static constexpr const char* kOrder = "id";
};
template <>
struct Table<ledger_core::Budget> {
  static constexpr const char* kName = "budget";
  static constexpr const char* kColumns = "account, scope, scope_id, period, action, limit_nano, time_zone";
  static constexpr const char* kOrder = "account, scope, scope_id, period";
};
template <>
struct Table<ledger_core::Window> {
  static constexpr const char* kName = "budget_window";
  static constexpr const char* kColumns = "account, scope, scope_id, period, begin_ms, end_ms, spent, held";
  static constexpr const char* kOrder = "account, scope, scope_id, period, begin_ms";
};
template <>
struct Table<ledger_core::Hold> {
  static constexpr const char* kName = "hold";
  static constexpr const char* kColumns =
      "id_hi, id_lo, kind, account, project_id, key_id, user_id, group_id, node, epoch, amount,"
      " grant1, grant1_part, grant2, grant2_part, grant3, grant3_part, settled, progress, progress_fee,"
      " created_ms, expires_ms, drain_ms, available, body_hash, last_op_hi, last_op_lo, last_hash, last_available";
  static constexpr const char* kOrder = "id_hi, id_lo";
};
template <>
struct Table<ledger_core::Tombstone> {
  static constexpr const char* kName = "tombstone";
  static constexpr const char* kColumns =
      "id_hi, id_lo, outcome, account, hold_hash, close_hash, hold_available, released, available, ts_ms";
  static constexpr const char* kOrder = "id_hi, id_lo";
};
template <>
struct Table<ledger_core::Transfer> {
  static constexpr const char* kName = "transfer";
  static constexpr const char* kColumns =
      "id_hi, id_lo, ref_hi, ref_lo, kind, flags, code, account, project_id, key_id, user_id, group_id, counter, node,"
      " amount, fee, wallet_part, debt_part, absorbed_part, grant1, grant1_part, grant2, grant2_part, grant3,"
      " grant3_part, released, available, ts_ms, reserved_ms, body_hash, hold_hash, hold_available";
  static constexpr const char* kOrder = "seq";
};
template <>
struct Table<ledger_core::RefundCap> {
  static constexpr const char* kName = "refund_cap";
  static constexpr const char* kColumns = "id_hi, id_lo, refunded, refunded_fee";
  static constexpr const char* kOrder = "id_hi, id_lo";
};
template <>
struct Table<ledger_core::Link> {
  static constexpr const char* kName = "chain_link";
  static constexpr const char* kColumns = "node, n, first_seq, last_seq, ts_ms, hash";
  static constexpr const char* kOrder = "first_seq";
};

// SELECT all columns; `rest` is what follows the table's name. Transfers have `seq` as one more, at the end.
template <class Row>
std::string select(const std::string& rest) {
  constexpr bool numbered = std::is_same_v<Row, ledger_core::Transfer>;
  return std::string("SELECT ") + Table<Row>::kColumns + (numbered ? ", seq" : "") + " FROM " + Table<Row>::kName + " " +
         rest;
}
template <class Row>
std::string select_all() {
  return select<Row>(std::string("ORDER BY ") + Table<Row>::kOrder);
}
// `verb`: INSERT or REPLACE; of so many rows. Transfers are numbered by SQLite, each one more than the last: to append
// costs less than to put a row where a number says.
template <class Row>
std::string insert(const std::string& verb, std::size_t rows = 1) {
  const std::string columns = Table<Row>::kColumns;
  std::string marks = "(?";
  for (const char c : columns)
    if (c == ',') marks += ", ?";
  marks += ')';
  std::string values = marks;
  for (std::size_t i = 1; i < rows; ++i) values += ", " + marks;
  return verb + " INTO " + Table<Row>::kName + " (" + columns + ") VALUES " + values;
}

struct BindFields {
  Query& query;
  int at = 0;
  template <class V>
  void operator()(const V& v) {
    if constexpr (std::is_same_v<V, oc_id128>) {
      (*this)(v.hi), (*this)(v.lo);
    } else if constexpr (std::is_same_v<V, std::string> || std::is_same_v<V, std::array<std::uint8_t, 32>>) {
      query.bind(++at, v);
    } else {
      query.bind(++at, static_cast<std::int64_t>(v));
    }
  }
};
struct TakeFields {
  const Query& query;
  int at = 0;
  template <class V>
  void operator()(V& v) {
    if constexpr (std::is_same_v<V, oc_id128>) {
      (*this)(v.hi), (*this)(v.lo);
    } else if constexpr (std::is_same_v<V, std::string>) {
      v = query.text(at++);
    } else if constexpr (std::is_same_v<V, std::array<std::uint8_t, 32>>) {
      v = query.bytes32(at++);
    } else {
      v = static_cast<V>(query.column(at++));
    }
  }
};

// The row of a query made of select<Row>.
template <class Row>
Row row_of(const Query& query) {
  Row row;
  ledger_core::codec::fields(row, TakeFields{query});
  return row;
}
// Runs a statement made of insert<Row>.
template <class Row>
void put_rows(Query& query, std::span<const Row> rows) {  // as many as the statement has
  query.reset();
  BindFields bind{query};
  for (const Row& row : rows) ledger_core::codec::fields(row, bind);
  while (query.next()) continue;
}
template <class Row>
void put_row(Query& query, const Row& row) {
  put_rows(query, std::span(&row, 1));
}

}  // namespace onechat::ledger_sqlite
