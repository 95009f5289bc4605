// The validators themselves: what vendors really sent passes, and the same with one thing wrong does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "corpus.hpp"
#include "grammar.hpp"

namespace onechat::conformance {
namespace {

// Recordings of the vendors themselves that deviate from their own documents, and how.
const std::map<std::string_view, std::string_view> kDeviations = {
    {"vercel-ai__anthropic-fallback__0__8b7c07d6", "a block type that is newer than the documents"},
    {"vercel-ai__anthropic-json-other-tool-1__0__2daf6891", "trimmed by hand: no stop_sequence"},
    {"pydantic-ai__test-google-model-armor-response-template-real-block__0__de124d7c",
     "a finishReason newer than the documents"},
    {"pydantic-ai__test-google-model-armor-prompt-template-text-gets-blocked__1__5a934b97",
     "usage of a blocked prompt has no sum"},
    {"vercel-ai__openai-phase-1__0__9a19b8af", "trimmed by hand"},
};
// The same, where a whole group of recordings deviates in one way.
const std::pair<std::string_view, std::string_view> kKnownProblems[] = {
    {"message.refusal: is missing", "recorded before 2024-08"},
    {".logprobs: is missing", "Responses before 2025-06"},
    {"sequence_number", "Responses streams of 2025-03"},
    {"sources[", "web search sources of the kind \"api\" are undocumented"},
    {".item.action: is missing", "a web search item begins without its action"},
    {"\"complete\" is none of", "written by hand: status \"complete\""},
};
const std::string_view kHandWritten[] = {"pydantic-ai__test-openai-previous-response-id",
                                         "pydantic-ai__test-openai-responses-verbosity"};

struct Validators : ::testing::Test {
  void SetUp() override {
    if (corpus().empty() || Specs::get() == nullptr) GTEST_SKIP() << "no recordings or specifications here";
    rules.rendered = false;
    rules.usage_expected = false;
    rules.specs = Specs::get();
  }
  static std::vector<const Recording*> proper() {
    std::vector<const Recording*> out;
    for (const Recording& r : corpus())
      if (r.first_party && r.generates() && r.status == 200 && r.framing != "payload-lines") out.push_back(&r);
    return out;
  }
  Problems check(const Recording& r, const std::string& body) const {
    if (r.streamed) return check_stream(r.dialect, body, rules);
    const Document answer(body);
    return check_answer(r.dialect, answer.root, rules);
  }
  static bool is_known(const Recording& r, const std::string& problem) {
    if (kDeviations.contains(r.id)) return true;
    if (std::any_of(std::begin(kHandWritten), std::end(kHandWritten), [&](auto id) { return r.id.starts_with(id); }))
      return true;
    return std::any_of(std::begin(kKnownProblems), std::end(kKnownProblems),
                       [&](const auto& known) { return problem.find(known.first) != std::string::npos; });
  }
  // Deviates in nothing: what the proofs by mutation start from.
  bool is_clean(const Recording& r) const { return check(r, r.body).empty(); }
  Rules rules;
};

TEST_F(Validators, TakeWhatTheVendorsSent) {
  int n = 0;
  for (const Recording* r : proper()) {
    Problems unknown;
    for (const auto& p : check(*r, r->body))
      if (!is_known(*r, p)) unknown.push_back(p);
    EXPECT_TRUE(unknown.empty()) << r->dialect << "/" << r->id << joined(unknown);
    ++n;
  }
  EXPECT_GT(n, 600);
}

TEST_F(Validators, EachNamedDeviationIsStillOne) {
  for (const auto& [id, why] : kDeviations) {
    const auto found = std::find_if(corpus().begin(), corpus().end(), [&](const Recording& r) { return r.id == id; });
    ASSERT_NE(found, corpus().end()) << id;
    EXPECT_FALSE(is_clean(*found)) << id << ": " << why;
  }
}

// ---- mutations

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), with);
  return text;
}
std::string replaced_last(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.rfind(what);
  if (at != std::string::npos) text.replace(at, what.size(), with);
  return text;
}

