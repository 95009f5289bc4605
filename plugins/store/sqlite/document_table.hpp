// Documents by namespace and key, with versions for compare-and-set. One whose time is over is not there; its row goes
// when others that expire are put.
#pragma once
#include "database.hpp"
#include "memory.hpp"

namespace onechat::store_sqlite {

// Every call fills `result`, its status included. A conflict tells the version that is there (0: none).
class DocumentTable {
 public:
  explicit DocumentTable(Database& db);
  void get(const oc_store_op& op, oc_store_result& result, Memory& memory);
  void put(const oc_store_op& op, oc_store_result& result);
  void erase(const oc_store_op& op, oc_store_result& result);
  void list(const oc_store_op& op, oc_store_result& result, Memory& memory);

 private:
  std::uint64_t version_of(const oc_store_op& op);  // 0: none

  Statement get_, version_, next_version_, put_, erase_, list_, purge_;
};

}  // namespace onechat::store_sqlite
