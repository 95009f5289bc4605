// The blocks of a streamed answer, strictly one after the other, out of parts whose pieces may alternate.
//
// The first part that has not ended is the open one: its pieces go out at once. Pieces of another tool call wait until
// those before it have ended. Texts do not make others wait: a text that is interrupted is closed, and goes on in a block
// of its own. Zeroed memory is the beginning; it lives in the state of a surface.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "part.hpp"

namespace onechat::anthropic_messages {

class BlockStream {
 public:
  // `keep` lasts as long as the answer. `show`: the client wants to see thinking.
  void begin(bool show) { show_ = show; }
  // A part was added to the list that begins with `first`.
  void added(const oc::Call& keep, Part* part, oc::Out& out);
  // A piece of the text of `part`, or of its arguments.
  void piece(const oc::Call& keep, Part& part, std::string_view text, oc::Out& out);
  void cited(const oc::Call& keep, Part& part, oc::Out& out);
  // `part` has ended: it and those that waited for it go out.
  void ended(const oc::Call& keep, oc::Out& out);
  // Everything that is still open has ended.
  void end_all(const oc::Call& keep, oc::Out& out);
  // Some arguments were no JSON, and what could not be told was left out.
  bool lost_arguments() const { return lost_arguments_; }

 private:
  void advance(const oc::Call& keep, oc::Out& out);
  void flush(const oc::Call& keep, Part& part, oc::Out& out);
  void close(const oc::Call& keep, Part& part, oc::Out& out);
  void text(const oc::Call& keep, Part& part, std::string_view text, oc::Out& out);
  void arguments(const oc::Call& keep, Part& part, std::string_view text, oc::Out& out);
  void citations(const oc::Call& keep, Part& part, oc::Out& out);
  void open(const oc::Call& keep, Part& part, oc::Out& out);
  void whole_block(const oc::Call& keep, const Part& part, oc::Out& out);
  void redacted(std::string_view data, oc::Out& out);

  oc::Writer start(oc::Out& out);
  void started(oc::Writer& w, oc::Out& out);
  void delta(std::string_view type, std::string_view member, std::string_view text, oc::Out& out);
  void stop(oc::Out& out);

  Part* current_;  // the first that is not closed
  std::int64_t blocks_;
  bool show_, lost_arguments_;
};

}  // namespace onechat::anthropic_messages
