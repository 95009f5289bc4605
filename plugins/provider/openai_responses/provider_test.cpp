#include "provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "body_writer.hpp"
#include "support/fake_host.hpp"

namespace onechat::openai_responses {
namespace {

using test::Event;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr oc_component kComponent =
    oc::provider<Provider>({"provider.openai_responses", "0", "", nullptr, Provider::kCaps});

// A request of another dialect, put together by hand.
struct Asked {
  Asked() {
    request = oc::sized<oc_request>();
    request.op = OC_OP_GENERATE;
    request.n = 1;
    request.dialect = oc::str("anthropic_messages");
    request.model = oc::str("gpt-5");
  }
  oc_part& part(std::uint32_t type, std::string_view text = {}) {
    parts.push_back(oc::sized<oc_part>());
    parts.back().type = type;
    parts.back().text = oc::str(text);
    return parts.back();
  }
  // A turn of the parts made since the last one.
  oc_turn& turn(std::uint32_t role) {
    auto& list = lists.emplace_back();
    for (; n_parts < parts.size(); ++n_parts) list.push_back(&parts[n_parts]);
    turns.push_back(oc::sized<oc_turn>());
    turns.back().role = role;
    turns.back().parts = list.data();
    turns.back().n_parts = list.size();
    turn_list.push_back(&turns.back());
    request.turns = turn_list.data();
    request.n_turns = turn_list.size();
    return turns.back();
  }
  oc_tool& tool(std::string_view name, std::string_view schema = {}) {
    tools.push_back(oc::sized<oc_tool>());
    tools.back().name = oc::str(name);
    tools.back().schema_json = oc::str(schema);
    tool_list.push_back(&tools.back());
    request.tools = tool_list.data();
    request.n_tools = tool_list.size();
    return tools.back();
  }
  oc_request request;
  std::deque<oc_part> parts;
  std::deque<std::vector<const oc_part*>> lists;
  std::deque<oc_turn> turns;
  std::vector<const oc_turn*> turn_list;
  std::deque<oc_tool> tools;
  std::vector<const oc_tool*> tool_list;
  std::size_t n_parts = 0;
};

struct Attempt {
  explicit Attempt(const test::FakeHost& host, std::string_view config = "{}")
      : provider(host, kComponent, config), state(provider->call_state_size) {}
  ~Attempt() {
    if (begun) finish();
  }
  std::string build(const oc_request& request, bool straight_ok = true) {
    http.struct_size = sizeof http;
    writer.bind(&body);
    http.body_json = &writer;
    begun = true;
    built = provider->build(provider.self(), call.handle(), state, &call.arena, &request, straight_ok ? 1 : 0, &http);
    if (http.straight != 0) return test::apply(oc::view(request.raw), http.splices, http.n_splices);
    return body;
  }
  // `relayed`: what the client gets of it.
  oc_status frame(std::string_view data, bool straight = false, std::string* relayed = nullptr) {
    Arena frame_arena;  // the host's goes with the frame too
    const std::string copy(data);
    oc_frame f = oc::sized<oc_frame>();
    f.data = oc::bytes(copy);
    oc_relay relay = oc::sized<oc_relay>();
    const oc_status s =
        provider->frame(provider.self(), call.handle(), state, &frame_arena, &f, straight ? &relay : nullptr);
    if (relayed != nullptr) *relayed = test::apply(copy, relay.splices, relay.n_splices);
    return s;
  }
  oc_status finish(oc_status transport = OC_OK) {
    begun = false;
    return provider->finish(provider.self(), call.handle(), state, &call.arena, transport);
  }
  std::string header(std::string_view name) const {
    for (std::uint64_t i = 0; i < http.n_headers; ++i)
      if (oc::view(http.headers[i].name) == name) return std::string(oc::view(http.headers[i].value));
    return {};
  }
  test::Instance<oc_provider_codec> provider;
  test::CallState state;
  test::FakeCall call;
  oc_http_request http{};
  std::string body;
  oc_jsonw writer;
  oc_status built = OC_OK;
  bool begun = false;
};

struct ResponsesProvider : ::testing::Test {
  test::FakeHost host;

