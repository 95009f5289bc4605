// Traces: a narrow row of facts each, and what was said beside it.
#pragma once
#include <vector>

#include "body_codec.hpp"
#include "database.hpp"
#include "memory.hpp"

namespace onechat::store_sqlite {

// Every call fills `result`, its status included.
class TraceTable {
 public:
  explicit TraceTable(Database& db);
  void put(const oc_store_op& op, oc_store_result& result);
  void get(const oc_store_op& op, oc_store_result& result, Memory& memory);
  void list(const oc_store_op& op, oc_store_result& result, Memory& memory);
  // By op.id; or, with a filter, all of its project before its to_unix_ms, at most op.limit of them (0: all).
  // result.version: how many.
  void erase(const oc_store_op& op, oc_store_result& result);

 private:
  std::int64_t put_body(const oc_trace& trace);
  oc_status read_body(std::int64_t body, oc_trace& trace, Memory& memory);
  oc_bytes unpack(const EncodedBody& body, Memory& memory);

  sqlite3* handle_;
  BodyCodec codec_;
  std::vector<std::uint8_t> request_scratch_, response_scratch_;
  Statement put_head_, put_body_, drop_body_, get_head_, get_body_, list_all_, list_project_;
  Statement erase_id_bodies_, erase_id_, erase_project_bodies_, erase_project_;
};

}  // namespace onechat::store_sqlite
