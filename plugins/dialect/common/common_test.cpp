#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/base64.hpp"
#include "common/field_path.hpp"
#include "common/headers.hpp"
#include "common/ids.hpp"
#include "common/media.hpp"
#include "common/members.hpp"
#include "common/rope.hpp"
#include "common/state_token.hpp"
#include "common/tools.hpp"
#include "support/fake_host.hpp"

namespace onechat::dialect {
namespace {

struct Common : ::testing::Test {
  test::FakeHost host;
  test::FakeCall fake;
  oc::Call call{host.table(), fake.handle(), &fake.arena};

  oc_part tool_call(std::string_view arguments, std::uint32_t flags = 0) {
    oc_part p = oc::sized<oc_part>();
    p.type = OC_PART_TOOL_CALL;
    p.flags = flags;
    p.tool_args_json = oc::str(arguments);
    return p;
  }
};

// ---- base64

TEST_F(Common, Base64IsThatOfTheRfc) {
  for (const auto& [plain, encoded] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(call, plain), encoded);
    EXPECT_EQ(base64_decode(call, encoded), plain);
  }
}

TEST_F(Common, Base64TakesTheUrlAlphabetAndMissingPaddingAndNothingElse) {
  EXPECT_EQ(base64_decode(call, "-_-_"), base64_decode(call, "+/+/"));
  EXPECT_EQ(base64_decode(call, "Zm8"), "fo");
  for (const char* broken : {"Zm9v!", "Z", "Zm9vY", "Zm 9v", "Zm\n9v", "=Zm9"}) EXPECT_EQ(base64_decode(call, broken), std::nullopt) << broken;
}

TEST_F(Common, Base64CarriesEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t n = 0; n <= all.size(); ++n) {
    const auto bytes = std::string_view(all).substr(all.size() - n);
    ASSERT_EQ(base64_decode(call, base64_encode(call, bytes)), bytes) << n;
  }
}

// ---- opaque state

TEST_F(Common, ForeignStateComesBackWithItsOrigin) {
  const auto slot = to_slot(call, "openai_responses", "sig==\xff", "anthropic_messages/claude-x");
  const State back = from_slot(call, "openai_responses", slot);
  EXPECT_EQ(back.opaque, "sig==\xff");
  EXPECT_EQ(back.origin, "anthropic_messages/claude-x");
  EXPECT_TRUE(belongs_to(back.origin, "anthropic_messages", "claude-x"));
  EXPECT_FALSE(belongs_to(back.origin, "anthropic_messages", "claude-y"));
  EXPECT_FALSE(belongs_to(back.origin, "gemini", "claude-x"));
}

TEST_F(Common, ForeignStateIsReadInAnyDialectsSlot) {
  const auto slot = to_slot(call, "openai_responses", "sig", "gemini/g-3");
  for (const char* dialect : {"openai_chat", "anthropic_messages", "gemini"}) EXPECT_EQ(from_slot(call, dialect, slot).origin, "gemini/g-3");
}

TEST_F(Common, OwnStateTravelsAsItIs) {
  EXPECT_EQ(to_slot(call, "gemini", "abc", "gemini/g-3"), "abc");
  EXPECT_TRUE(belongs_to(from_slot(call, "gemini", "abc").origin, "gemini", "g-3"));
  EXPECT_EQ(to_slot(call, "gemini", "", "anthropic_messages/c"), "");
}

TEST_F(Common, AForgedTokenIsJustText) {
  for (const std::string& forged : {std::string("MWNoYXQB"), std::string("MWNoYXQB!!!"),
                                   std::string(base64_encode(call, "1chat\x01no end of the origin"))}) {
    const State s = from_slot(call, "gemini", forged);
    EXPECT_EQ(s.opaque, forged);
    EXPECT_EQ(s.origin, "gemini/");
  }
}