// The stream in blocks with their blank lines.
std::vector<std::string> blocks_of(const std::string& stream) {
  std::vector<std::string> out;
  std::size_t at = 0;
  const std::string_view blank = stream.find("\r\n\r\n") != std::string::npos ? "\r\n\r\n" : "\n\n";
  while (at < stream.size()) {
    const std::size_t end = stream.find(blank, at);
    const std::size_t next = end == std::string::npos ? stream.size() : end + blank.size();
    out.push_back(stream.substr(at, next - at));
    at = next;
  }
  return out;
}
std::string text_of(const std::vector<std::string>& blocks) {
  std::string out;
  for (const auto& b : blocks) out += b;
  return out;
}
std::size_t find_block(const std::vector<std::string>& blocks, std::string_view what) {
  for (std::size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].find(what) != std::string::npos) return i;
  return blocks.size();
}
std::string without(const std::string& stream, std::string_view what) {
  auto blocks = blocks_of(stream);
  if (const std::size_t i = find_block(blocks, what); i < blocks.size())
    blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(i));
  return text_of(blocks);
}
std::string twice(const std::string& stream, std::string_view what) {
  auto blocks = blocks_of(stream);
  const std::size_t i = find_block(blocks, what);
  return i < blocks.size()
             ? text_of(blocks).insert(text_of({blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(i)}).size(),
                                      blocks[i])
             : stream;
}
std::string swapped(const std::string& stream, std::string_view a, std::string_view b) {
  auto blocks = blocks_of(stream);
  const std::size_t i = find_block(blocks, a), j = find_block(blocks, b);
  if (i < blocks.size() && j < blocks.size()) std::swap(blocks[i], blocks[j]);
  return text_of(blocks);
}

struct Mutation {
  const char* name;
  std::string_view dialect;
  bool streamed;
  std::function<std::string(const std::string&)> apply;
};

