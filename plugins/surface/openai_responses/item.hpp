// One item of an answer's output while it is being said, and its JSON.
//
// Plain, in the arena of the request. Texts arrive in pieces and are joined when their part ends (seal).
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "common/rope.hpp"

namespace onechat::openai_responses {

// Of a message: a text or a refusal.
struct ContentPart {
  ContentPart* next;
  std::uint32_t part, index;  // index of the event; place in the message
  bool refusal, done;
  dialect::Rope text, annotations, logprobs;  // the latter two: JSON values with commas between
  std::uint32_t n_annotations;
  oc_str state;  // of another dialect, for the slot of an item of its own

  std::string_view type() const { return refusal ? "refusal" : "output_text"; }
  std::string_view text_name() const { return refusal ? "refusal" : "text"; }
};

enum class ItemKind : std::uint32_t { message, reasoning, function, custom, image, foreign };

struct Item {
  Item* next;
  ItemKind kind;
  std::uint32_t part, output_index, n_contents;
  bool begun, done, cut;  // reasoning: its part is open; the item ended; it ended too early
  bool summary, unwraps;  // reasoning: the text is a summary; custom: arguments are JSON that holds the text
  bool hidden;            // not for the client, who did not ask for state
  oc_str id, call_id, name, space;
  oc_str state;  // reasoning: as it goes into encrypted_content; tool: as in ContentPart
  oc_str raw;    // foreign: all of it; image: base64
  oc_str media_type;
  dialect::Rope text;  // reasoning, arguments, input
  ContentPart *first, *last;

  bool is_tool() const { return kind == ItemKind::function || kind == ItemKind::custom; }
};

// Joins the pieces for good: a text is told several times after it ended.
void settle(const oc::Call& keep, dialect::Rope& text);

// JSON of a part that is still empty, or as far as it was said.
void write_content(const oc::Call& call, oc::Writer& w, const ContentPart& part, bool empty);
// `fresh`: as it is announced, without content. `with_state`: with encrypted_content.
void write_item(const oc::Call& call, oc::Writer& w, const Item& item, bool fresh, bool with_state);

}  // namespace onechat::openai_responses
