#include "json/json.hpp"

#include <gtest/gtest.h>

namespace onechat::json {
namespace {

TEST(JsonParse, TellsWhereEachValueLies) {
  const std::string text = R"( { "a" : "x\ny" , "b":[1, -2.5e3 ,true,null, {"c":{}} ] } )";
  Arena arena;
  const oc_json* v = parse(arena, text);
  ASSERT_NE(v, nullptr);
  EXPECT_EQ(v->raw, text.substr(1, text.size() - 2));
  const oc_json* a = get(v, "a");
  EXPECT_EQ(a->raw, R"("x\ny")");
  EXPECT_EQ(a->text, "x\ny");
  const oc_json* b = get(v, "b");
  EXPECT_EQ(b->raw, R"([1, -2.5e3 ,true,null, {"c":{}} ])");
  EXPECT_EQ(b->size, 5u);
  const oc_json* one = b->first;
  EXPECT_EQ(integer(one, 0), 1);
  EXPECT_EQ(number(one->next, 0), -2500.0);
  EXPECT_EQ(one->next->raw, "-2.5e3");
  EXPECT_EQ(get(one->next->next->next->next, "c")->raw, "{}");
}

TEST(JsonParse, RefusesWhatIsNotOneValue) {
  for (const char* bad : {"", " ", "{", "{\"a\":1", "[1,]", "{\"a\" 1}", "1 2", "\"a", "\"\\x\"", "nul", "{\"a\":1}}",
                          "\"\xff\"", "\"\xed\xa0\x80\"", "01", "{'a':1}", "[1 2]", "\"\n\""}) {
    Arena arena;
    ParseError error;
    EXPECT_EQ(parse(arena, bad, &error), nullptr) << bad;
    EXPECT_FALSE(error.what.empty()) << bad;
  }
}

// What the grammar of RFC 8259 says at its edges, one text each.
TEST(JsonParse, KnowsTheGrammarsEdges) {
  for (const char* good : {"0", "-0", "0.5", "1e5", "1E+05", "-12.50e-3", "[]", "{}", " [ ] ", "[[],{}]", "\"\"",
                           "true", R"("\"\\\/\b\f\n\r\t\u00e9")", R"({"":0})", "\"\x7f\""}) {
    Arena arena;
    EXPECT_NE(parse(arena, good), nullptr) << good;
  }
  for (const char* bad : {"-", "+1", ".5", "1.", "1e", "1e+", "00", "-01", "0x1", "1_0", "NaN", "tru", "truex", "[,1]",
                          "[1,,2]", "{,}", R"({"a":1,})", R"({"a":})", R"({1:2})", R"({"a":1 "b":2})", "]", "[}",
                          R"("\u12g4")",
                          R"("\u12")", R"("\)", "\"\t\"", "// c\n1", "\xEF\xBB\xBF{}"}) {
    Arena arena;
    ParseError error;
    EXPECT_EQ(parse(arena, bad, &error), nullptr) << bad;
    EXPECT_FALSE(error.what.empty()) << bad;
    EXPECT_LE(error.offset, std::string_view(bad).size()) << bad;
  }
  Arena arena;
  EXPECT_EQ(parse(arena, std::string_view("{}\0", 3)), nullptr);
}

TEST(JsonParse, EscapesAreDecodedWhereverTheyStand) {
  for (std::size_t at = 0; at <= 20; ++at) {
    const std::string before(at, 'x'), after(20 - at, 'y');
    const std::string text = "{\"" + before + "\\u0041" + after + "\":\"" + before + "\\n\\u20ac\\\\" + after + "\"}";
    Arena arena;
    const oc_json* v = parse(arena, text);
    ASSERT_NE(v, nullptr) << text;
    EXPECT_EQ(v->first->key, before + "A" + after);
    EXPECT_EQ(v->first->text, before + "\n\xE2\x82\xAC\\" + after);
  }
}

TEST(JsonParse, StringsWithoutEscapesStayInTheText) {
  Arena arena;
  const std::string plain = "{\"name\":\"\xC3\xA9 caf\xC3\xA9\"}";
  const oc_json* in_place = parse(arena, plain);
  ASSERT_NE(in_place, nullptr);
  EXPECT_EQ(in_place->first->text.data(), plain.data() + 9);
  EXPECT_EQ(in_place->first->key.data(), plain.data() + 2);
}

