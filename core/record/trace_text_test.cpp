#include "record/trace_text.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "json/json.hpp"

namespace onechat::record {
namespace {

oc_part part_of(std::uint32_t type, std::string_view text = {}) {
  oc_part p{};
  p.struct_size = sizeof p;
  p.type = type;
  p.text = str(text);
  return p;
}

oc_event event_of(std::uint32_t type, std::string_view text = {}, std::uint32_t index = 0, std::uint32_t choice = 0) {
  oc_event e{};
  e.struct_size = sizeof e;
  e.type = type;
  e.text = str(text);
  e.index = index;
  e.choice = choice;
  return e;
}

oc_event finish_of(std::uint32_t finish, std::uint32_t choice = 0) {
  oc_event e = event_of(OC_EV_FINISH, {}, 0, choice);
  e.finish = finish;
  return e;
}

oc_event tool_begin(std::string_view id, std::string_view name, std::uint32_t index) {
  oc_event e = event_of(OC_EV_TOOL_BEGIN, {}, index);
  e.tool_id = str(id);
  e.tool_name = str(name);
  return e;
}

std::string text_of(const AnswerText& answer) {
  std::string out;
  answer.append_to(out);
  return out;
}

std::string turns_of(std::vector<oc_part> parts, std::uint32_t role = OC_ROLE_USER) {
  std::vector<const oc_part*> pointers;
  for (const auto& p : parts) pointers.push_back(&p);
  oc_turn turn{};
  turn.struct_size = sizeof turn;
  turn.role = role;
  turn.parts = pointers.data();
  turn.n_parts = pointers.size();
  const oc_turn* turns[] = {&turn};
  oc_request request{};
  request.struct_size = sizeof request;
  request.turns = turns;
  request.n_turns = 1;
  std::string out;
  append_turns(out, request);
  return out;
}

TEST(Turns, ARequestReadsAsTurnsOfParts) {
  EXPECT_EQ(turns_of({part_of(OC_PART_TEXT, "Grüße \"dir\"\n")}),
            R"([{"role":"user","parts":[{"type":"text","text":"Grüße \"dir\"\n"}]}])");
}

TEST(Turns, BinaryContentIsNamedAndSizedButNotRepeated) {
  oc_part image = part_of(OC_PART_IMAGE);
  image.media_type = str("image/png");
  image.data_base64 = str("iVBORw0KGgo=");
  oc_part thought = part_of(OC_PART_REASONING, "hm");
  thought.opaque = str("c2VjcmV0");
  EXPECT_EQ(turns_of({image, thought}, OC_ROLE_ASSISTANT),
            R"([{"role":"assistant","parts":[{"type":"image","media_type":"image/png","base64_bytes":12},)"
            R"({"type":"reasoning","text":"hm","opaque_bytes":8}]}])");
}

TEST(Turns, ArgumentsThatAreNotJsonCannotBreakTheRecord) {
  oc_part call = part_of(OC_PART_TOOL_CALL);
  call.tool_id = str("c1");
  call.tool_name = str("look_up");
  call.tool_args_json = str("{\"a\": ");
  oc_part inner = part_of(OC_PART_TEXT, "42");
  const oc_part* inner_parts[] = {&inner};
  oc_part result = part_of(OC_PART_TOOL_RESULT);
  result.tool_id = str("c1");
  result.flags = OC_PARTF_ERROR;
  result.parts = inner_parts;
  result.n_parts = 1;
  const std::string out = turns_of({call, result}, OC_ROLE_TOOL);
  EXPECT_EQ(out, R"([{"role":"tool","parts":[{"type":"tool_call","id":"c1","name":"look_up","arguments":"{\"a\": "},)"
                 R"({"type":"tool_result","id":"c1","error":true,"parts":[{"type":"text","text":"42"}]}]}])");
  Arena arena;
  EXPECT_NE(json::parse(arena, out), nullptr);
}

TEST(Turns, InputsOfAnEmbeddingAreTurnsOfTheUser) {
  const oc_str inputs[] = {str("a"), str("b")};
  oc_request request{};
  request.struct_size = sizeof request;
  request.inputs = inputs;
  request.n_inputs = 2;
  std::string out = "x";
  append_turns(out, request);
  EXPECT_EQ(
      out,
      R"(x[{"role":"user","parts":[{"type":"text","text":"a"}]},{"role":"user","parts":[{"type":"text","text":"b"}]}])");
}

