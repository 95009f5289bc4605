// One answer to a client: events become a message, or the events of a streamed one.
//
// It is the call state of the surface: it begins as zeroed bytes and is never destroyed, so everything it keeps lies in
// the arena of the request. A stream keeps only what waits for its turn; a whole answer keeps its text until finish().
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "block_stream.hpp"
#include "part.hpp"

namespace onechat::anthropic_messages {

class Answer {
 public:
  // After a successful parse. `serial` makes the ids unique within the surface.
  void begin(const oc::Call& call, const oc_request& request, std::uint64_t serial);

  oc_status event(const oc::Call& call, const oc_event& e, oc::Out& out);
  oc_status finish(const oc::Call& call, oc::Out& out);
  bool streaming() const { return stream_; }

 private:
  oc::Call lasting(const oc::Call& call) const { return {call.host, call.handle, arena_}; }
  oc_status part_event(const oc::Call& keep, const oc_event& e, oc::Out& out);
  oc_status opaque(const oc::Call& keep, const oc_event& e, oc::Out& out);
  Part& part(const oc::Call& keep, PartKind kind, std::uint32_t index, oc::Out& out);
  Part& add(const oc::Call& keep, PartKind kind, std::uint32_t index);
  void piece(const oc::Call& keep, Part& part, oc_str text, oc::Out& out);
  oc_status citation(const oc::Call& keep, const oc_event& e, oc::Out& out);
  void started(const oc_event& e, const oc::Call& keep);
  void finished(const oc::Call& keep, const oc_event& e);
  void open(const oc::Call& keep, oc::Out& out);
  void write_message(const oc::Call& keep, oc::Writer& w);
  void write_stop(oc::Writer& w) const;
  void end_stream(const oc::Call& keep, oc::Out& out);

  oc_arena* arena_;
  std::uint32_t op_, finish_;
  bool stream_, show_, opened_, has_finish_, has_tools_;
  oc_str id_, model_, stop_sequence_, stop_details_, container_, context_management_;
  oc_usage usage_;
  Part *first_, *last_;
  BlockStream blocks_;
};

}  // namespace onechat::anthropic_messages
