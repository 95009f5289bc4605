// Bodies of requests become turns, tools and parameters, or are refused with the place that is wrong.
#include "exchange_test.hpp"

namespace onechat::openai_responses {
namespace {

TEST_F(Responses, TheSimplestRequestIsAUsersTurn) {
  const Exchange x(host, R"({"model":"gpt-x","input":"hi"})");
  ASSERT_EQ(x.status, OC_OK);
  EXPECT_EQ(oc::view(x.request->model), "gpt-x");
  EXPECT_EQ(x.request->flags, std::uint32_t(OC_REQ_KEEP));  // stored unless the client says no
  ASSERT_EQ(x.request->n_turns, 1u);
  EXPECT_EQ(x.turn(0).role, std::uint32_t(OC_ROLE_USER));
  EXPECT_EQ(oc::view(x.part(0).text), "hi");
}

TEST_F(Responses, EveryParameterHasItsPlace) {
  const Exchange x(host,
                   R"({"model":"m","input":"hi","instructions":"be nice","stream":true,"store":false,"temperature":0.5,
    "top_p":0.9,"max_output_tokens":99,"parallel_tool_calls":false,"user":"u1","service_tier":"flex","top_logprobs":3,
    "reasoning":{"effort":"high","summary":"auto","context":"x"},
    "text":{"verbosity":"low","format":{"type":"json_schema","name":"n","description":"d","schema":{"type":"object"},"strict":true}},
    "metadata":{"a":"b"},"client_metadata":{"c":1},"include":["reasoning.encrypted_content"],"truncation":"auto"})");
  ASSERT_EQ(x.status, OC_OK);
  const oc_request& r = *x.request;
  EXPECT_EQ(r.flags, std::uint32_t(OC_REQ_STREAM | OC_REQ_STREAM_USAGE | OC_REQ_SERIAL_TOOLS | OC_REQ_SHOW_REASONING |
                                   OC_REQ_FORMAT_STRICT));
  EXPECT_EQ(r.set_mask, std::uint64_t(OC_SET_TEMPERATURE | OC_SET_TOP_P | OC_SET_MAX_TOKENS | OC_SET_LOGPROBS));
  EXPECT_EQ(r.temperature, 0.5);
  EXPECT_EQ(r.top_p, 0.9);
  EXPECT_EQ(r.max_output_tokens, 99u);
  EXPECT_EQ(r.top_logprobs, 3);
  EXPECT_EQ(oc::view(r.user), "u1");
  EXPECT_EQ(oc::view(r.service_tier), "flex");
  EXPECT_EQ(oc::view(r.reasoning_effort), "high");
  EXPECT_EQ(oc::view(r.verbosity), "low");
  EXPECT_EQ(r.format, std::uint32_t(OC_FORMAT_JSON_SCHEMA));
  EXPECT_EQ(oc::view(r.format_name), "n");
  EXPECT_EQ(oc::view(r.format_description), "d");
  EXPECT_EQ(oc::view(r.format_schema_json), R"({"type":"object"})");
  ASSERT_EQ(r.n_turns, 2u);
  EXPECT_EQ(x.turn(0).role, std::uint32_t(OC_ROLE_SYSTEM));
  EXPECT_EQ(oc::view(x.part(0).text), "be nice");
  EXPECT_TRUE(test::same_json(oc::view(r.ext_json),
                              R"({"store":false,"metadata":{"a":"b"},"client_metadata":{"c":1},"truncation":"auto",
                                  "include":["reasoning.encrypted_content"],"reasoning":{"summary":"auto","context":"x"}})"))
      << oc::view(r.ext_json);
}

TEST_F(Responses, EveryKindOfItemBecomesATurn) {
  const Exchange x(host, R"({"model":"m","input":[
    {"role":"developer","content":"rules"},
    {"role":"user","content":[{"type":"input_text","text":"look"},
      {"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"},
      {"type":"input_image","image_url":"https://x/y.png"},{"type":"input_image","file_id":"file_1"},
      {"type":"input_file","file_data":"data:application/pdf;base64,BBBB","filename":"a.pdf"},
      {"type":"input_file","file_url":"https://x/y.pdf"},{"type":"input_file","file_id":"file_2"},
      {"type":"input_audio","input_audio":{"data":"CCCC","format":"mp3"}},{"type":"new_part","x":1}]},
    {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s1"},{"type":"summary_text","text":"s2"}],
      "content":[{"type":"reasoning_text","text":"c1"}],"encrypted_content":"ENC"},
    {"type":"message","role":"assistant","id":"msg_1","status":"completed","content":[
      {"type":"output_text","text":"well","annotations":[]},{"type":"refusal","refusal":"no"}]},
    {"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}","id":"fc_1","status":"completed"},
    {"type":"custom_tool_call","call_id":"c2","name":"g","input":"free"},
    {"type":"function_call_output","call_id":"c1","output":"sunny"},
    {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"t"},{"type":"input_image","image_url":"https://i"}]},
    {"type":"web_search_call","id":"ws_1","status":"completed"},
    {"type":"item_reference","id":"msg_other"}]})");
  ASSERT_EQ(x.status, OC_OK) << x.call.failure->message;
  ASSERT_EQ(x.request->n_turns, 10u);
  EXPECT_EQ(x.turn(0).role, std::uint32_t(OC_ROLE_DEVELOPER));
  ASSERT_EQ(x.turn(1).n_parts, 9u);
  EXPECT_EQ(x.part(1, 1).type, std::uint32_t(OC_PART_IMAGE));
  EXPECT_EQ(oc::view(x.part(1, 1).media_type), "image/png");
  EXPECT_EQ(oc::view(x.part(1, 1).data_base64), "AAAA");
  EXPECT_EQ(oc::view(x.part(1, 1).detail), "low");
  EXPECT_EQ(oc::view(x.part(1, 2).uri), "https://x/y.png");
  EXPECT_EQ(oc::view(x.part(1, 3).uri), "file_1");
  EXPECT_EQ(x.part(1, 3).flags, std::uint32_t(OC_PARTF_FILE_ID));
  EXPECT_EQ(oc::view(x.part(1, 4).name), "a.pdf");
  EXPECT_EQ(oc::view(x.part(1, 5).uri), "https://x/y.pdf");
  EXPECT_EQ(x.part(1, 6).flags, std::uint32_t(OC_PARTF_FILE_ID));
  EXPECT_EQ(oc::view(x.part(1, 7).media_type), "audio/mpeg");
  EXPECT_EQ(oc::view(x.part(1, 8).ext_json), R"({"type":"new_part","x":1})");
  ASSERT_EQ(x.turn(2).n_parts, 3u);
  EXPECT_EQ(x.part(2, 0).flags, std::uint32_t(OC_PARTF_SUMMARY));
  EXPECT_EQ(x.part(2, 2).flags, 0u);
  EXPECT_EQ(oc::view(x.part(2, 2).opaque), "ENC");
  EXPECT_EQ(oc::view(x.part(2, 2).opaque_origin), "openai_responses/");
  EXPECT_EQ(x.part(3, 1).type, std::uint32_t(OC_PART_REFUSAL));
  EXPECT_EQ(oc::view(x.part(4).tool_args_json), R"({"a":1})");
  EXPECT_EQ(x.part(5).flags, std::uint32_t(OC_PARTF_CUSTOM));
  EXPECT_EQ(oc::view(x.part(5).tool_args_json), "free");
  EXPECT_EQ(x.turn(6).role, std::uint32_t(OC_ROLE_TOOL));
  EXPECT_EQ(oc::view(x.part(6).text), "sunny");
  ASSERT_EQ(x.part(7).n_parts, 2u);
  EXPECT_EQ(x.part(7).parts[1]->type, std::uint32_t(OC_PART_IMAGE));
  EXPECT_EQ(x.turn(8).role, std::uint32_t(OC_ROLE_ASSISTANT));
  EXPECT_EQ(x.part(8).type, std::uint32_t(OC_PART_OPAQUE));
  EXPECT_EQ(oc::view(x.part(9).ext_json), R"({"type":"item_reference","id":"msg_other"})");
}