TEST_F(Common, ADialectIsNotItsOwnPrefix) {
  EXPECT_FALSE(belongs_to("gemini_pro/x", "gemini", "x"));
  EXPECT_FALSE(belongs_to("gemini", "gemini", "x"));
  EXPECT_FALSE(belongs_to("", "gemini", "x"));
  EXPECT_TRUE(belongs_to("gemini/", "gemini", "x"));
  EXPECT_TRUE(belongs_to("gemini/a/b", "gemini", "a/b")) << "models have slashes in their names";
}

// ---- ids

TEST_F(Common, AFineToolIdStaysAndAnOddOneIsRespelledTheSameWayEachTime) {
  for (const char* fine : {"call_1", "toolu_01-x", "A"}) EXPECT_EQ(portable_tool_id(call, fine), fine);
  for (const std::string& odd : {std::string(""), std::string("a.b"), std::string("call:1"), std::string("caf\xc3\xa9"), std::string(65, 'a')}) {
    const auto id = portable_tool_id(call, odd);
    EXPECT_EQ(id, portable_tool_id(call, odd));
    EXPECT_NE(id, portable_tool_id(call, odd + "x"));
    EXPECT_EQ(id, portable_tool_id(call, id)) << "once respelled it is fine";
    EXPECT_TRUE(id.starts_with("call_"));
    EXPECT_LE(id.size(), 40u);
  }
}

TEST_F(Common, MadeIdsDiffer) {
  std::set<std::string> seen;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto id = made_id(call, "msg_", 24, i);
    EXPECT_EQ(id.size(), 28u);
    EXPECT_TRUE(id.starts_with("msg_"));
    seen.emplace(id);
  }
  EXPECT_EQ(seen.size(), 1000u);
}

// ---- headers

TEST_F(Common, BearerTokensAndNothingElse) {
  EXPECT_EQ(bearer("Bearer sk-1"), "sk-1");
  EXPECT_EQ(bearer("  bEaReR   sk-1 "), "sk-1");
  for (const char* none : {"", "Bearer", "Bearer ", "Basic abc", "Bearerx y"}) EXPECT_EQ(bearer(none), "") << none;
}

