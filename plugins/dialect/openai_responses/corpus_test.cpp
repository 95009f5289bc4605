// What real clients and vendors sent, through surface and provider. Skipped where the recordings are not there.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "net/sse_splitter.hpp"
#include "openai_responses/harness_test.hpp"
#include "openai_responses/stream_rules_test.hpp"

namespace onechat::openai_responses {
namespace {

using test::Event;
using test::FakeHost;

struct Corpus : ::testing::Test {
  static const std::vector<Recording>& all() {
    static const std::vector<Recording> recordings = load_corpus();
    return recordings;
  }
  void SetUp() override {
    if (all().empty()) GTEST_SKIP() << "no recordings here (ONECHAT_CORPUS)";
  }
  static bool creates(const Recording& r) { return r.endpoint == "responses POST"; }
  FakeHost host;
};

constexpr const char* kAsk = R"({"model":"m","input":"hi","include":["reasoning.encrypted_content"]})";
constexpr const char* kAskForStream =
    R"({"model":"m","input":"hi","stream":true,"include":["reasoning.encrypted_content"]})";

// A JSON value that can be taken apart and compared, without what means the same to the dialect.
using Tree = std::map<std::string, std::string>;  // path -> scalar

bool any_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string text(const oc_json* object, const char* name) {
  const oc_json* v = json::get(object, name);
  return v != nullptr && v->type == OC_JSON_STRING ? std::string(v->text) : std::string();
}

void flatten(const oc_json* v, const std::string& at, Tree& out);

// A message of one plain text may be written as a string.
const oc_json* plain_text(const oc_json* content) {
  if (content == nullptr || content->type != OC_JSON_ARRAY || content->size != 1 || content->first->size != 2)
    return nullptr;
  const oc_json* words = json::get(content->first, "text");
  return text(content->first, "type").ends_with("put_text") ? words : nullptr;
}

void flatten_member(const oc_json* m, const oc_json* object, const std::string& at, Tree& out) {
  const std::string name(m->key), type = text(object, "type");
  const bool message = json::get(object, "role") != nullptr && json::get(object, "content") != nullptr;
  if (m->type == OC_JSON_NULL) return;
  if (message && name == "content" && plain_text(m) != nullptr && json::get(object, "id") == nullptr)
    return flatten(plain_text(m), at + ".content", out);
  // Ids that only an upstream that keeps items can read; emptiness; what is said by default.
  if (name == "id" &&
      (message || type == "function_call" || type == "custom_tool_call" || type.ends_with("call_output")))
    return;
  if (type == "reasoning" && name == "content" && m->size == 0) return;
  if (type == "json_schema" && name == "strict" && m->raw == "false") return;
  if (name == "description" && m->text.empty()) return;
  flatten(m, at + "." + name, out);
}

void flatten(const oc_json* v, const std::string& at, Tree& out) {
  if (v->type == OC_JSON_OBJECT) {
    out[at] = "{}";
    for (const oc_json* m = v->first; m != nullptr; m = m->next) flatten_member(m, v, at, out);
  } else if (v->type == OC_JSON_ARRAY) {
    out[at] = "[]";
    int i = 0;
    for (const oc_json* e = v->first; e != nullptr; e = e->next) {
      // Reasoning that cannot be sent back is left out.
      if (text(e, "type") == "reasoning" && text(e, "encrypted_content").empty()) continue;
      flatten(e, at + "[" + std::to_string(i++) + "]", out);
    }
  } else if (v->type == OC_JSON_NUMBER) {
    out[at] = std::to_string(json::number(v, 0));
  } else {
    out[at] = v->type == OC_JSON_STRING ? "\"" + std::string(v->text) : std::string(v->raw);
  }
}

Tree meaning(const std::string& body) {
  Arena arena;
  const oc_json* root = json::parse(arena, body);
  Tree out;
  if (root == nullptr) return out;
  for (const oc_json* m = root->first; m != nullptr; m = m->next) {
    const std::string name(m->key);
    if (any_of(name, {"store", "include", "background", "previous_response_id"})) continue;
    if ((name == "stream" && m->raw == "false") || (name == "parallel_tool_calls" && m->raw == "true")) continue;
    if (m->type == OC_JSON_NULL || (name == "tools" && m->size == 0) || (name == "instructions" && m->text.empty()))
      continue;
    if (name == "input" && m->type == OC_JSON_STRING) {
      out[".input"] = "[]";
      out[".input[0]"] = "{}";
      out[".input[0].role"] = "\"user";
      flatten(m, ".input[0].content", out);
    } else {
      flatten(m, "." + name, out);
    }
  }
  return out;
}

std::string difference(const Tree& a, const Tree& b) {
  std::string out;
  for (const auto& [path, value] : a)
    if (!b.contains(path) || b.at(path) != value) out += "- " + path + " = " + value.substr(0, 200) + "\n";
  for (const auto& [path, value] : b)
    if (!a.contains(path) || a.at(path) != value) out += "+ " + path + " = " + value.substr(0, 200) + "\n";
  return out;
}

// The parts of an answer in order, whatever pieces they came in.
struct Part {
  std::uint32_t type = 0, flags = 0;
  std::string text, id, name, state;
  bool operator==(const Part&) const = default;
};
struct Said {
  std::map<std::uint32_t, Part> parts;
  std::uint32_t finish = 0;
  oc_usage usage{};
  bool failed = false, keeps_order = true;

