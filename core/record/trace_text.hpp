// What was said in an exchange, as JSON for a trace: the turns of the request and the collected answer.
//
// Binary content (images, audio, files, opaque state) is left out but for its kind and size: the raw body has it.
#pragma once
#include <onechat/conv.h>

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace onechat::record {

// Appends one JSON array: [{"role":"user","parts":[{"type":"text","text":"..."}]}]. The inputs of an embedding are
// turns of the user.
void append_turns(std::string& out, const oc_request& request);
std::size_t room_for_turns(const oc_request& request) noexcept;  // bytes that it is likely to take

// The answer of one exchange, fed with its events in stream order. Belongs to one event loop. Allocates for a new part
// and for growing text only. Beyond its bounds it drops text and says so ("truncated").
class AnswerText {
 public:
  static constexpr std::size_t kTextBytesMax = 1u << 20;
  static constexpr std::size_t kPartsMax = 1'024;
  static constexpr std::uint32_t kChoicesMax = 128;

  explicit AnswerText(std::size_t text_bytes_max = kTextBytesMax) : text_bytes_max_(text_bytes_max) {}

  void add(const oc_event& event);
  // Forgets everything, keeps memory: an attempt that gave way to the next target, or the next exchange.
  void clear() noexcept;

  // Appends {"choices":[{"parts":[...],"finish":"stop"}]}, with "error" and "truncated" where they apply.
  void append_to(std::string& out) const;
  std::string_view finish_of(std::uint32_t choice = 0) const noexcept;  // "" while open
  std::size_t text_bytes() const noexcept { return text_bytes_; }
  std::size_t room() const noexcept;  // bytes that append_to() is likely to take

 private:
  struct Part {
    std::uint32_t choice, index, type;  // OC_PART_*
    std::string text, tool_id, tool_name;
  };

  Part* part(const oc_event& event, std::uint32_t type);
  void append_text(const oc_event& event, std::uint32_t type);
  void end_choice(std::uint32_t choice, std::uint32_t finish);
  void append_choice(std::string& out, std::uint32_t choice) const;

  std::size_t text_bytes_max_, text_bytes_ = 0;
  bool full_ = false;
  boost::container::small_vector<Part, 1> parts_;  // of most answers: one part of one choice
  boost::container::small_vector<std::uint32_t, 1> finish_;  // by choice; OC_FIN_*, 0 = open
  std::string error_code_, error_message_;
  oc_status error_status_ = OC_OK;
  bool truncated_ = false;
};

// "stop", "length", "tool", "filter", "error", "cancelled", "sequence", "context", "pause", "refusal", "malformed_tool";
// "" for anything else.
std::string_view finish_name(std::uint32_t finish) noexcept;

}  // namespace onechat::record