  // The member `name` of the body that `asked` becomes.
  std::string sent(const Asked& asked, std::string_view name, std::vector<std::string>* dropped = nullptr) {
    Attempt attempt(host);
    const std::string body = attempt.build(asked.request);
    EXPECT_EQ(attempt.built, OC_OK);
    if (dropped != nullptr) *dropped = attempt.call.dropped;
    Arena arena;
    const oc_json* root = json::parse(arena, body);
    EXPECT_NE(root, nullptr) << body;
    const oc_json* v = json::get(root, name);
    return v != nullptr ? std::string(v->raw) : "(nothing)";
  }
  // Events of a stream, in short words.
  std::vector<std::string> told(std::initializer_list<std::string_view> frames, oc_status wanted = OC_OK) {
    Asked asked;
    asked.request.flags = OC_REQ_STREAM;
    Attempt attempt(host);
    attempt.build(asked.request);
    for (const auto f : frames) EXPECT_EQ(attempt.frame(f), OC_OK) << f;
    EXPECT_EQ(attempt.finish(), wanted);
    return words(attempt.call.events);
  }
  static std::vector<std::string> words(const std::vector<Event>& events) {
    static const char* const names[] = {"?",     "start", "text",     "reasoning", "tool",    "args",
                                        "end",   "usage", "finish",   "error",     "refusal", "citation",
                                        "state", "media", "logprobs", "embedding", "answer"};
    std::vector<std::string> out;
    for (const Event& e : events) {
      std::string w = e.type == OC_EV_OPAQUE ? "opaque" : names[e.type];
      w.append(" ").append(std::to_string(e.index));
      for (const std::string& more : {e.text, e.tool_id, e.tool_name, e.opaque, e.code})
        if (!more.empty()) w.append(" ").append(more);
      if (e.type == OC_EV_FINISH) w = std::string("finish ").append(std::to_string(e.finish));
      if (e.flags != 0) w.append(" !").append(std::to_string(e.flags));
      out.push_back(w);
    }
    return out;
  }
};

constexpr const char* kCreated =
    R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-5","status":"in_progress","output":[]}})";
constexpr const char* kCompleted =
    R"({"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":12,
        "input_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":2}}}})";

// ---- requests -------------------------------------------------------------------------------------------------------

