// Every member of a request and the typed value that it becomes.
#include "common/state_token.hpp"
#include "fixture_test.hpp"

namespace onechat::openai_chat {
namespace {

struct ParseTest : SurfaceTest {
  // The request {"model","messages", MEMBERS}.
  const oc_request& with(std::string_view members) {
    const oc_status status = parse(R"({"model":"m","messages":[{"role":"user","content":"hi"}],)" + std::string(members) + "}");
    EXPECT_EQ(status, OC_OK) << members << (call.failure ? call.failure->message : "");
    return *request;
  }
  const oc_request& messages(std::string_view list) {
    const oc_status status = parse(R"({"model":"m","messages":[)" + std::string(list) + "]}");
    EXPECT_EQ(status, OC_OK) << list << (call.failure ? call.failure->message : "");
    return *request;
  }
  static std::vector<std::string> names(const oc_request& r) {
    std::vector<std::string> out;
    for (std::uint64_t i = 0; i < r.n_choice_names; ++i) out.emplace_back(oc::view(r.choice_names[i]));
    return out;
  }
};

TEST_F(ParseTest, Sampling) {
  const oc_request& r = with(R"("temperature":0.5,"top_p":0.9,"top_k":40,"presence_penalty":1,"frequency_penalty":-1,"seed":5,
    "logprobs":true,"top_logprobs":3)");
  EXPECT_EQ(r.set_mask, std::uint64_t(OC_SET_TEMPERATURE | OC_SET_TOP_P | OC_SET_TOP_K | OC_SET_PRESENCE_PENALTY |
                                      OC_SET_FREQUENCY_PENALTY | OC_SET_SEED | OC_SET_LOGPROBS));
  EXPECT_EQ(r.temperature, 0.5);
  EXPECT_EQ(r.top_p, 0.9);
  EXPECT_EQ(r.top_k, 40);
  EXPECT_EQ(r.presence_penalty, 1);
  EXPECT_EQ(r.frequency_penalty, -1);
  EXPECT_EQ(r.seed, 5);
  EXPECT_EQ(r.top_logprobs, 3);
  EXPECT_EQ(r.ext_json.len, 0u);
  EXPECT_EQ(with(R"("logprobs":false,"top_logprobs":3)").set_mask, 0u);
  EXPECT_EQ(with(R"("temperature":"hot","seed":1.5,"top_k":null)").set_mask, 0u) << "the provider may judge what is odd";
}

TEST_F(ParseTest, Options) {
  const oc_request& r = with(R"("service_tier":"flex","verbosity":"low","user":"u","safety_identifier":"s","store":true,
    "parallel_tool_calls":false,"prompt_cache_key":"k","metadata":{"a":"b"})");
  EXPECT_EQ(oc::view(r.service_tier), "flex");
  EXPECT_EQ(oc::view(r.verbosity), "low");
  EXPECT_EQ(oc::view(r.user), "u");
  EXPECT_EQ(r.flags, std::uint32_t(OC_REQ_SERIAL_TOOLS)) << "store is not a wish to keep the answer";
  EXPECT_EQ(oc::view(r.ext_json), R"({"prompt_cache_key":"k","metadata":{"a":"b"}})");
  EXPECT_EQ(oc::view(with(R"("safety_identifier":"s")").user), "s");
  EXPECT_EQ(with(R"("parallel_tool_calls":true)").flags, 0u);
}

TEST_F(ParseTest, TheWishToThinkInAllItsSpellings) {
  struct Case {
    const char *members, *effort;
    std::int64_t budget;  // INT64_MIN: not said
    bool show;
  };
  constexpr std::int64_t kNo = INT64_MIN;
  const Case cases[] = {
      {R"("reasoning_effort":"high")", "high", kNo, false},
      {R"("reasoning_effort":null)", "", kNo, false},
      {R"("reasoning":{"effort":"low"})", "low", kNo, true},
      {R"("reasoning":{"effort":"low","exclude":true})", "low", kNo, false},
      {R"("reasoning":{"max_tokens":2000})", "", 2000, true},
      {R"("reasoning":{"enabled":true})", "", -1, true},
      {R"("reasoning":{"enabled":false})", "none", kNo, true},
      {R"("include_reasoning":true)", "", kNo, true},
      {R"("reasoning":{"effort":"low"},"include_reasoning":false)", "low", kNo, false},
      {R"("thinking":{"type":"enabled","budget_tokens":4096})", "", 4096, true},
      {R"("thinking":{"type":"disabled"})", "none", kNo, false},
      {R"("enable_thinking":true)", "", -1, true},
      {R"("enable_thinking":true,"thinking_budget":100)", "", 100, true},
      {R"("enable_thinking":false)", "none", kNo, false},
      {R"("reasoning":7,"thinking":"x","thinking_budget":"y")", "", kNo, false},
  };
  for (const Case& c : cases) {
    const oc_request& r = with(c.members);
    EXPECT_EQ(oc::view(r.reasoning_effort), c.effort) << c.members;
    EXPECT_EQ((r.set_mask & OC_SET_REASONING_BUDGET) != 0, c.budget != kNo) << c.members;
    if (c.budget != kNo) {
      EXPECT_EQ(r.reasoning_budget, c.budget) << c.members;
    }
    EXPECT_EQ((r.flags & OC_REQ_SHOW_REASONING) != 0, c.show) << c.members;
    EXPECT_EQ(r.ext_json.len, 0u) << c.members;
  }
}

TEST_F(ParseTest, FormsOfTheAnswer) {
  EXPECT_EQ(with(R"("response_format":{"type":"text"})").format, std::uint32_t(OC_FORMAT_TEXT));
  EXPECT_EQ(with(R"("response_format":{"type":"json_object"})").format, std::uint32_t(OC_FORMAT_JSON));
  const oc_request& r = with(R"("response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","strict":true,
    "schema":{"type":"object"}}})");
  EXPECT_EQ(r.format, std::uint32_t(OC_FORMAT_JSON_SCHEMA));
  EXPECT_EQ(oc::view(r.format_name), "n");
  EXPECT_EQ(oc::view(r.format_description), "d");
  EXPECT_EQ(oc::view(r.format_schema_json), R"({"type":"object"})");
  EXPECT_EQ(r.flags, std::uint32_t(OC_REQ_FORMAT_STRICT));
  const oc_request& odd = with(R"("response_format":{"type":"grammar","grammar":"g"},"x":1)");
  EXPECT_EQ(odd.format, std::uint32_t(OC_FORMAT_UNSET));
  EXPECT_TRUE(same_json(oc::view(odd.ext_json), R"({"x":1,"response_format":{"type":"grammar","grammar":"g"}})")) << oc::view(odd.ext_json);
}