TEST_F(Responses, ToolsAndChoicesBecomeTyped) {
  const Exchange x(host, R"({"model":"m","input":"hi","tools":[
    {"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true},
    {"type":"function","name":"g","parameters":null,"strict":false,"defer_loading":true},
    {"type":"custom","name":"c","description":"free","format":{"type":"grammar","syntax":"lark","definition":"x"}},
    {"type":"namespace","name":"files","description":"about files","tools":[{"type":"function","name":"read","parameters":{}}]},
    {"type":"web_search"}],
    "tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"},{"type":"custom","name":"c"}]}})");
  ASSERT_EQ(x.status, OC_OK);
  const oc_request& r = *x.request;
  ASSERT_EQ(r.n_tools, 5u);
  EXPECT_EQ(r.tools[0]->flags, std::uint32_t(OC_TOOLF_STRICT));
  EXPECT_EQ(r.tools[0]->ext_json.len, 0u);
  EXPECT_TRUE(
      test::same_json(oc::view(r.tools[1]->ext_json), R"({"parameters":null,"strict":false,"defer_loading":true})"));
  EXPECT_EQ(r.tools[2]->flags, std::uint32_t(OC_TOOLF_CUSTOM));
  EXPECT_EQ(oc::view(r.tools[3]->name), "files__read");
  EXPECT_EQ(r.tools[4]->flags, std::uint32_t(OC_TOOLF_BUILTIN));
  EXPECT_EQ(r.tool_choice, std::uint32_t(OC_CHOICE_AUTO));
  ASSERT_EQ(r.n_choice_names, 2u);
  EXPECT_EQ(oc::view(r.choice_names[1]), "c");

  const Exchange forced(host, R"({"model":"m","input":"hi","tool_choice":{"type":"function","name":"f"}})");
  EXPECT_EQ(forced.request->tool_choice, std::uint32_t(OC_CHOICE_REQUIRED));
  EXPECT_EQ(oc::view(forced.request->choice_names[0]), "f");
  const Exchange hosted(host, R"({"model":"m","input":"hi","tool_choice":{"type":"web_search"}})");
  EXPECT_EQ(hosted.request->tool_choice, std::uint32_t(OC_CHOICE_UNSET));
  EXPECT_EQ(oc::view(hosted.request->ext_json), R"({"tool_choice":{"type":"web_search"}})");
}