TEST_F(ResponsesProvider, TurnsBecomeItems) {
  Asked a;
  a.part(OC_PART_TEXT, "be nice");
  a.turn(OC_ROLE_SYSTEM);
  a.part(OC_PART_TEXT, "look");
  oc_part& image = a.part(OC_PART_IMAGE);
  image.media_type = oc::str("image/png");
  image.data_base64 = oc::str("AAAA");
  oc_part& linked = a.part(OC_PART_IMAGE);
  linked.uri = oc::str("https://x/y.png");
  linked.detail = oc::str("low");
  oc_part& file = a.part(OC_PART_FILE);
  file.media_type = oc::str("application/pdf");
  file.data_base64 = oc::str("BBBB");
  oc_part& audio = a.part(OC_PART_AUDIO);
  audio.media_type = oc::str("audio/mpeg");
  audio.data_base64 = oc::str("CCCC");
  a.turn(OC_ROLE_USER);
  a.part(OC_PART_TEXT, "well");
  oc_part& call = a.part(OC_PART_TOOL_CALL);
  call.tool_id = oc::str("toolu_1");
  call.tool_name = oc::str("f");
  a.turn(OC_ROLE_ASSISTANT);
  oc_part& result = a.part(OC_PART_TOOL_RESULT, "sunny");
  result.tool_id = oc::str("toolu_1");
  a.part(OC_PART_TEXT, "go on");
  a.turn(OC_ROLE_USER);
  a.part(OC_PART_TEXT, "now this");
  a.turn(OC_ROLE_DEVELOPER);
  EXPECT_EQ(sent(a, "instructions"), R"("be nice")");
  EXPECT_TRUE(test::same_json(sent(a, "input"), R"([
    {"type":"message","role":"user","content":[{"type":"input_text","text":"look"},
      {"type":"input_image","image_url":"data:image/png;base64,AAAA"},
      {"type":"input_image","image_url":"https://x/y.png","detail":"low"},
      {"type":"input_file","file_data":"data:application/pdf;base64,BBBB","filename":"file.pdf"},
      {"type":"input_audio","input_audio":{"data":"CCCC","format":"mp3"}}]},
    {"type":"message","role":"assistant","content":"well"},
    {"type":"function_call","call_id":"toolu_1","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"toolu_1","output":"sunny"},
    {"type":"message","role":"user","content":"go on"},
    {"type":"message","role":"developer","content":"now this"}])"))
      << sent(a, "input");
}

TEST_F(ResponsesProvider, SeveralSystemBlocksStayApart) {
  Asked a;
  a.part(OC_PART_TEXT, "one");
  a.part(OC_PART_TEXT, "two");
  a.turn(OC_ROLE_SYSTEM);
  EXPECT_EQ(sent(a, "instructions"), "(nothing)");
  EXPECT_EQ(sent(a, "input"), R"([{"type":"message","role":"system","content":[{"type":"input_text","text":"one"},)"
                              R"({"type":"input_text","text":"two"}]}])");
}

TEST_F(ResponsesProvider, ToolResultsKeepTheirPictures) {
  Asked a;
  oc_part& call = a.part(OC_PART_TOOL_CALL);
  call.tool_id = oc::str("an id with spaces");
  call.tool_name = oc::str("patch");
  call.tool_args_json = oc::str("free");
  call.flags = OC_PARTF_CUSTOM;
  a.turn(OC_ROLE_ASSISTANT);
  oc_part text = oc::sized<oc_part>(), image = oc::sized<oc_part>();
  text.type = OC_PART_TEXT, text.text = oc::str("see");
  image.type = OC_PART_IMAGE, image.uri = oc::str("https://i");
  const oc_part* inner[] = {&text, &image};
  oc_part& result = a.part(OC_PART_TOOL_RESULT);
  result.tool_id = call.tool_id;
  result.flags = OC_PARTF_ERROR;
  result.parts = inner;
  result.n_parts = 2;
  a.turn(OC_ROLE_TOOL);
  std::vector<std::string> dropped;
  const std::string input = sent(a, "input", &dropped);
  // The result of a custom call is one, whether it says so or not; ids are made fit for everyone, both the same way.
  Arena arena;
  const oc_json* items = json::parse(arena, input);
  EXPECT_EQ(json::get(items->first, "type")->text, "custom_tool_call");
  EXPECT_EQ(json::get(items->first, "input")->text, "free");
  EXPECT_EQ(json::get(items->first->next, "type")->text, "custom_tool_call_output");
  EXPECT_EQ(json::get(items->first->next, "call_id")->text, json::get(items->first, "call_id")->text);
  EXPECT_THAT(input, Not(HasSubstr("spaces")));
  EXPECT_EQ(json::get(items->first->next, "output")->raw,
            R"([{"type":"input_text","text":"see"},{"type":"input_image","image_url":"https://i"}])");
  EXPECT_THAT(dropped, ElementsAre("tool_result.is_error"));
}

TEST_F(ResponsesProvider, OnlyReasoningThatBelongsHereGoesBack) {
  Asked a;
  oc_part& own = a.part(OC_PART_REASONING, "thought");
  own.opaque = oc::str("ENC");
  own.opaque_origin = oc::str("openai_responses/gpt-5");
  oc_part& other_model = a.part(OC_PART_REASONING, "else");
  other_model.opaque = oc::str("OLD");
  other_model.opaque_origin = oc::str("openai_responses/o3");
  oc_part& foreign = a.part(OC_PART_REASONING, "signed");
  foreign.opaque = oc::str("SIG");
  foreign.opaque_origin = oc::str("anthropic_messages/claude");
  a.part(OC_PART_REASONING, "bare");
  a.part(OC_PART_TEXT, "well");
  a.turn(OC_ROLE_ASSISTANT);
  std::vector<std::string> dropped;
  EXPECT_EQ(sent(a, "input", &dropped),
            R"([{"type":"reasoning","summary":[{"type":"summary_text","text":"thought"}],)"
            R"("encrypted_content":"ENC"},{"type":"message","role":"assistant","content":"well"}])");
  EXPECT_THAT(dropped, IsEmpty());  // by design, not a loss to report
}

TEST_F(ResponsesProvider, ParametersHaveTheirNames) {
  Asked a;
  oc_request& r = a.request;
  r.flags = OC_REQ_STREAM | OC_REQ_SERIAL_TOOLS | OC_REQ_SHOW_REASONING | OC_REQ_FORMAT_STRICT;
  r.set_mask = OC_SET_TEMPERATURE | OC_SET_TOP_P | OC_SET_MAX_TOKENS | OC_SET_LOGPROBS | OC_SET_REASONING_BUDGET;
  r.temperature = 0.5, r.top_p = 0.9, r.max_output_tokens = 99, r.top_logprobs = 2, r.reasoning_budget = 8192;
  r.format = OC_FORMAT_JSON_SCHEMA;
  r.format_name = oc::str("n");
  r.format_schema_json = oc::str(R"({"type":"object"})");
  r.verbosity = oc::str("low");
  r.service_tier = oc::str("flex");
  r.user = oc::str("u");
  Attempt attempt(host, R"({"api_key":"sk-123456789"})");
  const std::string body = attempt.build(r);
  EXPECT_TRUE(
      test::same_json(body, R"({"model":"gpt-5","input":[],"stream":true,"store":false,"temperature":0.5,"top_p":0.9,
    "max_output_tokens":99,"top_logprobs":2,"parallel_tool_calls":false,"service_tier":"flex","user":"u",
    "reasoning":{"effort":"medium","summary":"auto"},"include":["reasoning.encrypted_content","message.output_text.logprobs"],
    "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"}})"))
      << body;
  EXPECT_EQ(oc::view(attempt.http.path), "/responses");
  EXPECT_EQ(attempt.http.framing, std::uint32_t(OC_FRAME_SSE));
  EXPECT_EQ(attempt.header("authorization"), "Bearer sk-123456789");
  EXPECT_EQ(attempt.header("accept"), "text/event-stream");
}

TEST_F(ResponsesProvider, WhatHasNoPlaceIsReported) {
  Asked a;
  oc_str stop = oc::str("x");
  a.request.stop = &stop, a.request.n_stop = 1;
  a.request.n = 2;
  a.request.set_mask = OC_SET_N | OC_SET_SEED | OC_SET_TOP_K | OC_SET_PRESENCE_PENALTY | OC_SET_FREQUENCY_PENALTY;
  a.request.ext_json = oc::str(R"({"logit_bias":{"1":2}})");
  oc_tool& builtin = a.tool({});
  builtin.flags = OC_TOOLF_BUILTIN;
  builtin.ext_json = oc::str(R"({"type":"web_search_20250305"})");
  std::vector<std::string> dropped;
  EXPECT_EQ(sent(a, "tools", &dropped), "(nothing)");
  EXPECT_THAT(dropped, ElementsAre("tools[web_search_20250305]", "stop", "n", "seed", "top_k", "presence_penalty",
                                   "frequency_penalty", "logit_bias"));
  Attempt strict(host);
  strict.call.strict = true;
  strict.build(a.request);
  EXPECT_EQ(strict.built, OC_E_UNSUPPORTED);
}

TEST_F(ResponsesProvider, ToolsAreFlatAndSayWhetherTheyAreStrict) {
  Asked a;
  a.tool("f", R"({"type":"object"})").description = oc::str("d");
  a.tool("g").flags = OC_TOOLF_STRICT;
  a.tool("c").flags = OC_TOOLF_CUSTOM;
  EXPECT_EQ(sent(a, "tools"),
            R"([{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":false},)"
            R"({"type":"function","name":"g","parameters":{"type":"object","properties":{}},"strict":true},)"
            R"({"type":"custom","name":"c"}])");
  struct Row {
    std::uint32_t choice;
    std::vector<std::string_view> names;
    const char* wanted;
  };
  for (
      const Row& row :
      {Row{OC_CHOICE_UNSET, {}, "(nothing)"}, Row{OC_CHOICE_AUTO, {}, R"("auto")"},
       Row{OC_CHOICE_NONE, {}, R"("none")"}, Row{OC_CHOICE_REQUIRED, {}, R"("required")"},
       Row{OC_CHOICE_REQUIRED, {"f"}, R"({"type":"function","name":"f"})"},
       Row{OC_CHOICE_REQUIRED, {"c"}, R"({"type":"custom","name":"c"})"},
       Row{OC_CHOICE_AUTO,
           {"f", "c"},
           R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"},{"type":"custom","name":"c"}]})"}}) {
    std::vector<oc_str> names;
    for (const auto n : row.names) names.push_back(oc::str(n));
    a.request.tool_choice = row.choice;
    a.request.choice_names = names.data();
    a.request.n_choice_names = names.size();
    EXPECT_EQ(sent(a, "tool_choice"), row.wanted);
  }
}

