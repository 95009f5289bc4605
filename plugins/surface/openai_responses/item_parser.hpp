// Items of a conversation become turns: one item, one turn.
//
// Used for what the client sent and for what was kept of earlier answers alike. README.md of dialect/openai_responses
// says how each kind of item lies in a turn.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "common/media.hpp"
#include "refusal.hpp"
#include "tool_table.hpp"

namespace onechat::openai_responses {

// Turns in the order in which they were said; room for `n` of them.
struct TurnList {
  const oc_turn** list = nullptr;
  std::uint64_t n = 0;
  static TurnList of(const oc::Call& call, std::uint64_t n) { return {call.array<const oc_turn*>(n), 0}; }
  void add(const oc_turn* t) { list[n++] = t; }
};

class ItemParser {
 public:
  ItemParser(const oc::Call& call, const ToolTable& tools, dialect::MediaWeight& media, Refusal& refuse)
      : call_(call), tools_(tools), media_(media), refuse_(refuse) {}

  // Adds at most one turn. False: refused.
  bool item(oc::Json value, const FieldPath& at, TurnList& out);
  // A message that is nothing but a text.
  const oc_turn* text_turn(std::uint32_t role, std::string_view text, std::string_view ext_json = {});

 private:
  struct Parts;  // the list being filled

  const oc_turn* turn(std::uint32_t role, const Parts& parts, std::string_view ext_json);
  bool message(oc::Json value, const FieldPath& at, TurnList& out);
  bool content(oc::Json value, const FieldPath& at, Parts& parts);
  bool part(oc::Json value, const FieldPath& at, Parts& parts);
  bool image(oc::Json value, const FieldPath& at, oc_part& out);
  bool file(oc::Json value, const FieldPath& at, oc_part& out);
  bool audio(oc::Json value, const FieldPath& at, oc_part& out);
  bool tool_call(oc::Json value, bool custom, const FieldPath& at, TurnList& out);
  bool tool_result(oc::Json value, bool custom, const FieldPath& at, TurnList& out);
  bool reasoning(oc::Json value, const FieldPath& at, TurnList& out);
  bool reasoning_texts(oc::Json list, std::uint32_t flags, const FieldPath& at, Parts& parts);
  void opaque(oc::Json value, TurnList& out);
  oc_part* new_part(std::uint32_t type);

  const oc::Call& call_;
  const ToolTable& tools_;
  dialect::MediaWeight& media_;
  Refusal& refuse_;
  oc_part* last_said_ = nullptr;  // the newest text or tool call of the assistant
};

}  // namespace onechat::openai_responses