TEST_F(Responses, AnErrorNamesThePlace) {
  struct Row {
    const char *body, *param, *code;
  };
  const Row rows[] = {
      {"{", "", ""},
      {"[]", "", "invalid_type"},
      {R"({"input":"hi"})", "model", "missing_required_parameter"},
      {R"({"model":7,"input":"hi"})", "model", "invalid_type"},
      {R"({"model":"m"})", "input", "missing_required_parameter"},
      {R"({"model":"m","input":7})", "input", "invalid_type"},
      {R"({"model":"m","model":"n","input":"hi"})", "model", "duplicate_parameter"},
      {R"({"model":"m","input":["x"]})", "input[0]", "invalid_type"},
      {R"({"model":"m","input":[{"role":"robot","content":"x"}]})", "input[0].role", "invalid_value"},
      {R"({"model":"m","input":[{"role":"user"}]})", "input[0].content", "missing_required_parameter"},
      {R"({"model":"m","input":[{"role":"user","content":[{"type":"input_text"}]}]})", "input[0].content[0].text",
       "missing_required_parameter"},
      {R"({"model":"m","input":[{"role":"user","content":[{"type":"input_image"}]}]})", "input[0].content[0].image_url",
       "missing_required_parameter"},
      {R"({"model":"m","input":[{"type":"function_call","name":"f","arguments":"{}"}]})", "input[0].call_id",
       "missing_required_parameter"},
      {R"({"model":"m","input":[{"type":"function_call_output","call_id":"c"}]})", "input[0].output",
       "missing_required_parameter"},
      {R"({"model":"m","input":"hi","tools":[{"type":"function"}]})", "tools[0].name", "missing_required_parameter"},
      {R"({"model":"m","input":"hi","tools":[{"type":"namespace","name":"n"}]})", "tools[0].tools", "invalid_type"},
      {R"({"model":"m","input":"hi","tool_choice":"maybe"})", "tool_choice", "invalid_value"},
      {R"({"model":"m","input":"hi","temperature":"hot"})", "temperature", "invalid_type"},
      {R"({"model":"m","input":"hi","max_output_tokens":0})", "max_output_tokens", "integer_below_min_value"},
      {R"({"model":"m","input":"hi","stream":"yes"})", "stream", "invalid_type"},
      {R"({"model":"m","input":"hi","text":{"format":{"type":"xml"}}})", "text.format.type", "invalid_value"},
      {R"({"model":"m","input":"hi","text":{"format":{"type":"json_schema","schema":{}}}})", "text.format.name",
       "missing_required_parameter"},
  };
  for (const Row& row : rows) {
    const Exchange x(host, row.body);
    EXPECT_EQ(x.status, OC_E_INVALID) << row.body;
    ASSERT_TRUE(x.call.failure) << row.body;
    EXPECT_EQ(x.call.failure->param, row.param) << row.body;
    EXPECT_EQ(x.call.failure->code, row.code) << row.body;
    EXPECT_EQ(x.call.failure->http_status, 400u) << row.body;
  }
}

