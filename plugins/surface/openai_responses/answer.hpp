// One answer to a client: events become a response object, or the event sequence that ends in one.
//
// Part of the call state of the surface: it begins as zeroed bytes and is never destroyed, so everything it keeps lies
// in the arena of the request. The whole answer is kept to the end, because the last event repeats it.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "event_stream.hpp"
#include "item.hpp"
#include "request_parser.hpp"

namespace onechat::openai_responses {

class Answer {
 public:
  // After a successful parse. `facts` lies beside the answer in the call state. `serial` makes the id unique.
  void begin(const oc::Call& call, const oc_request& request, const RequestFacts& facts, std::uint64_t serial);

  oc_status event(const oc::Call& call, const oc_event& e, oc::Out& out);
  oc_status finish(const oc::Call& call, oc::Out& out);
  // Inside a stream, instead of finish(): response.failed.
  void fail(const oc::Call& call, const oc_event& error, oc::Out& out);

  bool streaming() const { return stream_; }
  std::string_view id() const { return oc::view(id_); }
  // After finish(): the response object once more, as the client got it.
  void write_shown(const oc::Call& call, oc::Writer& w) const;
  // Its output with all state, as it goes into the next request; false when the client saw all of it anyway.
  bool hides_state() const;
  void write_output(const oc::Call& call, oc::Writer& w, bool for_client) const;

 private:
  oc::Call lasting(const oc::Call& call) const { return {call.host, call.handle, arena_}; }
  oc_status open(const oc::Call& call, oc::Out& out);

  void say(const oc::Call& keep, const oc_event& e, oc::Out& out);
  void reason(const oc::Call& keep, const oc_event& e, oc::Out& out);
  void begin_tool(const oc::Call& keep, const oc_event& e, oc::Out& out);
  void tool_piece(const oc::Call& keep, const oc_event& e, oc::Out& out);
  void state(const oc::Call& keep, const oc_event& e, oc::Out& out);
  void logprobs(const oc::Call& keep, const oc_event& e);
  oc_status citation(const oc::Call& call, const oc_event& e, oc::Out& out);
  oc_status media(const oc::Call& call, const oc_event& e, oc::Out& out);
  oc_status foreign(const oc::Call& call, const oc_event& e, oc::Out& out);
  void part_end(const oc::Call& keep, std::uint32_t part, oc::Out& out);

  Item& add_item(const oc::Call& keep, ItemKind kind, std::uint32_t part, std::string_view id_prefix,
                 std::string_view given_id, oc::Out& out);
  void announce(const oc::Call& keep, Item& item, oc::Out& out);
  ContentPart& add_content(const oc::Call& keep, std::uint32_t part, bool refusal, oc::Out& out);
  void add_carrier(const oc::Call& keep, oc_str state, oc::Out& out);
  void end_content(const oc::Call& keep, Item& item, ContentPart& part, oc::Out& out);
  void end_item(const oc::Call& keep, Item& item, oc::Out& out);
  void end_reasoning(const oc::Call& keep, Item& item, oc::Out& out);
  void end_tool(const oc::Call& keep, Item& item, oc::Out& out);
  void end_message(const oc::Call& keep, oc::Out& out);
  void end_all(const oc::Call& keep, oc::Out& out);
  Item* item_of(std::uint32_t part) const;
  ContentPart* content_of(std::uint32_t part, Item** item) const;
  EventStream::Place place(const Item& item, std::string_view inner = {}, std::uint32_t index = 0) const;

  struct Ending;  // how the answer ended, in words of the dialect
  Ending ending() const;
  bool says_no() const;  // in a refusal part
  void write_response(const oc::Call& call, oc::Writer& w, const Ending& ending) const;

  oc_arena* arena_;
  const RequestFacts* facts_;
  EventStream events_;
  Item *first_, *last_, *message_;  // message_: the one that may still get parts
  std::uint32_t n_items_, n_made_, finish_;
  bool generates_, stream_, begun_, has_usage_;
  oc_str id_, model_;
  std::int64_t created_s_, completed_s_;  // the latter 0 until the answer ends
  oc_usage usage_;
};

}  // namespace onechat::openai_responses