TEST(AnswerText, StreamedPiecesBecomeWholeParts) {
  AnswerText answer;
  for (const char* piece : {"Hel", "lo"}) answer.add(event_of(OC_EV_TEXT, piece));
  answer.add(finish_of(OC_FIN_STOP));
  EXPECT_EQ(text_of(answer), R"({"choices":[{"parts":[{"type":"text","text":"Hello"}],"finish":"stop"}]})");
  EXPECT_EQ(answer.finish_of(), "stop");
}

TEST(AnswerText, InterleavedToolCallsKeepTheirArguments) {
  AnswerText answer;
  answer.add(event_of(OC_EV_REASONING, "think", 0));
  answer.add(tool_begin("c1", "f", 1));
  answer.add(tool_begin("c2", "g", 2));
  answer.add(event_of(OC_EV_TOOL_ARGS, "{\"x\"", 1));
  answer.add(event_of(OC_EV_TOOL_ARGS, "{}", 2));
  answer.add(event_of(OC_EV_TOOL_ARGS, ":1}", 1));
  answer.add(finish_of(OC_FIN_TOOL));
  EXPECT_EQ(text_of(answer), R"({"choices":[{"parts":[{"type":"reasoning","text":"think"},)"
                             R"({"type":"tool_call","id":"c1","name":"f","arguments":"{\"x\":1}"},)"
                             R"({"type":"tool_call","id":"c2","name":"g","arguments":"{}"}],"finish":"tool"}]})");
}

TEST(AnswerText, ChoicesAreKeptApartAndInOrder) {
  AnswerText answer;
  answer.add(event_of(OC_EV_TEXT, "b", 0, 1));
  answer.add(event_of(OC_EV_TEXT, "a", 0, 0));
  answer.add(event_of(OC_EV_REFUSAL, "no", 1, 1));
  answer.add(finish_of(OC_FIN_FILTER, 1));
  EXPECT_EQ(text_of(answer),
            R"({"choices":[{"parts":[{"type":"text","text":"a"}]},)"
            R"({"parts":[{"type":"text","text":"b"},{"type":"refusal","text":"no"}],"finish":"filter"}]})");
}

TEST(AnswerText, AnErrorEndsTheRecordWithItsReason) {
  AnswerText answer;
  answer.add(event_of(OC_EV_TEXT, "par"));
  oc_event error = event_of(OC_EV_ERROR, "overloaded");
  error.status = OC_E_UPSTREAM;
  error.code = str("server_error");
  answer.add(error);
  EXPECT_EQ(text_of(answer), R"({"choices":[{"parts":[{"type":"text","text":"par"}]}],)"
                             R"("error":{"status":"upstream","code":"server_error","message":"overloaded"}})");
}

TEST(AnswerText, BeyondItsBoundItStopsAtAWholeCharacterAndSaysSo) {
  AnswerText answer(5);
  answer.add(event_of(OC_EV_TEXT, "abc"));
  answer.add(event_of(OC_EV_TEXT, "d\xC3\xA9x"));  // the second byte of é is the sixth
  answer.add(event_of(OC_EV_TEXT, "z"));
  EXPECT_EQ(text_of(answer), R"({"choices":[{"parts":[{"type":"text","text":"abcd"}]}],"truncated":true})");
}

TEST(AnswerText, PartsAndChoicesAreBounded) {
  AnswerText answer;
  for (std::uint32_t i = 0; i < 5'000; ++i) answer.add(event_of(OC_EV_TEXT, "x", i));
  answer.add(event_of(OC_EV_TEXT, "x", 0, 4'000'000'000u));
  answer.add(finish_of(OC_FIN_STOP, 4'000'000'000u));
  EXPECT_EQ(answer.text_bytes(), AnswerText::kPartsMax);
  EXPECT_NE(text_of(answer).find("\"truncated\":true"), std::string::npos);
}

TEST(AnswerText, ClearedItIsAsNew) {
  AnswerText answer(4);
  answer.add(event_of(OC_EV_TEXT, "too long"));
  answer.clear();
  answer.add(event_of(OC_EV_TEXT, "ok"));
  EXPECT_EQ(text_of(answer), R"({"choices":[{"parts":[{"type":"text","text":"ok"}]}]})");
}

TEST(AnswerText, InvalidUtf8FromAProviderCannotBreakTheRecord) {
  AnswerText answer;
  answer.add(event_of(OC_EV_TEXT, "a\xFF\xC3"));
  answer.add(event_of(OC_EV_TEXT, "\xA9"));  // a character split between two events is whole again
  const std::string out = text_of(answer);
  EXPECT_EQ(out, "{\"choices\":[{\"parts\":[{\"type\":\"text\",\"text\":\"a\xEF\xBF\xBD\xC3\xA9\"}]}]}");
}

}  // namespace
}  // namespace onechat::record