TEST_F(Common, RetryAfterInMillisecondsSecondsOrNotAtAll) {
  const auto said = [](std::initializer_list<std::pair<const char*, const char*>> list) {
    std::vector<oc_header> headers;
    for (const auto& [name, value] : list) headers.push_back({oc::str(name), oc::str(value)});
    return retry_after_ms(headers.data(), headers.size());
  };
  EXPECT_EQ(said({{"retry-after", "20"}}), 20'000u);
  EXPECT_EQ(said({{"retry-after", "0.25"}}), 250u);
  EXPECT_EQ(said({{"retry-after", "20"}, {"retry-after-ms", "1500"}}), 1500u);
  for (const char* odd : {"Wed, 21 Oct 2026 07:28:00 GMT", "-5", "1e300", "nan", "", "86401"}) EXPECT_EQ(said({{"retry-after", odd}}), 0u) << odd;
}

TEST_F(Common, RetryAfterIsToldInBothFormsRoundedUp) {
  test::FakeOut answer;
  oc::Out out(host.table(), answer.handle());
  write_retry_after(out, 0);
  EXPECT_TRUE(answer.headers.empty());
  write_retry_after(out, 1001);
  EXPECT_EQ(answer.header("retry-after"), "2");
  EXPECT_EQ(answer.header("retry-after-ms"), "1001");
}

TEST_F(Common, QueryValues) {
  EXPECT_EQ(query_value("alt=sse&key=a%20b", "key"), "a%20b");
  EXPECT_EQ(query_value("alt=sse&key=a", "alt"), "sse");
  EXPECT_EQ(query_value("xalt=1&alt", "alt"), "");
  EXPECT_EQ(query_value("", "alt"), "");
  EXPECT_EQ(query_value("a=b=c", "a"), "b=c");
}

TEST_F(Common, DigitsOfTheLargestNumber) {
  EXPECT_EQ(Digits(0).view(), "0");
  EXPECT_EQ(Digits(UINT64_MAX).view(), "18446744073709551615");
}

// ---- members and paths

TEST_F(Common, MembersThatNobodyModelsSurvive) {
  const auto object = call.parse(std::string_view("{\"a\":1,\"b\\u0022\\n\":[1, 2],\"c\":null}"));
  EXPECT_EQ(members_except(call, object, {"a"}), "{\"b\\\"\\u000a\":[1, 2],\"c\":null}");
  EXPECT_EQ(members_except(call, object, {"a", "b\"\n", "c"}), "");
  EXPECT_EQ(members_except(call, oc::Json(), {}), "");
}

TEST_F(Common, QuotedTextReadsBackTheSame) {
  std::string nasty = "\"\\/\b\f\n\r\t\x01 \xc3\xa9 \xe2\x82\xac";
  nasty += '\0';
  EXPECT_EQ(call.parse(quoted(call, nasty)).str(), nasty);
  EXPECT_EQ(object_of(call, "a\"", "[1]"), "{\"a\\\"\":[1]}");
}

TEST_F(Common, WrittenMembersJoinTheOpenObject) {
  std::string text;
  oc_jsonw w(&text);
  oc::Writer out(host.table(), &w);
  out.object().member("a", "1");
  write_members(call, out, R"({"b":[2],"c":{"d":null}})");
  write_members(call, out, "");
  out.close();
  EXPECT_EQ(text, R"({"a":"1","b":[2],"c":{"d":null}})");
}

TEST_F(Common, APathNamesThePlace) {
  const FieldPath top{nullptr, "messages", -1};
  const FieldPath second = top.element(2), content = second.member("content"), item = content.element(0), type = item.member("type");
  EXPECT_EQ(type.text(call), "messages[2].content[0].type");
  EXPECT_EQ(top.text(call), "messages");
}

// ---- media

TEST_F(Common, DataUrlsAreTakenApartAndPutTogether) {
  oc_part p = oc::sized<oc_part>();
  ASSERT_TRUE(split_data_url("data:image/png;base64,QUJD", p.media_type, p.data_base64));
  EXPECT_EQ(oc::view(p.media_type), "image/png");
  EXPECT_EQ(oc::view(p.data_base64), "QUJD");
  EXPECT_EQ(data_url(call, p), "data:image/png;base64,QUJD");
  ASSERT_TRUE(split_data_url("data:audio/wav;codecs=1;base64,QQ==", p.media_type, p.data_base64));
  EXPECT_EQ(oc::view(p.media_type), "audio/wav");
  for (const char* other : {"https://x/y.png", "data:text/plain,hello", "data:", "data:;base64", ""})
    EXPECT_FALSE(split_data_url(other, p.media_type, p.data_base64)) << other;
  EXPECT_TRUE(is_url("gs://bucket/x"));
  EXPECT_FALSE(is_url("file-123"));
}

TEST_F(Common, MediaWeighWhatTheyAreChargedNotTheirBase64) {
  const std::string base64(400'000, 'A');
  const auto weight = [&](std::uint32_t type) {
    oc_part p = oc::sized<oc_part>();
    p.type = type;
    p.data_base64 = oc::str(base64);
    MediaWeight w;
    w.add(p);
    return w.input_bytes(base64.size() + 100);
  };
  EXPECT_EQ(weight(OC_PART_IMAGE), 4096u + 100);
  EXPECT_EQ(weight(OC_PART_AUDIO), 300'003u / 100 + 1 + 100);
  EXPECT_EQ(weight(OC_PART_FILE), 300'003u / 4 + 1 + 100);
  EXPECT_EQ(MediaWeight().input_bytes(7), 7u);
}

// ---- ropes

TEST_F(Common, ARopeGivesBackItsPiecesInOrder) {
  Rope rope{};
  EXPECT_TRUE(rope.empty());
  EXPECT_EQ(rope.joined(call), "");
  {
    std::string gone = "one ";
    rope.append(call, gone);
    gone = "####";
  }
  EXPECT_EQ(rope.joined(call), "one ");
  rope.append(call, "");
  rope.append(call, "two");
  EXPECT_EQ(rope.joined(call), "one two");
  EXPECT_EQ(rope.size, 7u);
}

// ---- tools

TEST_F(Common, ArgumentsAreAlwaysAnObjectWhereADialectNeedsOne) {
  EXPECT_EQ(arguments_object(call, tool_call(R"({"a": 1})")), R"({"a": 1})");
  EXPECT_EQ(arguments_object(call, tool_call("")), "{}");
  EXPECT_EQ(arguments_object(call, tool_call(" \n")), "{}");
  EXPECT_EQ(arguments_object(call, tool_call("[1]")), R"({"input":"[1]"})");
  EXPECT_EQ(arguments_object(call, tool_call(R"({"a":)")), R"({"input":"{\"a\":"})");
  EXPECT_EQ(arguments_object(call, tool_call(R"({"a":1})", OC_PARTF_CUSTOM)), R"({"input":"{\"a\":1}"})") << "free text that looks like JSON";
}

TEST_F(Common, FreeTextSurvivesTheFunctionThatStandsForIt) {
  const std::string text = "line 1\n\"quoted\" {\"a\":1}";
  EXPECT_EQ(custom_tool_input(call, arguments_object(call, tool_call(text, OC_PARTF_CUSTOM))), text);
  EXPECT_EQ(custom_tool_input(call, "no object"), "no object");
  EXPECT_EQ(custom_tool_input(call, R"({"other":1})"), R"({"other":1})");
  EXPECT_TRUE(call.parse(custom_tool_schema())["required"].is_array());
}

TEST_F(Common, ToolsAndCallsAreFoundByNameAndId) {
  oc_tool a = oc::sized<oc_tool>(), builtin = oc::sized<oc_tool>();
  a.name = oc::str("a");
  const oc_tool* tools[] = {&builtin, &a};
  oc_part first = tool_call("{}"), again = tool_call("{}");
  first.tool_id = again.tool_id = oc::str("id");
  first.tool_name = oc::str("old");
  again.tool_name = oc::str("new");
  const oc_part* parts[] = {&first, &again};
  oc_turn turn = oc::sized<oc_turn>();
  turn.parts = parts;
  turn.n_parts = 1;
  oc_turn later = turn;
  later.parts = parts + 1;
  const oc_turn* turns[] = {&turn, &later};
  oc_request r = oc::sized<oc_request>();
  r.tools = tools, r.n_tools = 2, r.turns = turns, r.n_turns = 2;
  EXPECT_EQ(tool_named(r, "a"), &a);
  EXPECT_EQ(tool_named(r, "b"), nullptr);
  EXPECT_EQ(tool_named(r, ""), nullptr);
  EXPECT_EQ(name_of_call(r, "id"), "new") << "ids may be used again: the latest counts";
  EXPECT_EQ(name_of_call(r, "other"), "");
}

TEST_F(Common, JsonOnOneLineMeansTheSame) {
  EXPECT_EQ(one_line(call, "{\n \"a\": \"x\\ny\",\r\n \"b\": 1\n}"), "{  \"a\": \"x\\ny\",   \"b\": 1 }");
  EXPECT_EQ(one_line(call, R"({"a":1})"), R"({"a":1})");
}

TEST_F(Common, AHeaderThatCouldEndEarlyIsNoSetting) {
  EXPECT_NO_THROW(check_header("x-team", "a b"));
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "v"}, {"a:b", "v"}, {"a b", "v"}, {"x", "v\r\ny: z"}, {"x", "\x7f"}})
    EXPECT_THROW(check_header(name, value), std::runtime_error) << name;
}

}  // namespace
}  // namespace onechat::dialect
