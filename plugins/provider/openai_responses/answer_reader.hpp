// What an upstream says becomes events: streams of the dialect's events, and whole response objects.
//
// Upstreams differ in how much of the sequence they send. Deltas are told as they come; whatever an item turns out to
// have said beyond its deltas is told when the item is done, and items that were never streamed when the response is.
//
// Lives in the state of one attempt. Allocates when an item begins, never for a piece of one.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onechat::openai_responses {

class AnswerReader {
 public:
  // `wants_answer`: the response object as it came is to be told at the end.
  void begin(const oc_request& request, const oc::Call& call);

  void read_body(const oc::Call& call, oc::Json response);
  void read_event(const oc::Call& call, oc::Json event);

  bool failed() const { return failed_; }  // an ERROR event went out
  bool done() const { return done_; }      // the terminal event was seen

 private:
  enum class Kind { unknown, message, reasoning, function, custom, other };
  struct Text {  // a content part of a message
    std::uint32_t content_index, part, annotations;
    bool refusal, said, scored, ended;
  };
  struct Item {
    std::uint32_t output_index;
    Kind kind = Kind::unknown;
    std::uint32_t part = 0;  // of a tool call, of reasoning
    bool open = false, said = false, done = false;
    std::uint32_t said_as = 0;      // reasoning: OC_EVF_SUMMARY or 0
    std::int64_t inner_index = -1;  // reasoning: the summary or content that is being written
    std::string id;
    std::vector<Text> texts;
  };

  void start(const oc::Call& call, oc::Json response);
  void piece(const oc::Call& call, std::string_view type, oc::Json event);
  void finish(const oc::Call& call, oc::Json response);
  void fail(const oc::Call& call, oc::Json error, oc::Json root);

  Item* item_at(oc::Json event);
  Item& item_of(std::uint32_t output_index);
  bool told(oc::Json item, std::size_t n_streamed) const;
  void begin_item(const oc::Call& call, Item& item, oc::Json json);
  void complete_item(const oc::Call& call, Item& item, oc::Json json);
  void complete_message(const oc::Call& call, Item& item, oc::Json json);
  void complete_reasoning(const oc::Call& call, Item& item, oc::Json json);
  void complete_call(const oc::Call& call, Item& item, oc::Json json);
  void other_item(const oc::Call& call, oc::Json json);

  Text& text_of(Item& item, std::int64_t content_index, bool refusal);
  void say(const oc::Call& call, Text& text, std::string_view words);
  void score(const oc::Call& call, Text& text, oc::Json logprobs);
  void cite(const oc::Call& call, Text& text, oc::Json annotation);
  void end_text(const oc::Call& call, Text& text);
  void reason(const oc::Call& call, Item& item, std::uint32_t flags, std::int64_t inner_index, std::string_view item_id,
              std::string_view words);
  void end_part(const oc::Call& call, Item& item);
  void arguments(const oc::Call& call, Item& item, std::string_view piece);
  bool declared(std::string_view flat_name) const;

  std::vector<Item> items_;
  std::vector<std::string> flat_names_;  // of the request's tools that stand in a namespace
  std::string origin_;                   // of state
  std::uint32_t parts_ = 0;
  bool wants_answer_ = false;
  bool started_ = false, done_ = false, failed_ = false;
  bool called_tool_ = false, said_text_ = false, refused_ = false;
};

}  // namespace onechat::openai_responses