TEST_F(ParseTest, ToolsOfAllKinds) {
  const oc_request& r = with(R"("tools":[
    {"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true,"x":1},"cache_control":{"type":"ephemeral"}},
    {"type":"custom","custom":{"name":"patch","description":"p","format":{"type":"text"}}},
    {"type":"web_search"},{"name":"bare","parameters":{}}])");
  ASSERT_EQ(r.n_tools, 4u);
  EXPECT_EQ(r.tools[0]->flags, std::uint32_t(OC_TOOLF_STRICT));
  EXPECT_EQ(oc::view(r.tools[0]->ext_json), R"({"cache_control":{"type":"ephemeral"},"function":{"x":1}})");
  EXPECT_EQ(r.tools[1]->flags, std::uint32_t(OC_TOOLF_CUSTOM));
  EXPECT_EQ(oc::view(r.tools[1]->name), "patch");
  EXPECT_EQ(oc::view(r.tools[1]->ext_json), R"({"format":{"type":"text"}})");
  EXPECT_EQ(r.tools[2]->flags, std::uint32_t(OC_TOOLF_BUILTIN));
  EXPECT_EQ(oc::view(r.tools[3]->name), "bare");
}

TEST_F(ParseTest, ChoicesAmongTools) {
  struct Case {
    const char* choice;
    std::uint32_t wanted;
    std::vector<std::string> names;
  };
  const Case cases[] = {
      {R"("tool_choice":"auto")", OC_CHOICE_AUTO, {}},
      {R"("tool_choice":"none")", OC_CHOICE_NONE, {}},
      {R"("tool_choice":"required")", OC_CHOICE_REQUIRED, {}},
      {R"("tool_choice":"any")", OC_CHOICE_REQUIRED, {}},
      {R"("tool_choice":"tomorrow's word")", OC_CHOICE_UNSET, {}},
      {R"("tool_choice":{"type":"function","function":{"name":"f"}})", OC_CHOICE_REQUIRED, {"f"}},
      {R"("tool_choice":{"type":"function","name":"f"})", OC_CHOICE_REQUIRED, {"f"}},
      {R"("tool_choice":{"type":"custom","custom":{"name":"g"}})", OC_CHOICE_REQUIRED, {"g"}},
      {R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}},
        {"type":"custom","custom":{"name":"g"}}]}})", OC_CHOICE_AUTO, {"f", "g"}},
      {R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","name":"f"}]}})",
       OC_CHOICE_REQUIRED, {"f"}},
      {R"("functions":[{"name":"f"}],"function_call":"none")", OC_CHOICE_NONE, {}},
      {R"("functions":[{"name":"f"}],"function_call":{"name":"f"})", OC_CHOICE_REQUIRED, {"f"}},
      {R"("tool_choice":null)", OC_CHOICE_UNSET, {}},
  };
  for (const Case& c : cases) {
    const oc_request& r = with(c.choice);
    EXPECT_EQ(r.tool_choice, c.wanted) << c.choice;
    EXPECT_EQ(names(r), c.names) << c.choice;
  }
}

