// One answer to a client: events become GenerateContentResponse objects, one whole or one a chunk.
//
// It is the call state of the surface: it begins as zeroed bytes and is never destroyed, so everything it keeps lies in
// the arena of the request. A stream keeps only tool calls that are still open, for their arguments go out whole, and
// what belongs on the last chunk; a whole answer keeps its parts until finish().
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "common/rope.hpp"

namespace onechat::gemini {

class Answer {
 public:
  // Known from the path alone, so that an error of parse() has the right shape already.
  void expect(bool stream, bool json_array);
  // After a successful parse. `serial` makes the id unique within the surface.
  void begin(const oc::Call& call, const oc_request& request, bool batch, std::uint64_t serial);

  oc_status event(const oc::Call& call, const oc_event& e, oc::Out& out);
  oc_status finish(const oc::Call& call, oc::Out& out);
  // The dialect's error inside a stream; nothing follows it.
  void stream_error(const oc::Call& call, const oc_event& e, oc::Out& out);
  bool streaming() const { return stream_; }
  bool json_array() const { return array_; }

 private:
  struct Part {
    Part* next;
    std::uint32_t index, type;  // type: OC_EV_TEXT, REASONING, TOOL_BEGIN, MEDIA or OPAQUE
    bool custom;
    oc_str id, name, signature;  // name: of the tool; of a medium: its type
    dialect::Rope text;          // text, arguments, base64, raw JSON
  };
  struct Candidate {
    bool finished;
    std::uint32_t finish;
    oc_str finish_reason, finish_message, prompt_feedback;
    Part *first, *last;
    dialect::Rope chosen, top, chunks, supports;  // logprobs; what citations refer to: elements of JSON arrays
    std::uint32_t n_chunks;
    std::uint32_t text_part, text_type;  // the latest text or reasoning, which a stream does not keep
  };

  oc::Call lasting(const oc::Call& call) const { return {call.host, call.handle, arena_}; }
  oc_status answer_event(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out);
  oc_status text(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out);
  oc_status state(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out);
  oc_status opaque(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out);
  void tool(const oc::Call& keep, Candidate& c, const oc_event& e);
  void media(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out);
  void part_end(const oc::Call& keep, Candidate& c, const oc_event& e, oc::Out& out);
  void ended(const oc::Call& keep, Candidate& c, const oc_event& e);
  void cite(const oc::Call& keep, Candidate& c, const oc_event& e);
  void logprobs(const oc::Call& keep, Candidate& c, const oc_event& e);

  Part& add(const oc::Call& keep, Candidate& c, const oc_event& e, std::uint32_t type) const;
  static Part* find(Candidate& c, std::uint32_t index);
  static void remove(Candidate& c, const Part* part);
  bool shown(const Part& p) const;

  void send_part(const oc::Call& keep, std::uint32_t candidate, const Part& p, oc::Out& out);
  void open_event(oc::Out& out);
  void write_part(const oc::Call& keep, oc::Writer& w, const Part& p) const;
  void write_candidate(const oc::Call& keep, oc::Writer& w, std::uint32_t index) const;
  void write_tail(oc::Writer& w) const;
  void write_last(const oc::Call& keep, oc::Writer& w) const;
  void write_embeddings(const oc::Call& keep, oc::Writer& w) const;
  void write_count(oc::Writer& w) const;

  oc_arena* arena_;
  Candidate* candidates_;
  std::uint32_t n_, op_;
  bool stream_, array_, batch_, begun_, show_reasoning_, has_usage_, told_opaque_;
  oc_str id_, model_;
  oc_usage usage_;
  oc_str* embeddings_;  // one an input
};

}  // namespace onechat::gemini
