#include "trace_facts.hpp"

namespace onechat::store_sqlite {
namespace {

oc_id128 id_of(oc_bytes b) noexcept {
  oc_id128 id{};
  if (b.len != 16) return id;
  for (int i = 0; i < 8; ++i) {
    id.hi = id.hi << 8 | b.ptr[i];
    id.lo = id.lo << 8 | b.ptr[8 + i];
  }
  return id;
}

}  // namespace

IdBytes bytes_of(oc_id128 id) noexcept {
  IdBytes out{};
  for (int i = 0; i < 8; ++i) {
    out[static_cast<std::size_t>(7 - i)] = static_cast<std::uint8_t>(id.hi >> (8 * i));
    out[static_cast<std::size_t>(15 - i)] = static_cast<std::uint8_t>(id.lo >> (8 * i));
  }
  return out;
}

oc_trace* read_facts(const Statement& row, Memory& memory) {
  auto* t = memory.make_sized<oc_trace>();
  t->id = id_of(row.blob(0));
  t->usage.struct_size = sizeof t->usage;
  int column = 1;
  for (const Fact& fact : kFacts) {
    switch (fact.kind) {
      case FactKind::kText: *fact_at<oc_str>(fact, *t) = memory.copy(row.text(column)); break;
      case FactKind::kNumber: *fact_at<std::int64_t>(fact, *t) = row.integer(column); break;
      case FactKind::kSmallNumber:
        *fact_at<std::uint32_t>(fact, *t) = static_cast<std::uint32_t>(row.integer(column));
        break;
    }
    ++column;
  }
  return t;
}

}  // namespace onechat::store_sqlite
