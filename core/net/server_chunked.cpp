#include "net/server_chunked.hpp"

#include <algorithm>

namespace onechat::net {
namespace {

int hex_value(unsigned char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(unsigned char c) noexcept { return (c >= 0x20 && c != 0x7f) || c == '\t'; }

}  // namespace

ChunkDecoder::Step ChunkDecoder::step(std::string_view in) noexcept {
  std::size_t i = 0;
  while (i < in.size()) {
    if (at_ == At::data) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - i));
      left_ -= n;
      if (left_ == 0) at_ = At::data_cr;
      return {State::data, i + n, in.substr(i, n)};
    }
    const bool last = at_ == At::last_lf;
    at_ = take_framing(static_cast<unsigned char>(in[i++]));
    if (at_ == At::broken) return {State::fault, i, {}};
    if (last) return {State::done, i, {}};
  }
  return {State::more, i, {}};
}

ChunkDecoder::At ChunkDecoder::take_framing(unsigned char c) noexcept {
  switch (at_) {
    case At::size: return take_size(c);
    case At::extension:
      if (c == '\r') return At::size_lf;
      return is_text(c) && ++line_bytes_ <= kExtensionBytesMax ? At::extension : At::broken;
    case At::size_lf:
      if (c != '\n') return At::broken;
      any_digit_ = false;
      line_bytes_ = 0;
      return left_ == 0 ? At::line_start : At::data;
    case At::data_cr: return c == '\r' ? At::data_lf : At::broken;
    case At::data_lf: return c == '\n' ? At::size : At::broken;
    case At::line_start:
      if (c == '\r') return At::last_lf;
      [[fallthrough]];
    case At::trailer:
      if (c == '\r') return At::trailer_lf;
      return is_text(c) && ++line_bytes_ <= kTrailerBytesMax ? At::trailer : At::broken;
    case At::trailer_lf: return c == '\n' ? At::line_start : At::broken;
    case At::last_lf: return c == '\n' ? At::size : At::broken;
    case At::data:
    case At::broken: break;
  }
  return At::broken;
}

ChunkDecoder::At ChunkDecoder::take_size(unsigned char c) noexcept {
  if (const int digit = hex_value(c); digit >= 0) {
    if (left_ >> 56 != 0) return At::broken;  // larger than anything that is accepted, long before it overflows
    left_ = left_ << 4 | static_cast<unsigned>(digit);
    any_digit_ = true;
    return ++line_bytes_ <= 16 ? At::size : At::broken;
  }
  if (!any_digit_) return At::broken;
  line_bytes_ = 0;
  if (c == '\r') return At::size_lf;
  return c == ';' ? At::extension : At::broken;
}

}  // namespace onechat::net
