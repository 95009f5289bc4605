// Traces on their way into the file, as a table that SQLite reads from memory: one INSERT ... SELECT for all of a
// commit costs half of a statement for each with its three dozen parameters.
#pragma once
#include <onechat/store.h>

#include <span>

#include "database.hpp"
#include "pack_table.hpp"
#include "trace_facts.hpp"

namespace onechat::store_sqlite {

struct IncomingTrace {
  const oc_trace* trace = nullptr;
  oc_store_result* result = nullptr;
  IdBytes id{};
  PackPlace at;
};

// The table `incoming_trace` of one connection. Must outlive its statements.
class IncomingTable {
 public:
  explicit IncomingTable(Database& db);
  IncomingTable(const IncomingTable&) = delete;
  IncomingTable& operator=(const IncomingTable&) = delete;

  void show(std::span<const IncomingTrace> rows) noexcept { rows_ = rows; }  // borrowed until the next call
  std::span<const IncomingTrace> rows() const noexcept { return rows_; }

 private:
  std::span<const IncomingTrace> rows_;
};

}  // namespace onechat::store_sqlite