TEST_F(ResponsesProvider, ABudgetIsAnEffort) {
  for (const auto& [budget, word] : std::initializer_list<std::pair<std::int64_t, std::string_view>>{
           {-1, ""}, {0, "none"}, {512, "minimal"}, {1024, "low"}, {8192, "medium"}, {24576, "high"}, {65536, "high"}})
    EXPECT_EQ(effort_for(budget), word) << budget;
}

// Models without reasoning refuse to be asked for it.
TEST_F(ResponsesProvider, StateIsAskedOfModelsThatHaveIt) {
  struct Row {
    const char *config, *model;
    bool asked;
  };
  for (const Row& row :
       {Row{"{}", "gpt-5", true}, Row{"{}", "openai/gpt-4o-mini", false}, Row{"{}", "gpt-5-chat-latest", false},
        Row{R"({"encrypted_reasoning":"always"})", "gpt-4o", true},
        Row{R"({"encrypted_reasoning":"never"})", "gpt-5", false}}) {
    Asked a;
    a.request.model = oc::str(row.model);
    Attempt attempt(host, row.config);
    EXPECT_EQ(attempt.build(a.request).find("encrypted_content") != std::string::npos, row.asked) << row.model;
  }
}

TEST_F(ResponsesProvider, EqualsTalkStraight) {
  Asked a;
  const std::string raw = R"({"model" : "alias", "input":"hi","odd":1})";
  const oc_anchor anchors[] = {{oc::str("object"), 0, raw.size()}, {oc::str("model"), 11, 7}};
  a.request.dialect = oc::str("openai_responses");
  a.request.raw = oc::bytes(raw);
  a.request.anchors = anchors;
  a.request.n_anchors = 2;
  Attempt straight(host);
  EXPECT_EQ(straight.build(a.request), R"({"model" : "gpt-5", "input":"hi","odd":1})");
  EXPECT_EQ(straight.http.straight, 1u);
  // Not when a stage wants to look, and not when the conversation is in the turns alone.
  EXPECT_THAT(Attempt(host).build(a.request, false), HasSubstr(R"("store":false)"));
  a.request.previous_id = oc::str("resp_1");
  const std::string anew = Attempt(host).build(a.request);
  EXPECT_THAT(anew, HasSubstr(R"("store":false)"));
  EXPECT_THAT(anew, Not(HasSubstr("resp_1")));
}

