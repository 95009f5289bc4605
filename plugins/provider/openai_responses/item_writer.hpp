// Turns of any dialect become input items.
//
// Turns of this dialect come back as the items they were (README.md of dialect/openai_responses), but for ids of items
// whose reasoning is not sent along: an upstream that does not keep items would look for what belongs to them.
#pragma once
#include <initializer_list>
#include <onechat/onechat.hpp>

#include <string_view>

#include "drop_list.hpp"

namespace onechat::openai_responses {

// Writes the members of `object` into the object that is open, but those that are named.
void write_members(oc::Writer& out, oc::Json object, std::initializer_list<std::string_view> but = {});

class ItemWriter {
 public:
  ItemWriter(const oc::Call& call, const oc_request& request, oc::Writer out, DropList& drops);

  // The text for "instructions", or nullptr. It is the first turn, which items() then leaves out.
  const oc_part* instructions() const;
  // The value of "input".
  void items();

 private:
  void turn(const oc_turn& t);
  std::uint64_t message(const oc_turn& t, oc::Json ext, std::uint64_t from);  // first part that is not in it
  bool goes_into_message(const oc_turn& t, const oc_part& p) const;
  bool says_something(const oc_turn& t, std::uint64_t from, std::uint64_t to) const;
  void content(const oc_part& p, bool said);
  void image(const oc_part& p);
  void file(const oc_part& p);
  void audio(const oc_part& p);
  std::uint64_t reasoning(const oc_turn& t, oc::Json ext, std::uint64_t from);
  void reasoning_texts(const oc_turn& t, std::uint64_t from, std::uint64_t to, bool summaries);
  void tool_call(const oc_part& p);
  void tool_result(const oc_part& p);
  std::string_view call_id(oc_str id) const;
  bool sends_all_reasoning() const;
  bool belongs(const oc_part& p) const;

  const oc::Call& call_;
  const oc_request& request_;
  oc::Writer out_;
  DropList& drops_;
  bool same_dialect_, with_ids_;
};

}  // namespace onechat::openai_responses
