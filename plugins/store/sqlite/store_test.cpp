#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <random>

#include "store_fixture.hpp"

namespace onechat::store_sqlite {
namespace {

TEST_F(StoreTest, ADocumentIsReadAsItWasWritten) {
  const std::string value("{\"a\":\"Grüße 🎈\"}\0\xFF", 20);
  EXPECT_EQ(put("key", "übung/1", value).version, 1u);
  const auto got = get("key", "übung/1");
  EXPECT_EQ(got.status, OC_OK);
  EXPECT_EQ(text(got.value), value);
  EXPECT_EQ(get("project", "übung/1").status, OC_E_NOT_FOUND);
  put("key", "empty", "");
  EXPECT_EQ(get("key", "empty").status, OC_OK);
  EXPECT_EQ(get("key", "empty").value.len, 0u);
}

TEST_F(StoreTest, ADocumentIsChangedOnlyByWhoKnowsItsVersion) {
  const auto first = put("key", "a", "1", 0);
  ASSERT_EQ(first.status, OC_OK);
  const auto late = put("key", "a", "2", 0);
  EXPECT_EQ(late.status, OC_E_CONFLICT);
  EXPECT_EQ(late.version, first.version);
  const auto second = put("key", "a", "2", first.version);
  ASSERT_EQ(second.status, OC_OK);
  EXPECT_GT(second.version, first.version);
  EXPECT_EQ(put("key", "a", "3", first.version).status, OC_E_CONFLICT);
  EXPECT_EQ(put("key", "none", "3", 5).status, OC_E_CONFLICT);
  EXPECT_EQ(text(get("key", "a").value), "2");
  EXPECT_EQ(erase("key", "a", first.version).status, OC_E_CONFLICT);
  EXPECT_EQ(erase("key", "a", second.version).status, OC_OK);
  EXPECT_EQ(erase("key", "a").status, OC_E_NOT_FOUND);
}

TEST_F(StoreTest, ADocumentMadeAnewIsNotTakenForTheOldOne) {
  const auto old = put("key", "a", "1");
  erase("key", "a");
  const auto anew = put("key", "a", "1", 0);
  EXPECT_NE(anew.version, old.version);
  EXPECT_EQ(put("key", "a", "2", old.version).status, OC_E_CONFLICT);
}

TEST_F(StoreTest, ADocumentWhoseTimeIsOverIsNotThere) {
  using namespace std::chrono;
  const std::int64_t now_ms = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  const auto put_until = [&](std::string_view key, std::int64_t expires_ms) {
    auto op = op_of(OC_SOP_PUT, "answer", key, "v");
    op.expires_unix_ms = expires_ms;
    EXPECT_EQ(one(op).status, OC_OK);
  };
  put_until("over", now_ms - 1);
  put_until("ends", now_ms + 60'000);
  put_until("stays", 0);
  EXPECT_EQ(get("answer", "over").status, OC_E_NOT_FOUND);
  EXPECT_EQ(get("answer", "ends").status, OC_OK);
  EXPECT_EQ(get("answer", "stays").status, OC_OK);
  EXPECT_EQ(one(op_of(OC_SOP_LIST, "answer")).n_rows, 2u);
  EXPECT_EQ(put("answer", "over", "again", 0).status, OC_OK) << "its place is free";
  EXPECT_EQ(get("answer", "over").status, OC_OK) << "put anew without an end";
}

TEST_F(StoreTest, DocumentsAreListedByKeyFromAKeyOn) {
  for (const char* key : {"b", "a", "d", "c"}) put("n", key, key);
  put("m", "x", "");
  put("o", "x", "");
  EXPECT_EQ(keys("n"), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(keys("n", "b", 2), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(keys("n", std::string("c\0", 2)), (std::vector<std::string>{"d"}));
  EXPECT_TRUE(keys("nothing").empty());
}

TEST_F(StoreTest, OpsOfABatchSeeEachOtherAndAnswerEachForItself) {
  std::vector<oc_store_result> r;
  auto unknown = op_of(999);
  ASSERT_EQ(apply({op_of(OC_SOP_PUT, "n", "a", "1", 0), op_of(OC_SOP_PUT, "n", "a", "2", 0),
                   op_of(OC_SOP_GET, "n", "a"), unknown, op_of(OC_SOP_DEL, "n", "a"), op_of(OC_SOP_GET, "n", "a")},
                  r),
            OC_OK);
  const std::vector<oc_status> expected{OC_OK, OC_E_CONFLICT, OC_OK, OC_E_UNSUPPORTED, OC_OK, OC_E_NOT_FOUND};
  for (std::size_t i = 0; i < r.size(); ++i) EXPECT_EQ(r[i].status, expected[i]) << i;
  EXPECT_EQ(text(r[2].value), "1");
}

TEST_F(StoreTest, EveryMemberOfATraceSurvivesTheFile) {
  auto t = sized<oc_trace>();
  t.id = {0x0123456789abcdef, 0xfedcba9876543210};
  t.http_status = 200;
  t.unix_ms = 1'790'000'000'123;
  const std::vector<oc_str*> words{&t.project,      &t.key_id,   &t.surface,      &t.operation,
                                   &t.model,        &t.provider, &t.target_model, &t.status,
                                   &t.route_reason, &t.finish,   &t.turns_json,   &t.meta_json};
  std::vector<std::string> values;
  for (std::size_t i = 0; i < words.size(); ++i) values.push_back("wörd" + std::string(i, '!'));
  for (std::size_t i = 0; i < words.size(); ++i) *words[i] = str(values[i]);
  t.stream = 1;
  t.attempts = 2;
  t.first_byte_us = 3;
  t.total_us = 4;
  t.upstream_us = 5;
  t.usage = {sizeof(oc_usage), OC_USAGE_FINAL, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  t.held_nano = 17;
  t.cost_nano = 18;
  t.fee_nano = -19;
  const std::string request(20'000, 'r'), response("a\0b\xFF", 4);
  t.request_body = bytes(request);
  t.response_body = bytes(response);
  ASSERT_EQ(put_trace(t).status, OC_OK);
  reopen();

  const auto r = get_trace(t.id);
  ASSERT_EQ(r.status, OC_OK);
  ASSERT_EQ(r.n_traces, 1u);
  const oc_trace& g = *r.traces[0];
  EXPECT_EQ(g.id.hi, t.id.hi);
  EXPECT_EQ(g.id.lo, t.id.lo);
  const std::vector<const oc_str*> got{&g.project,      &g.key_id,   &g.surface,      &g.operation,
                                       &g.model,        &g.provider, &g.target_model, &g.status,
                                       &g.route_reason, &g.finish,   &g.turns_json,   &g.meta_json};
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(text(*got[i]), values[i]) << i;
  EXPECT_EQ(text(g.request_body), request);
  EXPECT_EQ(text(g.response_body), response);
  const auto numbers = [](const oc_trace& x) {
    const oc_usage& u = x.usage;
    return std::vector<std::int64_t>{x.http_status,
                                     x.unix_ms,
                                     x.stream,
                                     x.attempts,
                                     std::int64_t(x.first_byte_us),
                                     std::int64_t(x.total_us),
                                     std::int64_t(x.upstream_us),
                                     u.flags,
                                     std::int64_t(u.input),
                                     std::int64_t(u.cache_read),
                                     std::int64_t(u.cache_write),
                                     std::int64_t(u.cache_write_1h),
                                     std::int64_t(u.audio_input),
                                     std::int64_t(u.output),
                                     std::int64_t(u.reasoning),
                                     std::int64_t(u.audio_output),
                                     std::int64_t(u.images),
                                     std::int64_t(u.searches),
                                     std::int64_t(u.requests),
                                     x.held_nano,
                                     x.cost_nano,
                                     x.fee_nano};
  };
  EXPECT_EQ(numbers(g), numbers(t));
}

TEST_F(StoreTest, BodiesOfEverySizeAndContentComeBack) {
  std::mt19937_64 random(1);
  std::string noise(5'000'000, '\0');
  for (auto& c : noise) c = static_cast<char>(random());
  const std::vector<std::string> bodies{"", "x", std::string(5'000'000, 'a'), noise, "Grüße 🎈", std::string("\0\0", 2)};
  for (std::uint64_t i = 0; i < bodies.size(); ++i) {
    auto t = trace_of(i + 1);
    t.request_body = bytes(bodies[i]);
    t.response_body = bytes(bodies[bodies.size() - 1 - i]);
    ASSERT_EQ(put_trace(t).status, OC_OK);
  }
  for (std::uint64_t i = 0; i < bodies.size(); ++i) {
    const auto r = get_trace({0, i + 1});
    ASSERT_EQ(r.n_traces, 1u);
    EXPECT_TRUE(text(r.traces[0]->request_body) == bodies[i]) << i;
    EXPECT_TRUE(text(r.traces[0]->response_body) == bodies[bodies.size() - 1 - i]) << i;
  }
}

TEST_F(StoreTest, TheSameTraceAgainReplacesNothing) {
  auto t = trace_of(1);
  t.turns_json = str("first");
  ASSERT_EQ(put_trace(t).status, OC_OK);
  t.turns_json = str("second");
  EXPECT_EQ(put_trace(t).status, OC_DUPLICATE);
  EXPECT_EQ(text(get_trace({0, 1}).traces[0]->turns_json), "first");
  EXPECT_EQ(number("SELECT count(*) FROM trace_pack"), 1) << "what the refused one said was left behind";
}

TEST_F(StoreTest, TracesAreListedNewestFirstPageByPage) {
  for (std::uint64_t i = 1; i <= 25; ++i) put_trace(trace_of(i * 7 % 26));
  auto filter = filter_of(10);
  std::vector<std::uint64_t> all;
  for (auto page = list(filter); !page.empty(); page = list(filter)) {
    EXPECT_LE(page.size(), 10u);
    all.insert(all.end(), page.begin(), page.end());
    filter.before = {0, all.back()};
  }
  ASSERT_EQ(all.size(), 25u);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], 25 - i);
}

TEST_F(StoreTest, TheOrderOfIdsIsThatOfNumbersNotOfSignedOnes) {
  auto t = trace_of(0);
  for (const oc_id128 id :
       {oc_id128{1, UINT64_MAX}, oc_id128{UINT64_MAX, UINT64_MAX}, oc_id128{1, 2}, oc_id128{2, 1}}) {
    t.id = id;
    ASSERT_EQ(put_trace(t).status, OC_OK);
  }
  EXPECT_EQ(list(filter_of()), (std::vector<std::uint64_t>{UINT64_MAX, 1, UINT64_MAX, 2}));
}

// Against a plain loop over random traces and filters.
TEST_F(StoreTest, FiltersChooseWhatTheySay) {
  std::mt19937 random(7);
  const std::vector<std::string> projects{"p", "q"}, models{"m", "n", "o"}, statuses{"ok", "rate"};
  std::map<std::uint64_t, oc_trace, std::greater<>> model;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    model[i] =
        trace_of(i, 1'000 + random() % 100, projects[random() % 2], models[random() % 3], statuses[random() % 2]);
    put_trace(model[i]);
  }
  for (int round = 0; round < 200; ++round) {
    auto f = filter_of(1 + random() % 60);
    if (random() % 2) f.project = str(projects[random() % 2]);
    if (random() % 2) f.model = str(models[random() % 3]);
    if (random() % 2) f.status = str(statuses[random() % 2]);
    if (random() % 2) f.from_unix_ms = 1'000 + random() % 100;
    if (random() % 2) f.to_unix_ms = 1'000 + random() % 100;
    if (random() % 2) f.before = {0, random() % 200 + 1};
    std::vector<std::uint64_t> expected;
    for (const auto& [id, t] : model) {
      const auto fits = [](oc_str wanted, oc_str is) { return wanted.len == 0 || text(wanted) == text(is); };
      if (fits(f.project, t.project) && fits(f.model, t.model) && fits(f.status, t.status) &&
          t.unix_ms >= f.from_unix_ms && (f.to_unix_ms == 0 || t.unix_ms < f.to_unix_ms) &&
          (f.before.lo == 0 || id < f.before.lo) && expected.size() < f.limit)
        expected.push_back(id);
    }
    ASSERT_EQ(list(f), expected) << "round " << round;
  }
}

TEST_F(StoreTest, TracesAreErasedWithTheirBodies) {
  for (std::uint64_t i = 1; i <= 10; ++i) put_trace(trace_of(i, static_cast<std::int64_t>(i), i % 2 != 0 ? "p" : "q"));
  auto op = op_of(OC_SOP_TRACE_DEL);
  op.id = {0, 9};
  EXPECT_EQ(one(op).status, OC_OK);
  EXPECT_EQ(one(op).status, OC_E_NOT_FOUND);
  auto f = filter_of();
  f.project = str("p");
  f.to_unix_ms = 6;
  op.id = {};
  op.filter = &f;
  op.limit = 2;
  EXPECT_EQ(one(op).version, 2u);
  EXPECT_EQ(list(filter_of()), (std::vector<std::uint64_t>{10, 8, 7, 6, 5, 4, 2}));
  op.limit = 0;
  EXPECT_EQ(one(op).version, 1u);
  f.project = {};
  EXPECT_EQ(one(op).status, OC_E_INVALID) << "no project must not mean every project";
  EXPECT_EQ(list(filter_of()), (std::vector<std::uint64_t>{10, 8, 7, 6, 4, 2}));
  EXPECT_EQ(get_trace({0, 7}).status, OC_OK);
  EXPECT_EQ(get_trace({0, 1}).status, OC_E_NOT_FOUND);
}

TEST_F(StoreTest, TheFileOpenedAgainHasEverything) {
  const auto version = put("key", "a", "1").version;
  put_trace(trace_of(1));
  reopen();
  EXPECT_EQ(get("key", "a").version, version);
  EXPECT_GT(put("key", "b", "1").version, version);
  EXPECT_EQ(list(filter_of()).size(), 1u);
}

TEST_F(StoreTest, OnlyItsOwnerMayReadTheFile) {
  put("key", "a", "1");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat s {};
    ASSERT_EQ(::stat((folder_.file() + suffix).c_str(), &s), 0) << suffix;
    EXPECT_EQ(s.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(StoreTest, ANewerSchemaIsRefusedInClearWordsAndLeftAlone) {
  put("key", "a", "1");
  store_.reset();
  sql("INSERT INTO store_schema VALUES (99, 'future', 0)");
  try {
    reopen();
    FAIL() << "a store from the future was opened";
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("has schema 99"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("newer 1chat"), std::string::npos) << e.what();
  }
  sql("DELETE FROM store_schema WHERE version = 99");
  reopen();
  EXPECT_EQ(text(get("key", "a").value), "1");
}

TEST_F(StoreTest, WhatCannotBeAStoreIsRefusedInClearWords) {
  const auto why = [](const std::string& file) {
    try {
      Store store(file, &testing::alloc, 0);
      return std::string("opened");
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
  };
  std::ofstream(folder_.file("text")) << std::string(10'000, 'x');
  EXPECT_NE(why(folder_.file("text")).find("not a database"), std::string::npos) << why(folder_.file("text"));
  EXPECT_NE(why(folder_.file("no/such/folder/f")).find("cannot open"), std::string::npos);
  EXPECT_NE(why("").find("\"file\" is empty"), std::string::npos);
}

TEST_F(StoreTest, WhenTheDiskIsFullNothingOfTheBatchIsKept) {
  put("key", "a", "1");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 256 * 1024;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::vector<oc_store_result> r;
  const std::string large(1'000'000, 'x');
  const oc_status status = apply({op_of(OC_SOP_PUT, "key", "a", "2"), op_of(OC_SOP_PUT, "key", "b", large)}, r);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(status, OC_E_UNAVAILABLE);
  for (const auto& result : r) EXPECT_EQ(result.status, OC_E_UNAVAILABLE);
  EXPECT_FALSE(store_->why().empty());
  EXPECT_EQ(text(get("key", "a").value), "1");
  EXPECT_EQ(get("key", "b").status, OC_E_NOT_FOUND);
  EXPECT_EQ(put("key", "b", large).status, OC_OK) << "room again, and it goes on";
}

TEST_F(StoreTest, AResultThatDoesNotFitTheArenaIsOneOpsTrouble) {
  put("key", "big", std::string(100'000, 'x'));
  arena_.bytes_max = arena_.bytes_used + 50'000;
  std::vector<oc_store_result> r;
  ASSERT_EQ(apply({op_of(OC_SOP_GET, "key", "big"), op_of(OC_SOP_PUT, "key", "small", "1")}, r), OC_OK);
  EXPECT_EQ(r[0].status, OC_E_NOMEM);
  EXPECT_EQ(r[1].status, OC_OK);
}

}  // namespace
}  // namespace onechat::store_sqlite