TEST(JsonParse, RunsOutOfMemoryWithAnErrorNotAnException) {
  Arena arena(64 * 1024);
  ParseError error;
  std::string many = "[";
  for (int i = 0; i < 10'000; ++i) many += "1,";
  many += "1]";
  EXPECT_EQ(parse(arena, many, &error), nullptr);
  EXPECT_EQ(error.what, "too large");
}

TEST(JsonParse, BoundsDepth) {
  Arena arena;
  ParseError error;
  EXPECT_NE(parse(arena, std::string(kDepthMax, '[') + std::string(kDepthMax, ']')), nullptr);
  EXPECT_EQ(parse(arena, std::string(kDepthMax + 1, '[') + std::string(kDepthMax + 1, ']'), &error), nullptr);
  EXPECT_EQ(error.what, "nested too deeply");
  EXPECT_EQ(parse(arena, std::string(1'000'000, '['), &error), nullptr);
}

TEST(JsonParse, LastDuplicateWinsAndIsNoticed) {
  Arena arena;
  const oc_json* v = parse(arena, R"({"model":"a","x":1,"model":"b"})");
  EXPECT_EQ(get(v, "model")->text, "b");
  EXPECT_TRUE(has_duplicate_keys(v));
  EXPECT_FALSE(has_duplicate_keys(parse(arena, R"({"a":{"b":1},"b":1})")));
}

// More names than there are bits to tell them apart by.
TEST(JsonParse, EachOfManyMembersIsFoundAndNoOther) {
  std::string text = "{\"\":-1";
  for (int i = 0; i < 300; ++i) text.append(",\"n").append(std::to_string(i)).append("\":").append(std::to_string(i));
  text += "}";
  Arena arena;
  const oc_json* v = parse(arena, text);
  ASSERT_NE(v, nullptr);
  EXPECT_EQ(integer(get(v, ""), 0), -1);
  for (int i = 0; i < 300; ++i) {
    std::string name = "n";
    name.append(std::to_string(i));
    EXPECT_EQ(integer(get(v, name), -5), i);
    name[0] = 'm';
    EXPECT_EQ(get(v, name), nullptr);
  }
  EXPECT_EQ(get(parse(arena, "{}"), "a"), nullptr);
  EXPECT_EQ(get(parse(arena, "[1]"), ""), nullptr);
}

// Found by fuzzing: a low surrogate that comes first was decoded to bytes that are no UTF-8.
TEST(JsonParse, LoneSurrogatesAreRefusedInStringsAndNames) {
  for (const char* bad :
       {R"("\uDC00")", R"("\udddd\ud800")", R"("\ud800")", R"("\ud800x")", R"({"\uDC00":1})", R"(["a\n\uDFFFz"])"}) {
    Arena arena;
    EXPECT_EQ(parse(arena, bad), nullptr) << bad;
  }
  Arena arena;
  const oc_json* pair = parse(arena, R"("\ud83d\ude00")");
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->text, "\xF0\x9F\x98\x80");
}

TEST(JsonWrite, EscapesWhateverStandsWherever) {
  for (int c = 0; c < 128; ++c)
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(c);
      std::string written;
      append_string(written, text);
      Arena arena;
      const oc_json* back = parse(arena, written);
      ASSERT_NE(back, nullptr) << c << " at " << at;
      ASSERT_EQ(back->text, text) << c << " at " << at;
    }
}

// The writer takes short texts in steps of sixteen bytes, and what is left of them in words that overlap.
TEST(JsonWrite, EscapesInTextsOfAnyLength) {
  for (std::size_t n = 1; n < 50; ++n)
    for (std::size_t at = 0; at < n; ++at)
      for (const char* odd : {"\"", "\\", "\x1f", "\xC3\xA9", "\x7f"}) {
        std::string text(n, 'x');
        text.replace(at, 1, odd);
        std::string written;
        oc_jsonw w(&written);
        w.object().key(text).string(text).close();
        Arena arena;
        const oc_json* back = parse(arena, written);
        ASSERT_NE(back, nullptr) << written;
        ASSERT_EQ(back->first->key, text);
        ASSERT_EQ(back->first->text, text);
      }
}

TEST(JsonParse, InvalidUtf8IsRefusedWhereverItStands) {
  for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"})
    for (std::size_t at = 1; at < 20; ++at) {
      std::string text = "\"" + std::string(20, 'x') + "\"";
      text.insert(at, bad);
      Arena arena;
      ParseError error;
      ASSERT_EQ(parse(arena, text, &error), nullptr);
      ASSERT_EQ(error.offset, at);
    }
}

// Short ones take another way than long ones; nobody can tell from what is written.
TEST(JsonWrite, NamesAndValuesOfAnyLength) {
  for (std::size_t n = 0; n < 130; ++n) {
    std::string plain(n, 'x');
    std::string quoted = plain;
    if (n > 0) quoted[n / 2] = '"';
    std::string out;
    oc_jsonw w(&out);
    w.object().key(plain).string(quoted).key(quoted).string(plain);
    w.key("z").array().string(plain).string("").close().close();
    std::string escaped = quoted;
    if (n > 0) escaped.insert(escaped.begin() + static_cast<std::ptrdiff_t>(n / 2), 1, '\\');
    std::string expected;
    expected.append("{\"").append(plain).append("\":\"").append(escaped).append("\",\"");
    expected.append(escaped).append("\":\"").append(plain).append("\",");
    EXPECT_EQ(out, expected.append("\"z\":[\"").append(plain).append("\",\"\"]}"));
  }
}

TEST(JsonWrite, EscapesAndSeparates) {
  std::string out;
  oc_jsonw w(&out);
  w.object().key("s").string("a\"b\\\n\x01\xff\xc3\xa9").key("n").integer(-5).key("d").number(0.1).key("l").array();
  w.boolean(true).null().object().close().array().close().close().key("r").raw("{\"x\": 1}").close();
  EXPECT_EQ(out,
            "{\"s\":\"a\\\"b\\\\\\n\\u0001\xEF\xBF\xBD\xc3\xa9\",\"n\":-5,\"d\":0.1,\"l\":[true,null,{},[]],\"r\":{"
            "\"x\": 1}}");
  Arena arena;
  EXPECT_NE(parse(arena, out), nullptr);
}

}  // namespace
}  // namespace onechat::json