TEST_F(ParseTest, AnchorsTellHowTheClientSpelledIt) {
  with(R"("max_tokens":7,"reasoning":{"effort":"low"},"store":false,"parallel_tool_calls":true)");
  EXPECT_EQ(anchored("reasoning"), R"({"effort":"low"})");
  EXPECT_EQ(anchored("store"), "false");
  EXPECT_EQ(anchored("parallel_tool_calls"), "true");
  EXPECT_EQ(anchored("max_tokens"), "7");
  with(R"("functions":[{"name":"f"}],"function_call":null)");
  EXPECT_EQ(anchored("functions"), R"([{"name":"f"}])");
  with(R"("functions":null,"reasoning":null,"stream_options":null,"tools":[{"type":"function","function":{"name":"f"}}])");
  EXPECT_EQ(anchored("functions"), "") << "or the answer would come as a function_call";
  EXPECT_EQ(anchored("reasoning"), "");
  EXPECT_EQ(anchored("stream_options"), "null") << "which usage may take the place of";
  with(R"("functions":[{"name":"f"}],"tools":[{"type":"function","function":{"name":"f"}}])");
  EXPECT_EQ(anchored("functions"), "");
}

// ---- ids

TEST_F(ParseTest, CallsWithoutIdsAndTheirResultsFindEachOther) {
  messages(R"({"role":"assistant","tool_calls":[{"function":{"name":"f"}},{"id":"","function":{"name":"g"}},{"id":7,"function":{"name":"h"}}]},
    {"role":"tool","tool_call_id":"","content":"1"},{"role":"tool","tool_call_id":null,"content":"2"},{"role":"tool","tool_call_id":7,"content":"3"},
    {"role":"assistant","function_call":{"name":"old","arguments":"{}"}},{"role":"function","name":"old","content":"4"})");
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_GT(part(0, i).tool_id.len, 0u);
    EXPECT_EQ(oc::view(part(0, i).tool_id), oc::view(part(i + 1, 0).tool_id)) << i;
  }
  EXPECT_NE(oc::view(part(0, 0).tool_id), oc::view(part(0, 1).tool_id));
  EXPECT_EQ(oc::view(part(0, 2).tool_id), "7");
  EXPECT_EQ(oc::view(part(4, 0).tool_id), oc::view(part(5, 0).tool_id));
  EXPECT_EQ(oc::view(part(5, 0).tool_name), "old");
}

// ---- state

TEST_F(ParseTest, ReasoningIsReadUnderBothNames) {
  messages(R"({"role":"assistant","content":"a","reasoning":"r1"},{"role":"assistant","content":"a","reasoning_content":"r2","reasoning":"again"})");
  EXPECT_EQ(part(0, 0).type, std::uint32_t(OC_PART_REASONING));
  EXPECT_EQ(oc::view(part(0, 0).text), "r1");
  EXPECT_EQ(oc::view(part(1, 0).text), "r2");
  EXPECT_EQ(request->turns[1]->n_parts, 2u);
}

TEST_F(ParseTest, AVendorsDetailsAreStateOfItsDialect) {
  messages(R"({"role":"assistant","content":"a","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"S"},
    {"type":"reasoning.encrypted","data":"D"}]})");
  ASSERT_EQ(request->turns[0]->n_parts, 2u);
  EXPECT_EQ(oc::view(part(0, 0).text), "hm");
  EXPECT_EQ(oc::view(part(0, 0).opaque_origin), "openai_chat/");
  EXPECT_TRUE(same_json(oc::view(part(0, 0).opaque),
                        R"([{"type":"reasoning.text","text":"hm","signature":"S"},{"type":"reasoning.encrypted","data":"D"}])"));
}

TEST_F(ParseTest, AnotherDialectsStateComesBackOutOfItsSlot) {
  const oc::Call c{host.table(), call.handle(), &call.arena};
  const std::string slot(dialect::to_slot(c, "openai_chat", "SIG", "anthropic_messages/claude"));
  messages(R"({"role":"assistant","content":"a","reasoning_content":"hm","reasoning_details":[
      {"type":"reasoning.text","text":"hm","signature":")" + slot + R"("},{"type":"reasoning.encrypted","data":")" + slot + R"("},
      {"type":"reasoning.summary","summary":"s","data":")" + slot + R"("}],
    "tool_calls":[{"id":"a","type":"function","function":{"name":"f"},"extra_content":{"google":{"thought_signature":")" + slot + R"("}}}],
    "extra_content":{"google":{"thought_signature":")" + slot + R"("}}})");
  ASSERT_EQ(request->turns[0]->n_parts, 5u);
  const char* texts[] = {"hm", "", "s"};
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(part(0, i).type, std::uint32_t(OC_PART_REASONING));
    EXPECT_EQ(oc::view(part(0, i).text), texts[i]);
  }
  EXPECT_EQ(part(0, 2).flags, std::uint32_t(OC_PARTF_SUMMARY));
  for (const std::uint64_t i : {0, 1, 2, 3, 4}) {
    EXPECT_EQ(oc::view(part(0, i).opaque), "SIG") << i;
    EXPECT_EQ(oc::view(part(0, i).opaque_origin), "anthropic_messages/claude") << i;
  }
  EXPECT_EQ(part(0, 4).type, std::uint32_t(OC_PART_TOOL_CALL));
}

}  // namespace
}  // namespace onechat::openai_chat