// A client may bring back what another upstream said: this one would look for items that it never had.
TEST_F(ResponsesProvider, ItemsMadeByTheGatewayDoNotGoStraight) {
  Asked a;
  const std::string raw = R"({"model":"gpt-5","input":[{"type":"function_call","id":"fc_1chatX"}]})";
  const oc_anchor anchors[] = {{oc::str("object"), 0, raw.size()}, {oc::str("model"), 9, 7}};
  a.request.dialect = oc::str("openai_responses");
  a.request.raw = oc::bytes(raw);
  a.request.anchors = anchors;
  a.request.n_anchors = 2;
  oc_part& call = a.part(OC_PART_TOOL_CALL);
  call.tool_id = oc::str("c1"), call.tool_name = oc::str("f");
  call.ext_json = oc::str(R"({"id":"fc_1chatX"})");
  a.turn(OC_ROLE_ASSISTANT);
  EXPECT_EQ(sent(a, "input"), R"([{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}])");
  const std::string token = R"({"model":"gpt-5","input":[{"type":"reasoning","encrypted_content":"MWNoYXQBYQ=="}]})";
  a.request.raw = oc::bytes(token);
  Attempt attempt(host);
  attempt.build(a.request);
  EXPECT_EQ(attempt.http.straight, 0u);
}

// Whoever goes on from a kept answer needs its reasoning, which the client did not ask for and does not get to see.
TEST_F(ResponsesProvider, AKeptAnswerIsAskedForItsState) {
  struct Row {
    const char *raw, *sent;
  };
  for (const Row& row :
       {Row{R"({"model":"gpt-5","input":"hi"})",
            R"({"include":["reasoning.encrypted_content"],"model":"gpt-5","input":"hi"})"},
        Row{R"({"model":"alias","include":[]})", R"({"model":"gpt-5","include":["reasoning.encrypted_content"]})"},
        Row{R"({"include":["x"],"model":"alias"})",
            R"({"include":["reasoning.encrypted_content","x"],"model":"gpt-5"})"},
        Row{R"({"model":"gpt-5","include":null})", R"({"model":"gpt-5","include":["reasoning.encrypted_content"]})"},
        Row{R"({"model":"gpt-5","include":["reasoning.encrypted_content"]})",
            R"({"model":"gpt-5","include":["reasoning.encrypted_content"]})"}}) {
    const std::string raw = row.raw;
    Arena arena;
    const oc_json* root = json::parse(arena, raw);
    std::vector<oc_anchor> anchors{{oc::str("object"), 0, raw.size()}};
    for (const char* name : {"model", "include"})
      if (const oc_json* v = json::get(root, name))
        anchors.push_back({oc::str(name), static_cast<std::uint64_t>(v->raw.data() - raw.data()), v->raw.size()});
    Asked a;
    a.request.dialect = oc::str("openai_responses");
    a.request.flags = OC_REQ_KEEP;
    a.request.raw = oc::bytes(raw);
    a.request.anchors = anchors.data();
    a.request.n_anchors = anchors.size();
    Attempt attempt(host);
    EXPECT_EQ(attempt.build(a.request), row.sent);
    const std::string body =
        R"({"object":"response","status":"completed","output":[{"type":"reasoning","encrypted_content":"A","summary":[]},)"
        R"({"type":"reasoning","summary":[] , "encrypted_content" : "B"},{"type":"message","content":[]}]})";
    std::string relayed;
    EXPECT_EQ(attempt.frame(body, true, &relayed), OC_OK);
    EXPECT_EQ(relayed, raw == row.sent
                           ? body
                           : R"({"object":"response","status":"completed","output":[{"type":"reasoning","summary":[]},)"
                             R"({"type":"reasoning","summary":[] },{"type":"message","content":[]}]})");
    EXPECT_EQ(attempt.call.last(OC_EV_ANSWER)->ext_json, body);
  }
}

