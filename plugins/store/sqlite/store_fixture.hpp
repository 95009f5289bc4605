// A store in a folder of its own, and short ways to speak to it. For tests.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "store.hpp"
#include "test_host.hpp"

namespace onechat::store_sqlite {

using testing::bytes;
using testing::sized;
using testing::str;
using testing::text;

inline oc_store_op op_of(std::uint32_t kind, std::string_view ns = {}, std::string_view key = {},
                         std::string_view value = {}, std::uint64_t expect = OC_STORE_ANY) {
  auto op = sized<oc_store_op>();
  op.kind = kind;
  op.ns = str(ns);
  op.key = str(key);
  op.value = bytes(value);
  op.expect_version = expect;
  op.limit = 1'000;
  return op;
}

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { reopen(); }
  void reopen() {
    store_.reset();
    store_ = std::make_unique<Store>(folder_.file(), &testing::alloc, 1'000);
  }
  oc_status apply(const std::vector<oc_store_op>& ops, std::vector<oc_store_result>& results) {
    std::vector<const oc_store_op*> p;
    std::vector<oc_store_result*> r;
    results.assign(ops.size(), sized<oc_store_result>());
    for (std::size_t i = 0; i < ops.size(); ++i) {
      p.push_back(&ops[i]);
      r.push_back(&results[i]);
    }
    return store_->apply(p.data(), r.data(), ops.size(), &arena_);
  }
  oc_store_result one(const oc_store_op& op) {
    std::vector<oc_store_result> results;
    EXPECT_EQ(apply({op}, results), OC_OK) << store_->why();
    return results[0];
  }
  oc_store_result put(std::string_view ns, std::string_view key, std::string_view value,
                      std::uint64_t expect = OC_STORE_ANY) {
    return one(op_of(OC_SOP_PUT, ns, key, value, expect));
  }
  oc_store_result get(std::string_view ns, std::string_view key) { return one(op_of(OC_SOP_GET, ns, key)); }
  oc_store_result erase(std::string_view ns, std::string_view key, std::uint64_t expect = OC_STORE_ANY) {
    return one(op_of(OC_SOP_DEL, ns, key, {}, expect));
  }
  std::vector<std::string> keys(std::string_view ns, std::string_view from = {}, std::uint64_t limit = 1'000) {
    auto op = op_of(OC_SOP_LIST, ns, from);
    op.limit = limit;
    const auto r = one(op);
    std::vector<std::string> out;
    for (std::uint64_t i = 0; i < r.n_rows; ++i) out.push_back(text(r.rows[i]->key));
    return out;
  }
  oc_store_result put_trace(const oc_trace& trace) {
    auto op = op_of(OC_SOP_TRACE_PUT);
    op.trace = &trace;
    return one(op);
  }
  oc_store_result get_trace(oc_id128 id) {
    auto op = op_of(OC_SOP_TRACE_GET);
    op.id = id;
    return one(op);
  }
  std::vector<std::uint64_t> list(const oc_trace_filter& filter) {
    auto op = op_of(OC_SOP_TRACE_LIST);
    op.filter = &filter;
    const auto r = one(op);
    std::vector<std::uint64_t> ids;
    for (std::uint64_t i = 0; i < r.n_traces; ++i) ids.push_back(r.traces[i]->id.lo);
    return ids;
  }
  void sql(const char* statement) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(folder_.file().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, statement, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  std::int64_t number(std::string_view query) {  // the first of what it gives
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(folder_.file().c_str(), &db), SQLITE_OK);
    std::int64_t n = -1;
    {
      Statement statement(db, query);
      EXPECT_TRUE(statement.step());
      n = statement.integer(0);
    }
    sqlite3_close(db);
    return n;
  }

  testing::Folder folder_;
  oc_arena arena_;
  std::unique_ptr<Store> store_;
};

inline oc_trace trace_of(std::uint64_t id, std::int64_t unix_ms = 0, std::string_view project = "p",
                         std::string_view model = "m", std::string_view status = "ok") {
  auto t = sized<oc_trace>();
  t.id = {0, id};
  t.unix_ms = unix_ms;
  t.project = str(project);
  t.model = str(model);
  t.status = str(status);
  return t;
}

inline oc_trace_filter filter_of(std::uint32_t limit = 100) {
  auto f = sized<oc_trace_filter>();
  f.limit = limit;
  return f;
}

}  // namespace onechat::store_sqlite
