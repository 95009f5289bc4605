// Traces across packs: what is committed together lies together, and is read and erased one by one.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "migrations.hpp"
#include "store_fixture.hpp"

namespace onechat::store_sqlite {
namespace {

struct Text {
  std::string project = "p", turns, meta, request, response;
  std::int64_t unix_ms = 0;
  bool operator==(const Text&) const = default;
};

class TraceStoreTest : public StoreTest {
 protected:
  static oc_trace trace_of(std::uint64_t id, const Text& t) {
    oc_trace trace = store_sqlite::trace_of(id, t.unix_ms, t.project);
    trace.turns_json = str(t.turns);
    trace.meta_json = str(t.meta);
    trace.request_body = bytes(t.request);
    trace.response_body = bytes(t.response);
    return trace;
  }
  // One commit; ids from `first` on.
  std::vector<oc_status> put_together(std::uint64_t first, const std::vector<Text>& texts) {
    std::vector<oc_trace> traces;
    for (const Text& t : texts) traces.push_back(trace_of(first + traces.size(), t));
    std::vector<oc_store_op> ops(traces.size(), op_of(OC_SOP_TRACE_PUT));
    for (std::size_t i = 0; i < ops.size(); ++i) ops[i].trace = &traces[i];
    std::vector<oc_store_result> results;
    EXPECT_EQ(apply(ops, results), OC_OK) << store_->why();
    std::vector<oc_status> statuses;
    for (const auto& r : results) statuses.push_back(r.status);
    return statuses;
  }
  // As it was done before there were packs.
  void put_old(std::uint64_t id, const Text& t) {
    constexpr std::string_view kBody = "INSERT INTO trace_body VALUES (?, ?, ?, 0, ?, 0, ?)";
    constexpr std::string_view kHead =
        "INSERT INTO trace (id, body, unix_ms, project, key_id, surface, operation, model, provider, target_model,"
        " status, http_status, route_reason, finish, stream, attempts, first_byte_us, total_us, upstream_us,"
        " usage_flags, input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens,"
        " audio_input_tokens, output_tokens, reasoning_tokens, audio_output_tokens, images, searches, requests,"
        " held_nano, cost_nano, fee_nano) VALUES (?, ?, ?, ?, '', '', '', 'm', '', '', 'ok', 0, '', '', 0, 0, 0, 0,"
        " 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)";
    std::array<std::uint8_t, 16> key{};
    for (std::size_t i = 0; i < 8; ++i) key[15 - i] = static_cast<std::uint8_t>(id >> (8 * i));
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(folder_.file().c_str(), &db), SQLITE_OK);
    {
      Statement body(db, kBody);
      body.bind(id).bind(str(t.turns)).bind(str(t.meta)).bind(bytes(t.request)).bind(bytes(t.response)).run();
      Statement head(db, kHead);
      head.bind(oc_bytes{key.data(), key.size()}).bind(id).bind(t.unix_ms).bind(str(t.project)).run();
    }
    sqlite3_close(db);
  }
  Text read(std::uint64_t id) {
    const auto r = get_trace({0, id});
    EXPECT_EQ(r.status, OC_OK) << id;
    if (r.n_traces != 1) return {};
    const oc_trace& t = *r.traces[0];
    return {text(t.project),      text(t.turns_json),    text(t.meta_json),
            text(t.request_body), text(t.response_body), t.unix_ms};
  }
  oc_store_result erase_trace(std::uint64_t id) {
    auto op = op_of(OC_SOP_TRACE_DEL);
    op.id = {0, id};
    return one(op);
  }
  oc_store_result erase_before(std::string_view project, std::int64_t unix_ms, std::uint64_t limit) {
    auto f = filter_of();
    f.project = str(project);
    f.to_unix_ms = unix_ms;
    auto op = op_of(OC_SOP_TRACE_DEL);
    op.filter = &f;
    op.limit = limit;
    return one(op);
  }
  std::int64_t packs() { return number("SELECT count(*) FROM trace_pack"); }
  bool is_in_the_files(std::string_view words) {
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream file(folder_.file() + suffix, std::ios::binary);
      const std::string all{std::istreambuf_iterator<char>(file), {}};
      if (all.find(words) != std::string::npos) return true;
    }
    return false;
  }
};

Text said(std::string words) {
  return {"p", words + " turns", words + " meta", words + " request", words + " response"};
}