// What belongs to reasoning that stays behind would be looked for upstream by its id.
TEST_F(ResponsesProvider, IdsStayBehindWithTheirReasoning) {
  Asked a;
  a.request.dialect = oc::str("openai_responses");
  a.turn(OC_ROLE_ASSISTANT).ext_json = oc::str(R"({"type":"reasoning","id":"rs_1"})");
  oc_part& call = a.part(OC_PART_TOOL_CALL);
  call.tool_id = oc::str("c1"), call.tool_name = oc::str("f"), call.tool_args_json = oc::str("{}");
  call.ext_json = oc::str(R"({"id":"fc_1","status":"completed"})");
  a.turn(OC_ROLE_ASSISTANT);
  EXPECT_EQ(sent(a, "input"),
            R"([{"type":"function_call","call_id":"c1","name":"f","arguments":"{}","status":"completed"}])");
}

TEST_F(ResponsesProvider, CountingIsARequestOfItsOwn) {
  Asked a;
  a.request.op = OC_OP_COUNT_TOKENS;
  a.request.set_mask = OC_SET_MAX_TOKENS;
  a.part(OC_PART_TEXT, "hi");
  a.turn(OC_ROLE_USER);
  Attempt attempt(host);
  EXPECT_EQ(attempt.build(a.request), R"({"model":"gpt-5","input":[{"type":"message","role":"user","content":"hi"}]})");
  EXPECT_EQ(oc::view(attempt.http.path), "/responses/input_tokens");
  EXPECT_EQ(attempt.frame(R"({"object":"response.input_tokens","input_tokens":42})"), OC_OK);
  EXPECT_EQ(attempt.finish(), OC_OK);
  ASSERT_EQ(attempt.call.events.size(), 1u);
  EXPECT_EQ(attempt.call.events[0].usage.input, 42u);
  EXPECT_NE(attempt.call.events[0].usage.flags & OC_USAGE_FINAL, 0u);
  Attempt without(host, R"({"count_tokens":false})");
  without.build(a.request);
  EXPECT_EQ(without.built, OC_E_UNSUPPORTED);
}

// ---- answers --------------------------------------------------------------------------------------------------------

TEST_F(ResponsesProvider, DeltasAreToldOnce) {
  EXPECT_THAT(
      told(
          {kCreated,
           R"({"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","content":[]}})",
           R"({"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}})",
           R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hel"})",
           R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"lo"})",
           R"({"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Hello"})",
           R"({"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hello"}})",
           R"({"type":"response.output_item.done","output_index":0,"item":{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"Hello"}]}})",
           kCompleted}),
      ElementsAre("start 0", "text 0 Hel", "text 0 lo", "end 0", "usage 0", "finish 1"));
}

// Imitators send less of the sequence; what they said is told all the same, once.
TEST_F(ResponsesProvider, WhatHadNoDeltasIsToldWhenItIsDone) {
  EXPECT_THAT(
      told(
          {kCreated, R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1",
                      "summary":[{"text":"a"},{"text":"b"}],"encrypted_content":"ENC"}})",
           R"({"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}})",
           R"({"type":"response.completed","response":{"status":"completed","output":[{"type":"reasoning","id":"rs_1"},
                      {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
                      {"type":"message","id":"m","content":[{"type":"output_text","text":"x"}]}]}})"}),
      ElementsAre("start 0", "reasoning 0 a !2", "reasoning 0 \n\n !2", "reasoning 0 b !2", "state 0 ENC", "end 0",
                  "tool 1 c f", "args 1 {}", "end 1", "text 2 x", "end 2", "finish 3"));
}

