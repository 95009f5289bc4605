#include "conversation/state_memory.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace onechat::conversation {
namespace {

oc_event event(std::uint32_t type, std::uint32_t index, std::string_view text = {}) {
  oc_event e{};
  e.struct_size = sizeof e;
  e.type = type;
  e.index = index;
  e.text = str(text);
  return e;
}

oc_event state(std::uint32_t index, std::string_view opaque, std::string_view origin) {
  oc_event e = event(OC_EV_STATE, index);
  e.opaque = str(opaque);
  e.opaque_origin = str(origin);
  return e;
}

oc_event tool(std::uint32_t index, std::string_view id) {
  oc_event e = event(OC_EV_TOOL_BEGIN, index);
  e.tool_id = str(id);
  return e;
}

struct StateMemory : ::testing::Test {
  Arena arena;

  const oc_part* part(std::uint32_t type, std::string_view id, std::string_view text = {}) {
    auto* p = arena.make_sized<oc_part>();
    p->type = type;
    p->tool_id = str(id);
    p->text = str(text);
    return p;
  }
  const oc_turn* turn(std::uint32_t role, std::initializer_list<const oc_part*> parts) {
    auto* t = arena.make_sized<oc_turn>();
    auto list = arena.make_array<const oc_part*>(parts.size());
    std::copy(parts.begin(), parts.end(), list.begin());
    t->role = role;
    t->parts = list.data();
    t->n_parts = parts.size();
    return t;
  }
  oc_request request(std::initializer_list<const oc_turn*> turns) {
    oc_request r{};
    r.struct_size = sizeof r;
    auto list = arena.make_array<const oc_turn*>(turns.size());
    std::copy(turns.begin(), turns.end(), list.begin());
    r.turns = list.data();
    r.n_turns = turns.size();
    return r;
  }
};

TEST_F(StateMemory, WhatAModelSignedComesBackBeforeItsCall) {
  StateCollector c;
  c.add(event(OC_EV_REASONING, 0, "let me "));
  c.add(event(OC_EV_REASONING, 0, "think"));
  c.add(state(0, "sig", "anthropic_messages/claude"));
  c.add(event(OC_EV_TEXT, 1, "calling"));
  c.add(tool(2, "call_1"));
  c.add(tool(3, "call_2"));
  ASSERT_EQ(c.key(), "call_1");

  const oc_request asked = request({turn(OC_ROLE_USER, {part(OC_PART_TEXT, "", "hi")}),
                                    turn(OC_ROLE_ASSISTANT, {part(OC_PART_REASONING, "", "let me think"),
                                                             part(OC_PART_TOOL_CALL, "call_1"), part(OC_PART_TOOL_CALL, "call_2")})});
  EXPECT_EQ(missing_state(asked), std::vector<std::string>{"call_1"});
  const oc_request* whole = with_state(arena, asked, {{"call_1", c.json()}});
  const oc_turn& t = *whole->turns[1];
  ASSERT_EQ(t.n_parts, 3u);
  EXPECT_EQ(view(t.parts[0]->text), "let me think");
  EXPECT_EQ(view(t.parts[0]->opaque), "sig");
  EXPECT_EQ(view(t.parts[0]->opaque_origin), "anthropic_messages/claude");
  EXPECT_EQ(t.parts[1]->type, OC_PART_TOOL_CALL);
  EXPECT_GT(whole->input_bytes, asked.input_bytes);
  EXPECT_TRUE(missing_state(*whole).empty());
}

TEST_F(StateMemory, StateOnACallGoesBackToThatCall) {
  StateCollector c;
  c.add(tool(0, "call_a"));
  c.add(state(0, "thought", "gemini/g3"));
  c.add(tool(1, "call_b"));
  const oc_request asked =
      request({turn(OC_ROLE_ASSISTANT, {part(OC_PART_TOOL_CALL, "call_a"), part(OC_PART_TOOL_CALL, "call_b")})});
  const oc_request* whole = with_state(arena, asked, {{"call_a", c.json()}});
  EXPECT_EQ(view(whole->turns[0]->parts[0]->opaque), "thought");
  EXPECT_EQ(whole->turns[0]->parts[1]->opaque.len, 0u);
}

TEST_F(StateMemory, NothingIsKeptWithoutStateOrWithoutACall) {
  StateCollector plain;
  plain.add(event(OC_EV_REASONING, 0, "hm"));
  plain.add(tool(1, "call_1"));
  EXPECT_EQ(plain.key(), "");
  StateCollector no_call;
  no_call.add(state(0, "sig", "x/y"));
  EXPECT_EQ(no_call.key(), "");
}

TEST_F(StateMemory, MoreThanTheBoundIsNotKept) {
  StateCollector c;
  const std::string large(kStateBytesMax, 's');
  c.add(state(0, large, "x/y"));
  c.add(tool(1, "call_1"));
  EXPECT_EQ(c.key(), "");
}

TEST_F(StateMemory, AClientThatCarriesStateItselfIsLeftAlone) {
  auto* own = arena.make_sized<oc_part>();
  own->type = OC_PART_REASONING;
  own->opaque = str("mine");
  const oc_request asked = request({turn(OC_ROLE_ASSISTANT, {own, part(OC_PART_TOOL_CALL, "call_1")})});
  EXPECT_TRUE(missing_state(asked).empty());
  EXPECT_EQ(with_state(arena, asked, {{"call_1", R"({"reasoning":[{"opaque":"other"}]})"}})->turns[0], asked.turns[0]);
}

TEST_F(StateMemory, AKeptTextThatIsNoStateChangesNothing) {
  const oc_request asked = request({turn(OC_ROLE_ASSISTANT, {part(OC_PART_TOOL_CALL, "call_1")})});
  for (const char* bad : {"", "[]", "{", "{\"reasoning\":7}", "{\"reasoning\":[3]}"})
    EXPECT_EQ(with_state(arena, asked, {{"call_1", bad}})->turns[0]->n_parts, 1u) << bad;
}

}  // namespace
}  // namespace onechat::conversation