  explicit Said(const std::vector<Event>& events) {
    std::map<std::uint32_t, bool> ended;
    for (const Event& e : events) {
      if (e.type == OC_EV_FINISH) finish = e.finish;
      if (e.type == OC_EV_USAGE) usage = e.usage;
      failed = failed || e.type == OC_EV_ERROR;
      if (any_of(std::to_string(e.type), {"1", "7", "8", "9", "16"})) continue;
      if (finish != 0 || ended[e.index]) keeps_order = false;
      if (e.type == OC_EV_PART_END) ended[e.index] = true;
      Part& p = parts[e.index];
      if (any_of(std::to_string(e.type), {"2", "3", "4", "10", "13", "100"})) p.type = e.type, p.flags = e.flags;
      if (e.type == OC_EV_TOOL_BEGIN) p.id = e.tool_id, p.name = e.tool_name;
      if (e.type == OC_EV_STATE) p.state = e.opaque;
      if (!any_of(std::to_string(e.type), {"11", "14"})) p.text += e.text;
      if (e.type == OC_EV_CITATION || e.type == OC_EV_OPAQUE) p.state += e.ext_json;
    }
    for (const auto& [index, part] : parts) keeps_order = keeps_order && ended[index];
  }
  std::vector<Part> in_order() const {
    std::vector<Part> out;
    for (const auto& [index, part] : parts) out.push_back(part);
    return out;
  }
};

bool is_error(const Recording& r) {
  if (r.status != 200) return true;
  for (const auto& payload : r.streamed ? r.payloads : std::vector<std::string>{r.body}) {
    Arena arena;
    const oc_json* root = json::parse(arena, payload);
    const oc_json* error = json::get(root, "error");
    if (text(root, "type") == "error" || text(root, "type") == "response.failed") return true;
    if (error != nullptr && error->type == OC_JSON_OBJECT) return true;
  }
  return false;
}

std::vector<Event> read(const FakeHost& host, const Recording& r, oc_status wanted = OC_OK) {
  const Client client(host, r.streamed ? kAskForStream : kAsk);
  Attempt attempt(host);
  attempt.build(*client.request);
  for (const auto& payload : r.streamed ? r.payloads : std::vector<std::string>{r.body})
    EXPECT_EQ(attempt.frame(payload, true), OC_OK) << r.id;
  EXPECT_EQ(attempt.finish(), wanted) << r.id;
  return attempt.call.events;
}

// Some recordings were trimmed by hand, or hold the streams of several requests: then the end tells of more than was
// streamed.
bool is_whole(const Recording& r) {
  std::string streamed, done;
  int streams = 0;
  for (const auto& payload : r.payloads) {
    Arena arena;
    const oc_json* root = json::parse(arena, payload);
    const std::string type = text(root, "type");
    streams += type == "response.created" ? 1 : 0;
    if (type == "response.output_text.delta") streamed += text(root, "delta");
    if (type == "response.output_text.done") done += text(root, "text");
  }
  return !r.streamed || (streams == 1 && streamed == done);
}

// The response object that a recording has or ends with; "" when there is none.
std::string response_of(const Recording& r) {
  if (!r.streamed) return r.body;
  for (auto p = r.payloads.rbegin(); p != r.payloads.rend(); ++p) {
    Arena arena;
    if (const oc_json* response = json::get(json::parse(arena, *p), "response")) return std::string(response->raw);
  }
  return {};
}

// What an answer says, read from the response object without the code under test.
std::vector<std::string> told(const std::string& response) {
  Arena arena;
  std::vector<std::string> out;
  const oc_json* output = json::get(json::parse(arena, response), "output");
  for (const oc_json* item = output != nullptr ? output->first : nullptr; item != nullptr; item = item->next) {
    const std::string type = text(item, "type");
    const auto texts = [&](const char* list, const char* between) {
      std::string all;
      const oc_json* parts = json::get(item, list);
      for (const oc_json* p = parts != nullptr ? parts->first : nullptr; p != nullptr; p = p->next)
        all += (all.empty() ? "" : between) + text(p, text(p, "type") == "refusal" ? "refusal" : "text");
      return all;
    };
    if (type == "message" && !texts("content", "").empty()) {
      // Neighbours become parts of one message.
      if (!out.empty() && out.back().rfind("message ", 0) == 0)
        out.back() += texts("content", "");
      else
        out.push_back("message " + texts("content", ""));
    }
    const std::string summary = texts("summary", "\n\n"), content = texts("content", "\n\n"),
                      state = text(item, "encrypted_content");
    if (type == "reasoning" && !(summary + content + state).empty())
      out.push_back("reasoning " + summary + "|" + content +
                    (state.empty() ? "" : "|state"));  // encrypted anew each time
    if (type == "function_call") {
      const std::string arguments = text(item, "arguments");
      out.push_back("call " + text(item, "call_id") + text(item, "namespace") + "/" + text(item, "name") +
                    (arguments.empty() ? "{}" : arguments));
    }
    if (type == "custom_tool_call")
      out.push_back("call " + text(item, "call_id") + text(item, "name") + text(item, "input"));
    if (type == "image_generation_call") out.push_back("picture " + text(item, "result"));
    if (any_of(type, {"web_search_call", "file_search_call", "code_interpreter_call", "mcp_call", "shell_call",
                      "compaction"}))
      out.push_back(type + text(item, "id"));
  }
  return out;
}

std::vector<std::string> without_states(std::vector<std::string> list) {
  const std::string mark = "|state", nothing = "reasoning |";
  for (std::string& line : list)
    if (line.rfind("reasoning ", 0) == 0 && line.ends_with(mark)) line.resize(line.size() - mark.size());
  std::erase(list, nothing);
  return list;
}

// Of an event or a whole body, as JSON.
std::string response_json(const std::string& text) {
  Arena arena;
  const oc_json* root = json::parse(arena, text);
  const oc_json* response = json::get(root, "response");
  return std::string(response != nullptr ? response->raw : root->raw);
}

TEST_F(Corpus, EveryRequestParses) {
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || !creates(r)) continue;
    const Client client(host, r.request);
    EXPECT_EQ(client.status, OC_OK) << r.id << ": " << (client.call.failure ? client.call.failure->message : "");
    if (client.status != OC_OK) continue;
    ++n;
    Arena arena;
    const oc_json* root = json::parse(arena, r.request);
    const oc_json* input = json::get(root, "input");
    const std::uint64_t instructions = text(root, "instructions").empty() ? 0 : 1;
    EXPECT_EQ(oc::view(client.request->model), json::get(root, "model")->text) << r.id;
    EXPECT_EQ(client.request->n_turns, (input->type == OC_JSON_STRING ? 1 : input->size) + instructions) << r.id;
    EXPECT_LE(client.request->input_bytes, r.request.size() + 16384) << r.id;
  }
  RecordProperty("requests", n);
  EXPECT_GT(n, 300);
}