// What the Codex command line sends.
TEST_F(Responses, ACodingAgentsRequestParses) {
  const Exchange x(host, R"({"model":"gpt-5-codex","instructions":"You are a coding agent.","stream":true,"store":false,
    "include":["reasoning.encrypted_content"],"prompt_cache_key":"k","client_metadata":{"session":"s"},"parallel_tool_calls":true,
    "tool_choice":"auto","reasoning":{"effort":"medium","summary":"auto"},"input":[
      {"type":"message","role":"developer","content":[{"type":"input_text","text":"rules"}]},
      {"type":"message","role":"user","content":[{"type":"input_text","text":"fix it"}]},
      {"type":"reasoning","summary":[],"content":null,"encrypted_content":"gAAAA"},
      {"type":"function_call","name":"shell","arguments":"{}","call_id":"c1"},
      {"type":"function_call_output","call_id":"c1","output":"ok"}],
    "tools":[{"type":"function","name":"shell","strict":false,"parameters":{"type":"object"}},
      {"type":"custom","name":"apply_patch","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
      {"type":"namespace","name":"agents","description":"d","tools":[{"type":"function","name":"spawn","strict":false,"parameters":{}}]},
      {"type":"web_search","external_web_access":false}]})");
  ASSERT_EQ(x.status, OC_OK);
  EXPECT_EQ(x.request->n_turns, 6u);
  EXPECT_EQ(x.request->n_tools, 4u);
  EXPECT_EQ(x.request->flags & OC_REQ_KEEP, 0u);
}

TEST_F(Responses, WhatIsNotOfferedIsRefusedInTheDialectsWords) {
  for (const char* path : {"/v1/responses/compact", "/v1/conversations", "/v1/conversations/conv_1/items"}) {
    const Exchange x(host, "{}", OC_OP_GENERATE, {}, {}, path);
    EXPECT_EQ(x.status, OC_E_NOT_FOUND) << path;
    EXPECT_EQ(x.call.failure->http_status, 404u);
    EXPECT_EQ(x.call.failure->code, "unsupported_endpoint");
  }
}

}  // namespace
}  // namespace onechat::openai_responses