// Where a mutation finds nothing to change in a recording it says nothing about it.
const std::vector<Mutation>& mutations() {
  using S = const std::string&;
  static const std::vector<Mutation> all = {
      {"chat: no [DONE]", "openai_chat", true, [](S s) { return without(s, "[DONE]"); }},
      {"chat: [DONE] first", "openai_chat", true, [](S s) { return swapped(s, "chat.completion.chunk", "[DONE]"); }},
      {"chat: event name", "openai_chat", true, [](S s) { return "event: message\n" + s; }},
      {"chat: no role", "openai_chat", true, [](S s) { return replaced(s, "\"role\":\"assistant\",", ""); }},
      {"chat: another id", "openai_chat", true,
       [](S s) { return replaced_last(s, "\"id\":\"chatcmpl-", "\"id\":\"chatcmpl-x"); }},
      {"chat: wrong object", "openai_chat", true,
       [](S s) { return replaced(s, "chat.completion.chunk", "chat.completion"); }},
      {"chat: no choice index", "openai_chat", true,
       [](S s) { return replaced(s, "\"choices\":[{\"index\":0,", "\"choices\":[{"); }},
      {"chat: finish word", "openai_chat", true,
       [](S s) { return replaced(s, "\"finish_reason\":\"", "\"finish_reason\":\"very_"); }},
      {"chat: no finish", "openai_chat", true, [](S s) { return without(s, "\"finish_reason\":\""); }},
      {"chat: call id twice", "openai_chat", true, [](S s) { return twice(s, "\"id\":\"call_"); }},
      {"chat: call index", "openai_chat", true,
       [](S s) { return replaced(s, "\"tool_calls\":[{\"index\":0", "\"tool_calls\":[{\"index\":3"); }},
      {"chat: total", "openai_chat", true, [](S s) { return replaced(s, "\"total_tokens\":", "\"total_tokens\":1"); }},
      {"chat: CRLF", "openai_chat", true, [](S s) { return replaced(s, "\n\n", "\r\n\r\n"); }},
      {"chat: message gone", "openai_chat", false, [](S s) { return replaced(s, "\"message\"", "\"massage\""); }},
      {"chat: number for text", "openai_chat", false,
       [](S s) { return replaced(s, "\"model\":", "\"model\":7,\"m\":"); }},
      {"chat: prompt as text", "openai_chat", false,
       [](S s) { return replaced(s, "\"prompt_tokens\":", "\"prompt_tokens\":\"1\",\"x\":"); }},

      {"responses: no created", "openai_responses", true, [](S s) { return without(s, "event: response.created"); }},
      {"responses: no completed", "openai_responses", true,
       [](S s) { return without(s, "event: response.completed"); }},
      {"responses: a gap", "openai_responses", true, [](S s) { return without(s, ".delta\n"); }},
      {"responses: name", "openai_responses", true,
       [](S s) { return replaced(s, "event: response.in_progress", "event: response.working"); }},
      {"responses: [DONE]", "openai_responses", true, [](S s) { return s + "data: [DONE]\n\n"; }},
      {"responses: swapped", "openai_responses", true,
       [](S s) { return swapped(s, "event: response.output_item.added", "event: response.output_item.done"); }},
      {"responses: item id", "openai_responses", true,
       [](S s) { return replaced(s, "\"item_id\":\"", "\"item_id\":\"x"); }},
      {"responses: part", "openai_responses", true,
       [](S s) { return replaced(s, "\"content_index\":0", "\"content_index\":4"); }},
      {"responses: text", "openai_responses", true, [](S s) { return replaced(s, "\"delta\":\"", "\"delta\":\"x"); }},
      {"responses: no sequence", "openai_responses", true,
       [](S s) { return replaced(s, "\"sequence_number\"", "\"sequence\""); }},
      {"responses: total", "openai_responses", true,
       [](S s) { return replaced(s, "\"total_tokens\":", "\"total_tokens\":1"); }},
      {"responses: status", "openai_responses", false,
       [](S s) { return replaced(s, "\"status\": \"completed\"", "\"status\": \"complete\""); }},
      {"responses: no output", "openai_responses", false,
       [](S s) { return replaced(s, "\"output\":", "\"outputs\":"); }},
      {"responses: item type", "openai_responses", false,
       [](S s) { return replaced(s, "\"type\": \"message\"", "\"type\": \"massage\""); }},
      {"responses: no annotations", "openai_responses", false,
       [](S s) { return replaced(s, "\"annotations\"", "\"notes\""); }},

      {"anthropic: no start", "anthropic_messages", true, [](S s) { return without(s, "event: message_start"); }},
      {"anthropic: no stop", "anthropic_messages", true, [](S s) { return without(s, "event: message_stop"); }},
      {"anthropic: no message_delta", "anthropic_messages", true,
       [](S s) { return without(s, "event: message_delta"); }},
      {"anthropic: block not closed", "anthropic_messages", true,
       [](S s) { return without(s, "event: content_block_stop"); }},
      {"anthropic: block not begun", "anthropic_messages", true,
       [](S s) { return without(s, "event: content_block_start"); }},
      {"anthropic: two starts", "anthropic_messages", true, [](S s) { return twice(s, "event: message_start"); }},
      {"anthropic: no name", "anthropic_messages", true,
       [](S s) { return replaced(s, "event: content_block_start\n", ""); }},
      {"anthropic: index", "anthropic_messages", true,
       [](S s) {
         return replaced(s, "\"type\":\"content_block_start\",\"index\":0",
                         "\"type\":\"content_block_start\",\"index\":1");
       }},
      {"anthropic: delta type", "anthropic_messages", true,
       [](S s) { return replaced(s, "\"type\":\"text_delta\"", "\"type\":\"thinking_delta\""); }},
      {"anthropic: stop word", "anthropic_messages", true,
       [](S s) { return replaced(s, "\"stop_reason\":\"", "\"stop_reason\":\"not_"); }},
      {"anthropic: args", "anthropic_messages", true,
       [](S s) { return replaced(s, "\"partial_json\":\"{", "\"partial_json\":\"}{"); }},
      {"anthropic: no usage", "anthropic_messages", false, [](S s) { return replaced(s, "\"usage\"", "\"used\""); }},
      {"anthropic: role", "anthropic_messages", false, [](S s) { return replaced(s, "assistant", "model"); }},
      {"anthropic: tokens", "anthropic_messages", false,
       [](S s) { return replaced(s, "\"output_tokens\"", "\"outputs\""); }},
      {"anthropic: block type", "anthropic_messages", false,
       [](S s) { return replaced(s, "\"type\":\"text\"", "\"type\":\"txet\""); }},

      {"gemini: LF", "gemini", true, [](S s) { return replaced(s, "\r\n\r\n", "\n\n"); }},
      {"gemini: [DONE]", "gemini", true, [](S s) { return s + "data: [DONE]\r\n\r\n"; }},
      {"gemini: open end", "gemini", true, [](S s) { return s.substr(0, s.size() - 2); }},
      {"gemini: no finish", "gemini", true,
       [](S s) { return replaced_last(s, "\"finishReason\"", "\"finishMessage\""); }},
      {"gemini: finish word", "gemini", true, [](S s) { return replaced_last(s, "\"STOP\"", "\"FUNCTION_CALL\""); }},
      {"gemini: total", "gemini", true,
       [](S s) { return replaced_last(s, "\"totalTokenCount\": ", "\"totalTokenCount\": 1"); }},
      {"gemini: part", "gemini", true, [](S s) { return replaced(s, "\"text\"", "\"txet\""); }},
      {"gemini: candidates", "gemini", false, [](S s) { return replaced(s, "\"candidates\"", "\"choices\""); }},
      {"gemini: parts", "gemini", false, [](S s) { return replaced(s, "\"parts\"", "\"part\""); }},
      {"gemini: tokens", "gemini", false,
       [](S s) { return replaced(s, "\"promptTokenCount\": ", "\"promptTokenCount\": 1.5, \"x\": "); }},
  };
  return all;
}

