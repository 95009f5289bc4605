// Values on their way to and from PostgreSQL, in its binary format: arrays that carry a batch, and a result's fields.
#pragma once
#include <endian.h>
#include <libpq-fe.h>
#include <onechat/abi.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace onechat::ledger_postgres {

enum class Type : std::uint32_t {
  boolean = 16,
  bytes = 17,
  bigint = 20,
  text = 25,
  uuid = 2950
};  // the server's numbers
const char* name_of(Type type) noexcept;

// One array parameter: a column of the rows of a batch. Its buffer is kept from batch to batch.
class Column {
 public:
  explicit Column(Type type) : type_(type) { clear(); }
  void clear();
  void add_null();
  void add(std::int64_t v);
  void add(std::uint64_t v) {
    add(static_cast<std::int64_t>(v));
  }  // the same 64 bits: the server knows signed numbers only
  void add(const oc_id128& id);
  void add(bool v);
  void add(std::string_view bytes);

  Type type() const noexcept { return type_; }
  std::int32_t size() const noexcept { return n_; }
  std::string_view bytes();  // the whole parameter; borrowed until the next call

 private:
  void put32(std::uint32_t v);
  Type type_;
  std::int32_t n_ = 0;
  bool has_null_ = false;
  std::string buffer_;
};

// The parameters of one execution, in order. Columns are borrowed until it is sent.
class Params {
 public:
  Params& add(Column& column);
  Params& add(std::int64_t v);
  Params& add(std::uint64_t v) { return add(static_cast<std::int64_t>(v)); }
  Params& add(const oc_id128& id);
  Params& add_text(std::string_view v);

  int count() const noexcept { return static_cast<int>(values_.size()); }
  const char* const* values() const noexcept { return values_.data(); }
  const int* lengths() const noexcept { return lengths_.data(); }
  const int* formats() const noexcept { return formats_.data(); }

 private:
  Params& put(std::string_view bytes, bool borrowed);
  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
  std::vector<std::unique_ptr<std::string>> owned_;
};

// Rows that came back. A NULL reads as zero or empty.
class Rows {
 public:
  explicit Rows(PGresult* r) : result_(r) {}
  int size() const { return PQntuples(result_); }
  std::int64_t number(int row, int column) const {
    if (PQgetisnull(result_, row, column) != 0) return 0;
    std::uint64_t big = 0;
    std::memcpy(&big, PQgetvalue(result_, row, column), sizeof big);
    return static_cast<std::int64_t>(be64toh(big));
  }
  std::uint64_t word(int row, int column) const { return static_cast<std::uint64_t>(number(row, column)); }
  bool flag(int row, int column) const {
    return PQgetisnull(result_, row, column) == 0 && *PQgetvalue(result_, row, column) != 0;
  }
  oc_id128 id(int row, int column) const;
  std::string_view bytes(int row, int column) const {
    return {PQgetvalue(result_, row, column), static_cast<std::size_t>(PQgetlength(result_, row, column))};
  }
  std::int64_t affected() const;  // by an INSERT, UPDATE or DELETE

 private:
  PGresult* result_;
};

}  // namespace onechat::ledger_postgres