TEST_F(Corpus, AStraightRequestDiffersInItsModelOnly) {
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || !creates(r)) continue;
    const Client client(host, r.request);
    ASSERT_EQ(client.status, OC_OK) << r.id;
    oc_request renamed = *client.request;
    renamed.model = oc::str("a \"target\" model");
    renamed.previous_id = {};
    renamed.flags &= ~std::uint32_t(OC_REQ_KEEP);
    Attempt attempt(host);
    const std::string sent = attempt.build(renamed);
    ASSERT_EQ(attempt.http.straight, 1u) << r.id;
    Arena arena;
    EXPECT_EQ(json::get(json::parse(arena, sent), "model")->text, "a \"target\" model") << r.id;
    Tree was = meaning(r.request), is = meaning(sent);
    was.erase(".model"), is.erase(".model");
    EXPECT_EQ(was, is) << r.id;
    renamed.model = client.request->model;
    EXPECT_EQ(Attempt(host).build(renamed), r.request) << r.id;  // the very bytes
    ++n;
  }
  EXPECT_GT(n, 300);
}

TEST_F(Corpus, ARequestWrittenAnewSaysTheSame) {
  int n = 0;
  for (const Recording& r : all()) {
    if (r.request.empty() || !creates(r)) continue;
    const Client client(host, r.request);
    ASSERT_EQ(client.status, OC_OK) << r.id;
    Attempt attempt(host);
    const std::string sent = attempt.build(*client.request, false);
    ASSERT_EQ(attempt.built, OC_OK) << r.id;
    const Tree was = meaning(r.request), is = meaning(sent);
    EXPECT_GE(was.size(), 3u) << r.id;
    EXPECT_EQ(was, is) << r.id << "\n" << difference(was, is);
    const std::string asked = R"("store":false)";
    EXPECT_NE(sent.find(asked), std::string::npos) << r.id;
    ++n;
  }
  RecordProperty("requests", n);
  EXPECT_GT(n, 300);
}

