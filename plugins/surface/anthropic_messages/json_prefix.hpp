// Follows a JSON object that arrives in pieces and says how far it is one.
//
// SDKs parse the arguments of a tool call while they arrive and throw at the first byte that cannot belong to a JSON
// object. A model's own text may be anything, so only what is still the beginning of an object is handed on.
// Zeroed memory is the beginning.
#pragma once
#include <cstdint>
#include <string_view>

namespace onechat::anthropic_messages {

class JsonPrefix {
 public:
  // How many of the leading bytes of `piece` may be handed on. Fewer than all: broken() from now on, and 0 for ever.
  std::size_t accept(std::string_view piece);
  bool broken() const { return broken_; }
  bool begun() const { return depth_ != 0 || want_ != kValue; }  // the opening brace was seen
  bool whole() const { return !broken_ && want_ == kEnd; }

 private:
  enum Want : std::uint8_t { kValue, kKeyOrClose, kKey, kColon, kValueOrClose, kCommaOrClose, kEnd };
  enum Inside : std::uint8_t { kNothing, kString, kEscape, kHex, kWord, kNumber };
  static constexpr std::uint8_t kDepthMax = 64;

  bool take(char c);
  bool begin_value(char c);
  bool close(bool array);
  void value_ended() { want_ = depth_ == 0 ? kEnd : kCommaOrClose; }
  bool in_array() const { return (arrays_ >> (depth_ - 1) & 1) != 0; }
  bool number(char c);

  std::uint64_t arrays_;  // bit per level: 1 = array
  Want want_;
  Inside inside_;
  bool broken_, is_key_;
  std::uint8_t depth_, hex_left_, word_, word_at_, number_state_;
};

}  // namespace onechat::anthropic_messages