TEST_F(Validators, RefuseEachMutation) {
  constexpr int kEach = 12;
  std::map<std::string_view, std::vector<const Recording*>> clean;
  for (const Recording* r : proper())
    if (is_clean(*r)) clean[r->dialect].push_back(r);
  for (const Mutation& m : mutations()) {
    int tried = 0;
    for (const Recording* r : clean[m.dialect]) {
      if (r->streamed != m.streamed || tried == kEach) continue;
      const std::string mutated = m.apply(r->body);
      if (mutated == r->body) continue;
      ++tried;
      EXPECT_FALSE(check(*r, mutated).empty()) << m.name << " is let through: " << r->id;
    }
    EXPECT_GT(tried, 0) << m.name << " found no recording to change";
  }
}

TEST_F(Validators, WhatIsOursMayHaveNoMemberThatNobodyKnows) {
  const Document answer(
      R"({"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",
    "message":{"role":"assistant","content":"x","refusal":null,"mood":"good"}}],"weather":"fine"})");
  EXPECT_TRUE(Specs::get()->check("openai_chat", Shape::kAnswer, answer.root, Author::kRecorded).empty());
  EXPECT_EQ(Specs::get()->check("openai_chat", Shape::kAnswer, answer.root, Author::kOurs).size(), 2u);
  const Document request(
      R"({"contents":[{"parts":[{"text":"x"}]}],"temperature":1,"tool_config":{},"generationConfig":{"topK":1}})");
  EXPECT_EQ(Specs::get()->check("gemini", Shape::kRequest, request.root, Author::kOurs),
            Problems{"$.temperature: is no field of the message"});
}

}  // namespace
}  // namespace onechat::conformance