// A client gets every byte of what it asked for, and nothing of what only the gateway did.
TEST_F(Corpus, AnswersAreRelayedAsTheyAre) {
  int n = 0, hidden = 0;
  for (const Recording& r : all()) {
    if (!creates(r) || is_error(r)) continue;
    for (const bool asked : {true, false}) {
      const std::string more = asked ? R"(,"include":["reasoning.encrypted_content"]})" : "}";
      const Client client(
          host, R"({"model":"gpt-5","input":"hi","stream":)" + std::string(r.streamed ? "true" : "false") + more);
      Attempt attempt(host);
      const std::string sent = attempt.build(*client.request);
      EXPECT_NE(sent.find("reasoning.encrypted_content"), std::string::npos);
      for (const auto& payload : r.streamed ? r.payloads : std::vector<std::string>{r.body}) {
        std::string relayed;
        EXPECT_EQ(attempt.frame(payload, true, &relayed), OC_OK);
        const bool has_state = payload.find("\"encrypted_content\"") != std::string::npos &&
                               payload.find("\"reasoning\"") != std::string::npos;
        if (asked || !has_state) {
          EXPECT_EQ(relayed, payload) << r.id;
          continue;
        }
        Arena arena;
        EXPECT_NE(json::parse(arena, relayed), nullptr) << r.id;
        EXPECT_EQ(told(response_json(relayed)), without_states(told(response_json(payload)))) << r.id;
        hidden += relayed == payload ? 0 : 1;
      }
      ++n;
    }
  }
  RecordProperty("hidden", hidden);
  EXPECT_GT(hidden, 100);
}

TEST_F(Corpus, EveryAnswerIsRead) {
  int n = 0, failed = 0;
  for (const Recording& r : all()) {
    if (r.status != 200 || !creates(r)) continue;
    const bool error = is_error(r);
    const Said said(read(host, r, error ? OC_E_UPSTREAM : OC_OK));
    EXPECT_EQ(said.failed, error) << r.id;
    EXPECT_TRUE(said.keeps_order) << r.id;
    if (!error) {
      EXPECT_NE(said.finish, 0u) << r.id;
    }
    ++n;
    failed += error ? 1 : 0;
  }
  RecordProperty("answers", n);
  RecordProperty("failed", failed);
  EXPECT_GT(n, 300);
}

TEST_F(Corpus, AStreamAndTheResponseItEndsWithSayTheSame) {
  int n = 0;
  for (const Recording& r : all()) {
    if (!r.streamed || !creates(r) || is_error(r) || !is_whole(r)) continue;
    Recording end = r;
    end.streamed = false;
    end.body = response_of(r);
    const Said streamed(read(host, r)), whole(read(host, end));
    auto a = streamed.in_order(), b = whole.in_order();
    const auto as_text = [](const Part& p) { return std::to_string(p.type) + p.text + p.id + p.name; };
    for (auto* list : {&a, &b})  // encrypted anew for the end; a hosted tool's item may be told in more words there
      for (Part& p : *list)
        if (p.type == OC_EV_OPAQUE || !p.state.empty()) p.state = "state";
    for (auto* list : {&a, &b})  // hosted tools end in another order than they began
      std::sort(list->begin(), list->end(), [&](const Part& x, const Part& y) { return as_text(x) < as_text(y); });
    EXPECT_EQ(a, b) << r.id;
    EXPECT_EQ(streamed.finish, whole.finish) << r.id;
    EXPECT_EQ(std::memcmp(&streamed.usage, &whole.usage, sizeof streamed.usage), 0) << r.id;
    ++n;
  }
  RecordProperty("streams", n);
  EXPECT_GT(n, 80);
}