TEST_F(TraceStoreTest, TracesOfACommitShareAPackUpToItsBounds) {
  std::vector<Text> texts(65, said("short"));
  put_together(1, texts);
  EXPECT_EQ(packs(), 2) << "64 and one";
  texts.assign(10, said("long"));
  for (Text& t : texts) t.request.assign(10'000, 'r');
  put_together(101, texts);
  EXPECT_EQ(packs(), 4) << "six of 10 KB and four";
  texts[3].response.assign(1'000'000, 'x');
  put_together(201, texts);
  EXPECT_EQ(packs(), 7) << "three before the one that is too large, itself, six after it";
  for (std::uint64_t i = 0; i < 10; ++i) EXPECT_EQ(read(201 + i), texts[i]) << i;
  put_together(301, {said("alone")});
  put_together(302, {said("alone")});
  EXPECT_EQ(packs(), 9) << "each commit has its own";
}

TEST_F(TraceStoreTest, ARepeatedIdOfABatchLeavesNothingBehind) {
  const Text first = said("first"), other = said("other"), second = said("second");
  const oc_trace a = trace_of(1, first), b = trace_of(2, other), again = trace_of(1, second);
  std::vector<oc_store_op> ops(3, op_of(OC_SOP_TRACE_PUT));
  ops[0].trace = &a, ops[1].trace = &again, ops[2].trace = &b;
  std::vector<oc_store_result> r;
  ASSERT_EQ(apply(ops, r), OC_OK);
  EXPECT_EQ(r[0].status, OC_OK);
  EXPECT_EQ(r[1].status, OC_DUPLICATE);
  EXPECT_EQ(r[2].status, OC_OK);
  EXPECT_EQ(read(1), first);
  EXPECT_EQ(read(2), other);
  EXPECT_EQ(number("SELECT sum(instr(content, CAST('second' AS BLOB))) FROM trace_pack"), 0);
  ASSERT_EQ(apply(ops, r), OC_OK);
  for (const auto& result : r) EXPECT_EQ(result.status, OC_DUPLICATE);
  EXPECT_EQ(packs(), 1);
  EXPECT_EQ(read(2), other);
}

TEST_F(TraceStoreTest, WhatATraceSaidIsGoneWithItAndTheOthersStay) {
  put_together(1, {said("first"), said("middle"), said("last")});
  EXPECT_EQ(erase_trace(2).version, 1u);
  EXPECT_EQ(get_trace({0, 2}).status, OC_E_NOT_FOUND);
  EXPECT_EQ(read(1), said("first"));
  EXPECT_EQ(read(3), said("last"));
  EXPECT_TRUE(is_in_the_files("first request"));
  EXPECT_FALSE(is_in_the_files("middle"));
  erase_trace(1);
  EXPECT_EQ(read(3), said("last"));
  erase_trace(3);
  EXPECT_EQ(packs(), 0);
  EXPECT_FALSE(is_in_the_files("first request"));
  EXPECT_FALSE(is_in_the_files("last request"));
}

TEST_F(TraceStoreTest, AReaderDoesNotHoldUpAnErasureAndItsLogIsEmptiedLater) {
  put_together(1, {said("first"), said("middle")});
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file().c_str(), &reader), SQLITE_OK);
  {
    Statement reading(reader, "SELECT id FROM trace");
    ASSERT_TRUE(reading.step());
    EXPECT_EQ(erase_trace(2).version, 1u);
    EXPECT_EQ(get_trace({0, 2}).status, OC_E_NOT_FOUND);
    EXPECT_TRUE(is_in_the_files("middle request")) << "the reader may still see it";
  }
  sqlite3_close(reader);
  put("n", "a", "1");
  EXPECT_FALSE(is_in_the_files("middle request"));
}

TEST_F(TraceStoreTest, AProjectsTracesLieTogetherSoThatItsPacksGoAsAWhole) {
  std::vector<Text> texts;
  for (int i = 0; i < 128; ++i) {
    texts.push_back(said(std::to_string(i)));
    texts.back().project = i % 2 != 0 ? "p" : "q";
  }
  put_together(1, texts);
  EXPECT_EQ(packs(), 2);
  EXPECT_EQ(erase_before("q", 0, 0).version, 64u);
  EXPECT_EQ(packs(), 1);
  for (std::uint64_t i = 1; i < 128; i += 2) EXPECT_EQ(read(1 + i), texts[i]) << i;
}

