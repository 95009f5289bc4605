// The tables and their columns, in the order of the rows' fields (ledger_codec.hpp), and what follows from that: rows
// read from results, rows gathered into columns, and the SQL that moves them.
#pragma once
#include <onechat/ledger_codec.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "connection.hpp"

namespace onechat::ledger_postgres {

// Each batch with postings takes a block of this many numbers, so that its own are without gaps.
inline constexpr std::uint64_t kNumbersInBlock = 65'536;

// A table's columns in the order of codec::fields(). "?" in front: zero is stored as NULL; "!": so it is, and most
// batches have nothing but zeros there, so that it is left out of what is sent. The first `keys` columns identify a
// row.
struct Table {
  std::string_view name;
  std::string_view columns;  // separated by blanks
  std::size_t keys;
};
const Table& table_for(const ledger_core::Account*);
const Table& table_for(const ledger_core::Grant*);
const Table& table_for(const ledger_core::Node*);
const Table& table_for(const ledger_core::Budget*);
const Table& table_for(const ledger_core::Window*);
const Table& table_for(const ledger_core::Hold*);
const Table& table_for(const ledger_core::Tombstone*);
const Table& table_for(const ledger_core::Transfer*);
const Table& table_for(const ledger_core::RefundCap*);
const Table& table_for(const ledger_core::Link*);
template <class Row>
const Table& table_of() {
  return table_for(static_cast<const Row*>(nullptr));
}

template <class V>
constexpr Type type_of() {
  if constexpr (std::is_same_v<V, oc_id128>)
    return Type::uuid;
  else if constexpr (std::is_same_v<V, bool>)
    return Type::boolean;
  else if constexpr (std::is_same_v<V, std::string>)
    return Type::text;
  else if constexpr (std::is_same_v<V, std::array<std::uint8_t, 32>>)
    return Type::bytes;
  else
    return Type::bigint;
}

struct ColumnName {
  std::string name;
  bool null_for_zero, rare;
};
std::vector<ColumnName> columns_of(const Table& table);
enum class Which { all, common };  // columns: with or without the rare ones
// "a, b, c", each with `prefix` in front.
std::string column_list(const Table& table, std::string_view prefix = "", Which which = Which::all);

// Row `r` of a result whose columns, from `first` on, are the table's.
template <class Row>
Row row_of(const Rows& rows, int r, int first = 0) {
  Row row;
  int c = first;
  ledger_core::codec::fields(row, [&](auto& field) {
    using V = std::remove_reference_t<decltype(field)>;
    if constexpr (std::is_same_v<V, oc_id128>)
      field = rows.id(r, c);
    else if constexpr (std::is_same_v<V, bool>)
      field = rows.flag(r, c);
    else if constexpr (std::is_same_v<V, std::string>)
      field = rows.bytes(r, c);
    else if constexpr (std::is_same_v<V, std::array<std::uint8_t, 32>>) {
      const std::string_view bytes = rows.bytes(r, c);
      std::memcpy(field.data(), bytes.data(), std::min(bytes.size(), field.size()));
    } else
      field = static_cast<V>(rows.number(r, c));
    ++c;
  });
  return row;
}

// Rows of one table, column by column.
template <class Row>
class Gathered {
 public:
  Gathered() : names_(names()) {
    columns_.reserve(names_.size());
    ledger_core::codec::fields(static_cast<const Row&>(Row{}), [&](const auto& field) {
      columns_.emplace_back(type_of<std::remove_cv_t<std::remove_reference_t<decltype(field)>>>());
    });
  }
  void add(const Row& row) {
    std::size_t i = 0;
    ledger_core::codec::fields(row, [&](const auto& field) { put(i++, field); });
  }
  bool empty() const { return columns_.front().size() == 0; }
  std::int64_t size() const { return columns_.front().size(); }
  void clear() {
    for (Column& c : columns_) c.clear();
    which_ = Which::common;
  }
  // Which columns a statement for these rows needs.
  Which which() const { return which_; }
  // Adds those columns; they are borrowed until the statement is sent.
  void to(Params& params, Which which) {
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (which == Which::all || !names_[i].rare) params.add(columns_[i]);
  }

 private:
  template <class V>
  void put(std::size_t i, const V& v) {
    if (names_[i].null_for_zero && is_zero_value(v)) return columns_[i].add_null();
    if (names_[i].rare) which_ = Which::all;
    if constexpr (std::is_same_v<V, oc_id128> || std::is_same_v<V, bool>)
      columns_[i].add(v);
    else if constexpr (std::is_same_v<V, std::string>)
      columns_[i].add(std::string_view(v));
    else if constexpr (std::is_same_v<V, std::array<std::uint8_t, 32>>)
      columns_[i].add(std::string_view(reinterpret_cast<const char*>(v.data()), v.size()));
    else
      columns_[i].add(static_cast<std::int64_t>(v));
  }
  template <class V>
  static bool is_zero_value(const V& v) {
    if constexpr (std::is_same_v<V, oc_id128>)
      return ledger_core::is_zero(v);
    else if constexpr (std::is_integral_v<V>)
      return v == 0;
    else
      return false;
  }
  static const std::vector<ColumnName>& names() {
    static const std::vector<ColumnName> of_row = columns_of(table_of<Row>());
    return of_row;
  }
  const std::vector<ColumnName>& names_;
  std::vector<Column> columns_;
  Which which_ = Which::common;
};

// "unnest($1::bigint[], ...)" for the types of a table's columns, numbered from `first` on.
std::string unnest(const std::vector<Type>& types, int first = 1);
template <class Row>
std::vector<Type> types_of(Which which = Which::all) {
  std::vector<Type> out;
  const std::vector<ColumnName> names = columns_of(table_of<Row>());
  std::size_t i = 0;
  ledger_core::codec::fields(static_cast<const Row&>(Row{}), [&](const auto& field) {
    if (which == Which::all || !names.at(i).rare)
      out.push_back(type_of<std::remove_cv_t<std::remove_reference_t<decltype(field)>>>());
    ++i;
  });
  return out;
}

// SELECT of a table's columns; the table is `t` in what follows.
template <class Row>
std::string select(std::string_view rest) {
  return "SELECT " + column_list(table_of<Row>(), "t.") + " FROM " + std::string(table_of<Row>().name) + " t " +
         std::string(rest);
}
// All rows, in the order of their keys.
std::string select_all_sql(const Table& table);
template <class Row>
const Statement& all_rows() {
  static const Statement statement{"all_" + std::string(table_of<Row>().name), select_all_sql(table_of<Row>())};
  return statement;
}

// Statements over Gathered<Row> parameters.
std::string insert_sql(const Table& table, const std::vector<Type>& types, Which which);
std::string update_sql(const Table& table, const std::vector<Type>& types);  // rows by their keys
template <class Row>
Statement insert_statement(const std::string& verb, Which which) {
  return {verb + (which == Which::all ? "_all_" : "_") + std::string(table_of<Row>().name),
          insert_sql(table_of<Row>(), types_of<Row>(which), which)};
}
template <class Row>
Statement update_statement() {
  return {"set_" + std::string(table_of<Row>().name), update_sql(table_of<Row>(), types_of<Row>())};
}

}  // namespace onechat::ledger_postgres