TEST_F(Corpus, ARenderedAnswerSaysTheSameAndKeepsTheRules) {
  int n = 0;
  for (const Recording& r : all()) {
    if (!creates(r) || is_error(r) || !is_whole(r)) continue;
    const auto events = read(host, r);
    auto wanted = told(response_of(r));
    std::sort(wanted.begin(), wanted.end());  // hosted tools end in another order than they began
    const auto sorted = [](std::vector<std::string> list) { return std::sort(list.begin(), list.end()), list; };
    Client whole(host, kAsk), stream(host, kAskForStream);
    const std::string body = whole.render(events);
    EXPECT_EQ(sorted(told(body)), wanted) << r.id;
    EXPECT_EQ(StreamRules::response_problems(body), std::vector<std::string>()) << r.id;
    const auto wire = wire_events(stream.render(events));
    ASSERT_FALSE(wire.empty()) << r.id;
    EXPECT_EQ(StreamRules::problems(wire), std::vector<std::string>()) << r.id;
    Arena arena;
    EXPECT_EQ(sorted(told(std::string(json::get(json::parse(arena, wire.back().data), "response")->raw))), wanted)
        << r.id;
    // Told to the own provider again, it is the same answer.
    Recording again;
    again.streamed = true;
    for (const WireEvent& e : wire) again.payloads.push_back(e.data);
    EXPECT_EQ(Said(read(host, again)).finish, Said(events).finish) << r.id;
    ++n;
  }
  RecordProperty("answers", n);
  EXPECT_GT(n, 300);
}

TEST_F(Corpus, AKeptAnswerIsReplayedAndContinued) {
  int n = 0;
  for (const Recording& r : all()) {
    if (!creates(r) || is_error(r) || r.request.empty()) continue;
    const std::string response = response_of(r);
    Client first(host, r.request);
    const auto [id, document] = first.keep(response);
    Arena arena;
    const oc_json* root = json::parse(arena, document);
    ASSERT_NE(root, nullptr) << r.id;
    EXPECT_EQ(id, text(json::get(root, "response"), "id")) << r.id;

    Client next(host,
                R"({"model":"m","instructions":"be brief","input":"go on","previous_response_id":")" + id + "\"}");
    const std::uint64_t own = next.request->n_turns;
    ASSERT_EQ(next.resume(document), OC_OK) << r.id << (next.call.failure ? next.call.failure->message : "");
    const std::uint64_t before =
        json::get(root, "input")->size + json::get(json::get(root, "response"), "output")->size;
    EXPECT_EQ(next.request->n_turns, own + before) << r.id;
    EXPECT_EQ(oc::view(next.request->turns[0]->parts[0]->text), "be brief");
    Attempt attempt(host);
    const std::string sent = attempt.build(*next.request);
    EXPECT_EQ(attempt.http.straight, 0u);
    EXPECT_NE(json::parse(arena, sent), nullptr) << r.id;

    Client retrieve(host, "", OC_OP_RETRIEVE);
    oc_request stream = *retrieve.request;
    stream.flags |= OC_REQ_STREAM;
    ASSERT_EQ(retrieve.surface->kept(retrieve.surface.self(), retrieve.call.handle(), retrieve.state,
                                     &retrieve.call.arena, &stream, oc::bytes(document), retrieve.out.handle()),
              OC_OK);
    Recording again;
    again.streamed = true;
    for (const WireEvent& e : wire_events(retrieve.out.body)) again.payloads.push_back(e.data);
    EXPECT_EQ(Said(read(host, again)).in_order().size(), Said(read(host, r)).in_order().size()) << r.id;
    ++n;
  }
  RecordProperty("answers", n);
  EXPECT_GT(n, 200);
}