TEST_F(TraceStoreTest, ADamagedPackIsItsOwnTracesTroubleAndCanBeErased) {
  put_together(1, {said("whole")});
  std::vector<Text> texts(10, said("short"));
  for (Text& t : texts) t.request.assign(1'000, 'r');
  put_together(11, texts);
  sql("UPDATE trace_pack SET content = substr(content, 1, length(content) - 1) || x'00' WHERE pack = 2");
  EXPECT_EQ(get_trace({0, 11}).status, OC_E_INTERNAL);
  EXPECT_EQ(read(1), said("whole"));
  EXPECT_EQ(list(filter_of()).size(), 11u);
  EXPECT_EQ(erase_trace(14).version, 1u);
  EXPECT_EQ(number("SELECT length(content) FROM trace_pack WHERE pack = 2"), 0) << "what it said may be in there";
  put_together(21, {said("next")});
  EXPECT_EQ(get_trace({0, 11}).status, OC_E_INTERNAL) << "the next pack is not taken for the damaged one";
  EXPECT_EQ(erase_before("p", 0, 0).version, 11u);
  EXPECT_TRUE(list(filter_of()).empty());
}

TEST_F(TraceStoreTest, AFailedCommitLeavesNothingForTheNext) {
  put_together(1, {said("kept")});
  sql("CREATE TRIGGER no_more BEFORE INSERT ON trace_pack BEGIN SELECT raise(ABORT, 'no more'); END");
  const Text text = said("lost");
  const oc_trace lost = trace_of(2, text);
  auto op = op_of(OC_SOP_TRACE_PUT);
  op.trace = &lost;
  std::vector<oc_store_result> r;
  EXPECT_EQ(apply({op}, r), OC_E_UNAVAILABLE);
  EXPECT_EQ(get_trace({0, 2}).status, OC_E_NOT_FOUND);
  sql("DROP TRIGGER no_more");
  put_together(3, {said("next")});
  EXPECT_EQ(read(3), said("next"));
  EXPECT_EQ(number("SELECT place FROM trace WHERE pack = 2"), 0);
}

TEST_F(TraceStoreTest, ATraceThatIsTooLargeIsRefusedAlone) {
  oc_trace large = trace_of(1, {});
  const std::string some(10, 'x');
  large.request_body = {bytes(some).ptr, kTraceBytesMax};  // the length is looked at before the bytes
  large.turns_json = str(some);
  const Text fits = said("small");
  const oc_trace small = trace_of(2, fits);
  std::vector<oc_store_op> ops(2, op_of(OC_SOP_TRACE_PUT));
  ops[0].trace = &large, ops[1].trace = &small;
  std::vector<oc_store_result> r;
  ASSERT_EQ(apply(ops, r), OC_OK);
  EXPECT_EQ(r[0].status, OC_E_TOO_LARGE);
  EXPECT_EQ(r[1].status, OC_OK);
  EXPECT_EQ(read(2), fits);
}

TEST_F(TraceStoreTest, AFileFromBeforePacksIsReadErasedAndKept) {
  store_.reset();
  std::filesystem::remove(folder_.file());
  sql("CREATE TABLE store_schema (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_unix_ms INTEGER NOT NULL);"
      "INSERT INTO store_schema VALUES (1, '', 0), (2, '', 0)");
  for (int i = 0; i < 2; ++i) sql(kMigrations[i].sql);
  for (std::uint64_t i = 1; i <= 4; ++i) put_old(i, said("old " + std::to_string(i)));
  reopen();
  for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_EQ(read(i), said("old " + std::to_string(i)));
  put_together(5, {said("new")});
  EXPECT_EQ(list(filter_of()), (std::vector<std::uint64_t>{5, 4, 3, 2, 1}));
  EXPECT_EQ(put_together(4, {said("again")}), std::vector<oc_status>{OC_DUPLICATE});
  EXPECT_EQ(read(4), said("old 4"));
  erase_trace(4);
  EXPECT_EQ(erase_before("p", 0, 2).version, 2u);
  EXPECT_EQ(list(filter_of()), (std::vector<std::uint64_t>{5, 3}));
  EXPECT_EQ(number("SELECT count(*) FROM trace_body"), 1);
  EXPECT_EQ(read(5), said("new"));
}

// Against a map: commits of any size, old rows among the new, erased in every way there is, the file opened again.
class TracesLikeAMap : public TraceStoreTest {
 protected:
  Text some_text() {
    Text t;
    t.project = std::string(1, static_cast<char>('p' + random_() % 3));
    t.unix_ms = static_cast<std::int64_t>(random_() % 1'000);
    for (std::string* s : {&t.turns, &t.meta, &t.request, &t.response}) {
      s->resize(random_() % 20 == 0 ? random_() % 90'000 : random_() % 1'500);
      const bool noise = random_() % 4 == 0;
      for (char& c : *s) c = static_cast<char>(noise ? 1 + random_() % 127 : 'a' + random_() % 3);
    }
    return t;
  }
  void put_some() {
    std::vector<Text> texts(1 + random_() % (random_() % 5 == 0 ? 150 : 8));
    for (Text& t : texts) t = some_text();
    const std::uint64_t first = next_id_;
    EXPECT_EQ(put_together(first, texts), std::vector<oc_status>(texts.size(), OC_OK));
    for (Text& t : texts) expected_[next_id_++] = std::move(t);
  }
  void put_one_old() {
    expected_[next_id_] = some_text();
    put_old(next_id_, expected_[next_id_]);
    ++next_id_;
  }
  void put_one_again() {
    const std::uint64_t id = some_id();
    EXPECT_EQ(put_together(id, {some_text()})[0], expected_.contains(id) ? OC_DUPLICATE : OC_OK);
    if (!expected_.contains(id)) erase_trace(id);
  }
  void erase_one() {
    const std::uint64_t id = some_id();
    EXPECT_EQ(erase_trace(id).version, expected_.erase(id));
  }
  void erase_a_projects() {
    const std::string project(1, static_cast<char>('p' + random_() % 3));
    const auto before = static_cast<std::int64_t>(1 + random_() % 1'000);
    const std::uint64_t limit = random_() % 3 == 0 ? 0 : 1 + random_() % 40;
    std::uint64_t n = 0;
    for (auto it = expected_.begin(); it != expected_.end() && (limit == 0 || n < limit);)
      if (it->second.project == project && it->second.unix_ms < before)
        it = expected_.erase(it), ++n;
      else
        ++it;
    EXPECT_EQ(erase_before(project, before, limit).version, n);
  }
  // Ops of one batch see each other.
  void put_read_and_erase_in_one() {
    const Text t = some_text();
    const oc_trace trace = trace_of(next_id_, t);
    std::vector<oc_store_op> ops{op_of(OC_SOP_TRACE_PUT), op_of(OC_SOP_TRACE_GET), op_of(OC_SOP_TRACE_DEL),
                                 op_of(OC_SOP_TRACE_GET)};
    for (auto& op : ops) op.id = trace.id, op.trace = &trace;
    std::vector<oc_store_result> r;
    ASSERT_EQ(apply(ops, r), OC_OK);
    ASSERT_EQ(r[1].n_traces, 1u);
    EXPECT_EQ(text(r[1].traces[0]->response_body), t.response);
    EXPECT_EQ(r[3].status, OC_E_NOT_FOUND);
  }
  void check() {
    std::vector<std::uint64_t> ids;
    for (auto it = expected_.rbegin(); it != expected_.rend(); ++it) ids.push_back(it->first);
    ASSERT_EQ(list(filter_of(100'000)), ids);
    for (int i = 0; i < 20 && !ids.empty(); ++i) {
      const std::uint64_t id = ids[random_() % ids.size()];
      ASSERT_TRUE(read(id) == expected_[id]) << id;
    }
  }
  std::uint64_t some_id() { return 1 + random_() % next_id_; }

  std::mt19937_64 random_{11};
  std::map<std::uint64_t, Text> expected_;
  std::uint64_t next_id_ = 1;
};

TEST_F(TracesLikeAMap, WhateverIsDone) {
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    switch (random_() % 10) {
      case 0:
      case 1:
      case 2: put_some(); break;
      case 3: put_one_old(); break;
      case 4: put_one_again(); break;
      case 5:
      case 6: erase_one(); break;
      case 7: erase_a_projects(); break;
      case 8: put_read_and_erase_in_one(); break;
      default: reopen();
    }
    if (round % 10 == 0) check();
    if (HasFatalFailure()) return;
    arena_.blocks.clear();
  }
  for (const auto& [id, t] : expected_) ASSERT_TRUE(read(id) == t) << id;
  for (const char* project : {"p", "q", "r"}) erase_before(project, 0, 0);
  EXPECT_TRUE(list(filter_of()).empty());
  EXPECT_EQ(packs(), 0);
  EXPECT_EQ(number("SELECT count(*) FROM trace_body"), 0);
}

}  // namespace
}  // namespace onechat::store_sqlite
