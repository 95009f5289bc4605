#include "values.hpp"

#include <cstdlib>

namespace onechat::ledger_postgres {
namespace {

// An array begins with: dimensions, whether it has nulls, element type, elements, number of the first.
constexpr std::size_t kHeader = 20;

void set32(char* at, std::uint32_t v) {
  v = htobe32(v);
  std::memcpy(at, &v, sizeof v);
}

void big_endian(const oc_id128& id, char* to) {
  const std::uint64_t parts[] = {htobe64(id.hi), htobe64(id.lo)};
  std::memcpy(to, parts, sizeof parts);
}

}  // namespace

const char* name_of(Type type) noexcept {
  switch (type) {
    case Type::boolean: return "boolean";
    case Type::bytes: return "bytea";
    case Type::bigint: return "bigint";
    case Type::text: return "text";
    case Type::uuid: return "uuid";
  }
  return "";
}

void Column::clear() {
  n_ = 0;
  has_null_ = false;
  buffer_.assign(kHeader, '\0');
}

void Column::put32(std::uint32_t v) {
  v = htobe32(v);
  buffer_.append(reinterpret_cast<const char*>(&v), sizeof v);
}

void Column::add_null() {
  ++n_;
  has_null_ = true;
  put32(~std::uint32_t{0});
}

void Column::add(std::int64_t v) {
  char cell[12];
  set32(cell, sizeof v);
  const std::uint64_t big = htobe64(static_cast<std::uint64_t>(v));
  std::memcpy(cell + 4, &big, sizeof big);
  buffer_.append(cell, sizeof cell);
  ++n_;
}

void Column::add(const oc_id128& id) {
  char cell[20];
  set32(cell, sizeof id);
  big_endian(id, cell + 4);
  buffer_.append(cell, sizeof cell);
  ++n_;
}

void Column::add(bool v) { add(std::string_view(v ? "\1" : "\0", 1)); }

void Column::add(std::string_view bytes) {
  put32(static_cast<std::uint32_t>(bytes.size()));
  buffer_.append(bytes);
  ++n_;
}

std::string_view Column::bytes() {
  set32(buffer_.data(), n_ == 0 ? 0 : 1);
  set32(buffer_.data() + 4, has_null_ ? 1 : 0);
  set32(buffer_.data() + 8, static_cast<std::uint32_t>(type_));
  set32(buffer_.data() + 12, static_cast<std::uint32_t>(n_));
  set32(buffer_.data() + 16, 1);
  return std::string_view(buffer_).substr(0, n_ == 0 ? 12 : buffer_.size());
}

Params& Params::put(std::string_view bytes, bool borrowed) {
  if (!borrowed) bytes = *owned_.emplace_back(std::make_unique<std::string>(bytes));
  values_.push_back(bytes.data());
  lengths_.push_back(static_cast<int>(bytes.size()));
  formats_.push_back(1);
  return *this;
}

Params& Params::add(Column& column) { return put(column.bytes(), true); }

Params& Params::add(std::int64_t v) {
  const std::uint64_t big = htobe64(static_cast<std::uint64_t>(v));
  return put({reinterpret_cast<const char*>(&big), sizeof big}, false);
}

Params& Params::add(const oc_id128& id) {
  char bytes[16];
  big_endian(id, bytes);
  return put({bytes, sizeof bytes}, false);
}

Params& Params::add_text(std::string_view v) { return put(v, false); }

oc_id128 Rows::id(int row, int column) const {
  if (PQgetisnull(result_, row, column) != 0) return {};
  std::uint64_t parts[2];
  std::memcpy(parts, PQgetvalue(result_, row, column), sizeof parts);
  return {be64toh(parts[0]), be64toh(parts[1])};
}

std::int64_t Rows::affected() const { return std::atoll(PQcmdTuples(result_)); }

}  // namespace onechat::ledger_postgres