TEST_F(Corpus, HowAStreamIsCutDoesNotMatter) {
  std::mt19937 random(7);
  int n = 0;
  for (const Recording& r : all()) {
    if (r.sse.empty() || !creates(r)) continue;
    const Client client(host, kAskForStream);
    const auto events = [&](auto&& next_size) {
      Attempt attempt(host);
      attempt.build(*client.request);
      net::SseSplitter splitter;
      net::SseSplitter::Event e;
      for (std::size_t at = 0; at < r.sse.size();) {
        const std::size_t size = std::min<std::size_t>(next_size(), r.sse.size() - at);
        splitter.feed(std::string_view(r.sse).substr(at, size));
        at += size;
        while (splitter.next(e))
          if (e.has_data) attempt.frame(e.data, true);
      }
      while (splitter.rest(e))
        if (e.has_data) attempt.frame(e.data, true);
      return std::pair(attempt.call.events, attempt.finish());
    };
    const auto whole = events([&] { return r.sse.size(); });
    EXPECT_EQ(whole.second, is_error(r) ? OC_E_UPSTREAM : OC_OK) << r.id;
    if (r.sse.size() < 20000) {
      EXPECT_EQ(events([] { return 1; }), whole) << r.id;
    }
    EXPECT_EQ(events([&] { return 1 + random() % 300; }), whole) << r.id;
    ++n;
  }
  EXPECT_GT(n, 50);
}

TEST_F(Corpus, AStreamThatBreaksOffIsNoSuccess) {
  int n = 0;
  for (const Recording& r : all()) {
    if (!r.streamed || !creates(r) || is_error(r) || !is_whole(r)) continue;
    Recording cut = r;
    while (!cut.payloads.empty() && cut.payloads.back().find("\"response.completed\"") == std::string::npos)
      cut.payloads.pop_back();
    cut.payloads.pop_back();
    EXPECT_EQ(Said(read(host, cut, OC_E_UPSTREAM)).finish, 0u) << r.id;
    ++n;
  }
  EXPECT_GT(n, 80);
}

TEST_F(Corpus, UsageIsSplitIntoDisjointBuckets) {
  int n = 0;
  for (const Recording& r : all()) {
    if (!creates(r) || is_error(r) || !is_whole(r)) continue;
    Arena arena;
    const std::string response = response_of(r);
    const oc_json* usage = json::get(json::parse(arena, response), "usage");
    if (usage == nullptr || usage->type != OC_JSON_OBJECT) continue;
    const auto count = [&](const oc_json* object, const char* name) {
      return static_cast<std::uint64_t>(json::integer(json::get(object, name), 0));
    };
    const auto events = read(host, r);
    const oc_usage u = Said(events).usage;
    const oc_json *in = json::get(usage, "input_tokens_details"), *out = json::get(usage, "output_tokens_details");
    EXPECT_TRUE(u.flags & OC_USAGE_FINAL) << r.id;
    EXPECT_EQ(u.input + u.cache_read + u.cache_write, count(usage, "input_tokens")) << r.id;
    EXPECT_EQ(u.cache_read, count(in, "cached_tokens")) << r.id;
    EXPECT_EQ(u.cache_write, count(in, "cache_write_tokens")) << r.id;
    EXPECT_EQ(u.output + u.reasoning, count(usage, "output_tokens")) << r.id;
    EXPECT_EQ(u.reasoning, count(out, "reasoning_tokens")) << r.id;
    // Rendered again, every number that was there is there.
    Client client(host, kAsk);
    const oc_json* again = json::get(json::parse(arena, client.render(events)), "usage");
    for (const char* name : {"input_tokens", "output_tokens", "total_tokens"})
      EXPECT_EQ(count(again, name), count(usage, name)) << r.id << name;
    EXPECT_EQ(count(json::get(again, "input_tokens_details"), "cached_tokens"), count(in, "cached_tokens")) << r.id;
    EXPECT_EQ(count(json::get(again, "output_tokens_details"), "reasoning_tokens"), count(out, "reasoning_tokens"))
        << r.id;
    ++n;
  }
  RecordProperty("usages", n);
  EXPECT_GT(n, 300);
}

TEST_F(Corpus, EveryVendorsErrorIsUnderstood) {
  int n = 0;
  for (const Recording& r : all()) {
    if (r.status == 200) continue;
    const Client client(host, kAsk);
    Attempt attempt(host);
    attempt.build(*client.request);
    oc_event e{};
    ASSERT_EQ(
        attempt.provider->map_error(attempt.provider.self(), attempt.call.handle(), attempt.state, &attempt.call.arena,
                                    static_cast<std::uint32_t>(r.status), nullptr, 0, oc::bytes(r.body), &e),
        OC_OK);
    EXPECT_LT(e.status, 0) << r.id;
    EXPECT_EQ(e.http_status, r.status) << r.id;
    EXPECT_NE(r.body.find(oc::view(e.text).substr(0, 10)), std::string::npos) << r.id << oc::view(e.text);
    ++n;
  }
  EXPECT_GE(n, 10);
}

}  // namespace
}  // namespace onechat::openai_responses
