// Traces: a narrow row of facts each, and what was said beside it.
#pragma once
#include <vector>

#include "body_codec.hpp"
#include "database.hpp"
#include "incoming_table.hpp"
#include "memory.hpp"
#include "pack_table.hpp"

namespace onechat::store_sqlite {

// Every call fills `result`, its status included.
class TraceTable {
 public:
  explicit TraceTable(Database& db);
  void begin() noexcept;  // a new transaction
  // Takes the trace down; `op` and `result` must live until write() has put it into the file and filled `result`.
  void put(const oc_store_op& op, oc_store_result& result);
  void write();  // before any other call, and before the commit
  void get(const oc_store_op& op, oc_store_result& result, Memory& memory);
  void list(const oc_store_op& op, oc_store_result& result, Memory& memory);
  // By op.id; or, with a filter, all of its project before its to_unix_ms, at most op.limit of them (0: all).
  // result.version: how many.
  void erase(const oc_store_op& op, oc_store_result& result);

 private:
  void refuse_repeated();
  oc_status read_body(std::int64_t body, oc_trace& trace, Memory& memory);
  void erase_said(Statement& places);
  void erase_packed();  // what lies at erased_

  BodyCodec codec_;
  PackTable packs_;
  IncomingTable incoming_;
  std::vector<IncomingTrace> waiting_;
  std::vector<PackPlace> erased_;
  Statement put_heads_, get_head_, get_body_, list_all_, list_project_;
  Statement id_places_, erase_id_bodies_, erase_id_, project_places_, erase_project_bodies_, erase_project_;
};

}  // namespace onechat::store_sqlite