TEST_F(ResponsesProvider, EveryEventOfTheDialectIsUnderstood) {
  EXPECT_THAT(
      told(
          {kCreated,
           R"({"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}})",
           R"({"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"item_id":"rs_1","part":{"type":"summary_text","text":""}})",
           R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"item_id":"rs_1","delta":"s"})",
           R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"item_id":"rs_1","delta":"t"})",
           R"({"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"text":"s"},{"text":"t"}],"encrypted_content":"ENC"}})",
           R"({"type":"response.output_item.added","output_index":1,"item":{"id":"r2","type":"reasoning"}})",
           R"({"type":"response.reasoning_text.delta","output_index":1,"content_index":0,"item_id":"r2","delta":"raw"})",
           R"({"type":"response.output_item.done","output_index":1,"item":{"id":"r2","type":"reasoning","content":[{"text":"raw"}]}})",
           R"({"type":"response.output_item.added","output_index":2,"item":{"type":"custom_tool_call","call_id":"c","name":"g","input":""}})",
           R"({"type":"response.custom_tool_call_input.delta","output_index":2,"delta":"free"})",
           R"({"type":"response.output_item.done","output_index":2,"item":{"type":"custom_tool_call","call_id":"c","name":"g","input":"free"}})",
           R"({"type":"response.web_search_call.searching","output_index":3,"item_id":"ws"})",
           R"({"type":"response.output_item.done","output_index":3,"item":{"type":"web_search_call","id":"ws"}})",
           R"({"type":"response.output_item.done","output_index":4,"item":{"type":"image_generation_call","id":"ig","result":"iVBOR"}})",
           R"({"type":"response.refusal.delta","output_index":5,"content_index":0,"delta":"no"})",
           R"({"type":"response.output_text.delta","output_index":6,"content_index":0,"delta":"x","logprobs":[{"token":"x"}]})",
           R"({"type":"response.output_text.annotation.added","output_index":6,"content_index":0,"annotation":{"type":"url_citation","url":"u"}})",
           R"({"type":"response.something_new","output_index":6})",
           kCompleted}),
      ElementsAre("start 0", "reasoning 0 s !2", "reasoning 0 \n\n !2", "reasoning 0 t !2", "state 0 ENC", "end 0",
                  "reasoning 1 raw", "end 1", "tool 2 c g !1", "args 2 free", "end 2", "opaque 3", "end 3",
                  "media 4 iVBOR", "end 4", "refusal 5 no", "text 6 x", "logprobs 6", "citation 6", "end 5", "end 6",
                  "usage 0", "finish 3"));
}

TEST_F(ResponsesProvider, EveryEndingHasItsReason) {
  const auto ending = [&](const std::string& response) {
    const std::string frame = R"({"type":"response.incomplete","response":)" + response + "}";
    return told({frame}).back();
  };
  const std::string call = R"("output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{"}])";
  EXPECT_EQ(ending(R"({"status":"completed","output":[]})"), "finish 1");
  EXPECT_EQ(ending(R"({"status":"completed",)" + call + "}"), "finish 3");
  EXPECT_EQ(ending(R"({"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},)" + call + "}"),
            "finish 2");
  EXPECT_EQ(ending(R"({"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]})"),
            "finish 4");
  EXPECT_EQ(
      ending(R"({"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]})"),
      "finish 10");
}

TEST_F(ResponsesProvider, UsageIsDisjoint) {
  Asked a;
  a.request.flags = OC_REQ_STREAM;
  Attempt attempt(host);
  attempt.build(a.request);
  attempt.frame(kCompleted);
  const oc_usage u = attempt.call.last(OC_EV_USAGE)->usage;
  EXPECT_EQ(u.input, 5u);
  EXPECT_EQ(u.cache_read, 4u);
  EXPECT_EQ(u.cache_write, 3u);
  EXPECT_EQ(u.output, 7u);
  EXPECT_EQ(u.reasoning, 2u);
  EXPECT_EQ(u.flags, std::uint32_t(OC_USAGE_FINAL | OC_USAGE_CUMULATIVE));
}

TEST_F(ResponsesProvider, FailuresAreErrors) {
  struct Row {
    const char* frame;
    oc_status status;
    const char *text, *code;
  };
  for (
      const Row& row :
      {Row{R"({"type":"error","code":"rate_limit_exceeded","message":"slow","param":null,"sequence_number":3})",
           OC_E_RATE, "slow", "rate_limit_exceeded"},
       Row{R"({"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota","message":"pay"}})",
           OC_E_LIMIT, "pay", "insufficient_quota"},
       Row{R"({"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"oops"}}})",
           OC_E_UPSTREAM, "oops", "server_error"},
       Row{R"({"type":"response.failed","response":{"error":{"code":"context_length_exceeded","message":"long"}}})",
           OC_E_INVALID, "long", "context_length_exceeded"}}) {
    Asked a;
    a.request.flags = OC_REQ_STREAM;
    Attempt attempt(host);
    attempt.build(a.request);
    attempt.frame(kCreated);
    attempt.frame(row.frame);
    attempt.frame(kCompleted);  // nobody hears it
    const Event& e = attempt.call.events.back();
    ASSERT_EQ(e.type, std::uint32_t(OC_EV_ERROR)) << row.frame;
    EXPECT_EQ(e.status, row.status) << row.frame;
    EXPECT_EQ(e.text, row.text);
    EXPECT_EQ(e.code, row.code);
    EXPECT_EQ(e.ext_json, row.frame);
    EXPECT_EQ(attempt.finish(), OC_E_UPSTREAM);
  }
}

