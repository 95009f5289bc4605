// What an upstream says becomes events: whole bodies and the chunks of streams, which have the same form.
//
// Lives in the state of one attempt. Allocates when a tool call streams, never for a piece of text.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "partial_args.hpp"

namespace onechat::gemini {

class AnswerReader {
 public:
  // `model`: of the target, for what signatures say about their origin. `serial`: only the first tool call of an answer
  // is passed on. `keep`: a whole body is told as OC_EV_ANSWER, too.
  void begin(std::string_view model, bool serial, bool keep);

  void read_body(const oc::Call& call, oc::Json root);
  void read_chunk(const oc::Call& call, oc::Json root);
  void read_embeddings(const oc::Call& call, oc::Json root);
  void read_count(const oc::Call& call, oc::Json root);

  bool failed() const { return failed_; }  // an ERROR event went out
  bool finished() const;                   // every candidate that began has ended
  bool usage_seen() const { return usage_seen_; }

 private:
  struct Candidate {
    std::uint32_t index = 0, parts = 0, tools = 0;
    std::uint32_t open_type = 0, open_part = 0;  // the text or reasoning that is being written
    std::uint32_t text_part = 0;                 // the last text, which citations are about
    bool open_signed = false;                    // it has its signature: more text is another part
    bool finished = false, call_open = false, call_hidden = false;
    std::uint32_t call_part = 0;
    PartialArgs args;
    std::size_t cited = 0, queries = 0;
  };

  void read(const oc::Call& call, oc::Json root, bool whole);
  bool start(const oc::Call& call, oc::Json root);  // false: it was an error
  void error(const oc::Call& call, oc::Json root);
  void blocked(const oc::Call& call, oc::Json feedback);
  void usage(const oc::Call& call, oc::Json root, bool last_word);
  Candidate* candidate(oc::Json wire, std::uint64_t position);
  void read_candidate(const oc::Call& call, Candidate& c, oc::Json wire);
  void part(const oc::Call& call, Candidate& c, oc::Json part);
  void text(const oc::Call& call, Candidate& c, std::uint32_t type, std::string_view text);
  void signature(const oc::Call& call, Candidate& c, std::string_view signature);
  void close_text(const oc::Call& call, Candidate& c);
  void function_call(const oc::Call& call, Candidate& c, oc::Json f, std::string_view signature);
  void begin_call(const oc::Call& call, Candidate& c, oc::Json f, std::string_view signature);
  void end_call(const oc::Call& call, Candidate& c);
  void media(const oc::Call& call, Candidate& c, oc::Json blob, std::string_view signature);
  void opaque(const oc::Call& call, Candidate& c, oc::Json part);
  void state(const oc::Call& call, const Candidate& c, std::uint32_t part, std::string_view signature);
  void grounding(const oc::Call& call, Candidate& c, oc::Json metadata);
  void citations(const oc::Call& call, Candidate& c, oc::Json metadata);
  void cite(const oc::Call& call, const Candidate& c, oc::Json web, std::string_view quote, oc::Json raw);
  void logprobs(const oc::Call& call, Candidate& c, oc::Json result);
  void finish(const oc::Call& call, Candidate& c, std::string_view word, oc::Json message);

  std::vector<Candidate> candidates_;
  std::string model_, id_;  // id_: of the answer; tool calls without an id are named after it
  bool serial_ = false, keep_ = false;
  bool started_ = false, failed_ = false, blocked_ = false, complete_ = false, usage_seen_ = false;
};

}  // namespace onechat::gemini
