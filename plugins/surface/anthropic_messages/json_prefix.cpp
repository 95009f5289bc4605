#include "json_prefix.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::string_view kWords[] = {"true", "false", "null"};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Where inside a number: what was read last.
enum NumberState : std::uint8_t { kMinus, kZero, kInteger, kPoint, kFraction, kE, kSign, kExponent };
bool may_end(std::uint8_t s) { return s == kZero || s == kInteger || s == kFraction || s == kExponent; }

}  // namespace

std::size_t JsonPrefix::accept(std::string_view piece) {
  if (broken_) return 0;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    if (take(piece[i])) continue;
    broken_ = true;
    return i;
  }
  return piece.size();
}

bool JsonPrefix::take(char c) {
  switch (inside_) {
    case kString:
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\') inside_ = kEscape;
      if (c == '"') {
        inside_ = kNothing;
        if (is_key_)
          want_ = kColon;
        else
          value_ended();
      }
      return true;
    case kEscape:
      hex_left_ = 4;
      inside_ = c == 'u' ? kHex : kString;
      return std::string_view("\"\\/bfnrtu").find(c) != std::string_view::npos;
    case kHex:
      if (--hex_left_ == 0) inside_ = kString;
      return is_hex(c);
    case kWord:
      if (c != kWords[word_][word_at_++]) return false;
      if (word_at_ == kWords[word_].size()) {
        inside_ = kNothing;
        value_ended();
      }
      return true;
    case kNumber:
      if (number(c)) return true;
      if (!may_end(number_state_)) return false;
      inside_ = kNothing;
      value_ended();
      break;
    case kNothing: break;
  }
  if (is_space(c)) return true;
  switch (want_) {
    case kValue: return (depth_ != 0 || c == '{') && begin_value(c);
    case kValueOrClose: return c == ']' ? close(true) : begin_value(c);
    case kKeyOrClose:
      if (c == '}') return close(false);
      [[fallthrough]];
    case kKey:
      is_key_ = true;
      inside_ = kString;
      return c == '"';
    case kColon: want_ = kValue; return c == ':';
    case kCommaOrClose:
      if (c == ']' || c == '}') return close(c == ']');
      want_ = in_array() ? kValue : kKey;
      return c == ',';
    case kEnd: return false;
  }
  return false;
}

bool JsonPrefix::begin_value(char c) {
  if (c == '{' || c == '[') {
    if (depth_ == kDepthMax) return false;
    arrays_ = (arrays_ & ~(std::uint64_t(1) << depth_)) | std::uint64_t(c == '[') << depth_;
    ++depth_;
    want_ = c == '[' ? kValueOrClose : kKeyOrClose;
    return true;
  }
  if (c == '"') {
    is_key_ = false;
    inside_ = kString;
    return true;
  }
  if (c == '-' || is_digit(c)) {
    inside_ = kNumber;
    number_state_ = c == '-' ? kMinus : c == '0' ? kZero : kInteger;
    return true;
  }
  for (word_ = 0; word_ < 3; ++word_) {
    if (kWords[word_][0] != c) continue;
    word_at_ = 1;
    inside_ = kWord;
    return true;
  }
  return false;
}

bool JsonPrefix::close(bool array) {
  if (depth_ == 0 || in_array() != array) return false;
  --depth_;
  value_ended();
  return true;
}

// Does `c` go on with the number?
bool JsonPrefix::number(char c) {
  const auto go = [this](std::uint8_t state) {
    number_state_ = state;
    return true;
  };
  const bool digit = is_digit(c);
  switch (number_state_) {
    case kMinus: return digit && go(c == '0' ? kZero : kInteger);
    case kZero:
    case kInteger:
      if (digit) return number_state_ == kInteger;
      if (c == '.') return go(kPoint);
      return (c == 'e' || c == 'E') && go(kE);
    case kPoint:
    case kFraction:
      if (digit) return go(kFraction);
      return number_state_ == kFraction && (c == 'e' || c == 'E') && go(kE);
    case kE: return digit ? go(kExponent) : (c == '+' || c == '-') && go(kSign);
    default: return digit && go(kExponent);
  }
}

}  // namespace onechat::anthropic_messages