TEST_F(ResponsesProvider, AStreamWithoutItsEndIsAnError) {
  EXPECT_THAT(
      told({kCreated, R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"x"})"},
           OC_E_UPSTREAM),
      ElementsAre("start 0", "text 0 x"));
  Asked a;
  a.request.flags = OC_REQ_STREAM;
  Attempt cut(host);
  cut.build(a.request);
  cut.frame(kCreated);
  EXPECT_EQ(cut.finish(OC_E_IO), OC_E_IO);
  Attempt complete(host);
  complete.build(a.request);
  complete.frame(kCompleted);
  complete.frame("[DONE]");
  EXPECT_EQ(complete.finish(OC_E_IO), OC_OK);  // all was said before the connection broke
}

TEST_F(ResponsesProvider, AWholeBodySaysTheSameAsAStream) {
  Asked a;
  Attempt attempt(host);
  attempt.build(a.request);
  EXPECT_EQ(attempt.http.framing, std::uint32_t(OC_FRAME_BODY));
  EXPECT_EQ(attempt.frame(R"({"id":"resp_1","object":"response","status":"completed","model":"gpt-5","output":[
      {"type":"message","content":[{"type":"output_text","text":"see","annotations":[{"type":"url_citation","url":"u","start_index":0,"end_index":3}]}]}]})"),
            OC_OK);
  EXPECT_EQ(attempt.finish(), OC_OK);
  EXPECT_THAT(words(attempt.call.events), ElementsAre("start 0", "text 0 see", "citation 0", "end 0", "finish 1"));
  EXPECT_EQ(attempt.call.last(OC_EV_CITATION)->ext_json,
            R"({"url":"u","start":0,"end":3,"raw":{"type":"url_citation","url":"u","start_index":0,"end_index":3}})");
  for (const char* body :
       {R"({"error":{"message":"no","code":"server_error"}})",
        R"({"object":"response","status":"failed","error":{"code":"server_error","message":"no"}})"}) {
    Attempt failed(host);
    failed.build(a.request);
    failed.frame(body);
    EXPECT_EQ(failed.finish(), OC_E_UPSTREAM);
    EXPECT_EQ(failed.call.last(OC_EV_ERROR)->text, "no");
  }
  Attempt broken(host);
  broken.build(a.request);
  EXPECT_EQ(broken.frame("{"), OC_E_UPSTREAM);
}

TEST_F(ResponsesProvider, TheWholeAnswerIsToldToThoseWhoKeepIt) {
  Asked a;
  a.request.flags = OC_REQ_KEEP;
  Attempt attempt(host);
  attempt.build(a.request);
  const std::string body = R"({"id":"resp_1","object":"response","status":"completed","output":[]})";
  attempt.frame(body, true);
  ASSERT_NE(attempt.call.last(OC_EV_ANSWER), nullptr);
  EXPECT_EQ(attempt.call.last(OC_EV_ANSWER)->ext_json, body);
}

TEST_F(ResponsesProvider, CallsInANamespaceHaveTheNameThatWasDeclared) {
  Asked a;
  a.request.dialect = oc::str("openai_responses");
  a.tool("files__read").ext_json = oc::str(R"({"namespace":"files","name":"read","namespace_description":"about"})");
  Attempt attempt(host);
  EXPECT_THAT(
      attempt.build(a.request),
      HasSubstr(
          R"("tools":[{"type":"namespace","name":"files","description":"about","tools":[{"type":"function","name":"read"}]}])"));
  attempt.frame(R"({"object":"response","status":"completed","output":[
    {"type":"function_call","call_id":"c","name":"read","namespace":"files","arguments":"{}"},
    {"type":"function_call","call_id":"d","name":"found","namespace":"searched","arguments":"{}"}]})");
  std::vector<std::string> names;
  for (const Event& e : attempt.call.events)
    if (e.type == OC_EV_TOOL_BEGIN) names.push_back(e.tool_name);
  EXPECT_THAT(names, ElementsAre("files__read", "found"));
}

TEST_F(ResponsesProvider, SettingsAreChecked) {
  EXPECT_THROW(Attempt(host, R"({"headers":{"x":"a\r\nb"}})"), std::runtime_error);
  EXPECT_THROW(Attempt(host, R"({"headers":{"a b":"x"}})"), std::runtime_error);
  Attempt azure(host, R"({"api_key":"k","api_key_header":"api-key","paths":{"responses":"/r?api-version=1"}})");
  Asked a;
  azure.build(a.request);
  EXPECT_EQ(azure.header("api-key"), "k");
  EXPECT_EQ(azure.header("authorization"), "");
  EXPECT_EQ(oc::view(azure.http.path), "/r?api-version=1");
}

}  // namespace
}  // namespace onechat::openai_responses
