#include "net/sse_splitter.hpp"

#include <algorithm>
#include <cstring>

namespace onechat::net {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::size_t mark_bytes(std::string_view text) noexcept {
  return text.substr(0, kByteOrderMark.size()) == kByteOrderMark ? kByteOrderMark.size() : 0;
}

// The first `c` at or after `from`, or the size. `seen` remembers how far was looked: each byte is looked at once for
// each of the two line ends, whatever their mix.
std::size_t find(std::string_view text, char c, std::size_t from, std::size_t& seen) noexcept {
  seen = std::max(seen, from);
  if (seen < text.size() && text[seen] != c) {
    const void* hit = std::memchr(text.data() + seen, c, text.size() - seen);
    seen = hit == nullptr ? text.size() : static_cast<const char*>(hit) - text.data();
  }
  return seen;
}

}  // namespace

void SseSplitter::feed(std::string_view bytes) {
  if (overflow_) return;
  // Moves at most as many bytes as were read since the last move, so that it stays linear.
  if (read_ != 0 && read_ >= buffer_.size() - read_) {
    buffer_.erase(0, read_);
    scanned_ -= read_;
    lf_ -= std::min(lf_, read_);
    cr_ -= std::min(cr_, read_);
    read_ = 0;
  }
  buffer_.append(bytes);
}

bool SseSplitter::over_limit(std::size_t block_bytes) noexcept {
  if (block_bytes > event_bytes_max_) overflow_ = true;
  return overflow_;
}

bool SseSplitter::next(Event& out) {
  if (overflow_) return false;
  if (skip_lf_ && read_ < buffer_.size()) {
    if (buffer_[read_] == '\n') scanned_ = read_ + 1;
    skip_lf_ = false;
  }
  for (;;) {
    const std::size_t end = std::min(find(buffer_, '\n', scanned_, lf_), find(buffer_, '\r', scanned_, cr_));
    std::size_t after = end + 1;
    if (end < buffer_.size() && buffer_[end] == '\r') {
      const bool blank_after_cr = end == scanned_ && end > read_ && buffer_[end - 1] == '\r';
      // CR CR ends a block at once: in a stream of CR lines nothing else would come until the next event. Any other CR
      // waits for the byte after it, so that a block is the same however the bytes were cut.
      if (blank_after_cr)
        skip_lf_ = true;
      else if (after == buffer_.size())
        after = buffer_.size() + 1;
      else if (buffer_[after] == '\n')
        ++after;
    }
    if (after > buffer_.size()) {
      over_limit(buffer_.size() - read_);
      return false;
    }
    const std::size_t mark = first_ && scanned_ == 0 ? mark_bytes(buffer_) : 0;
    const bool blank = end == scanned_ + mark;
    scanned_ = after;
    if (!blank) continue;
    if (over_limit(after - read_)) return false;
    take(after, out);
    return true;
  }
}

bool SseSplitter::rest(Event& out) {
  if (next(out)) return true;
  if (overflow_ || read_ == buffer_.size()) return false;
  take(buffer_.size(), out);
  return true;
}

void SseSplitter::take(std::size_t end, Event& out) {
  parse(std::string_view(buffer_).substr(read_, end - read_), out);
  read_ = scanned_ = end;
  first_ = false;
}

void SseSplitter::parse(std::string_view block, Event& out) {
  out = Event{};
  out.raw = block;
  std::size_t data_lines = 0, lf = 0, cr = 0;
  for (std::size_t at = first_ ? mark_bytes(block) : 0; at < block.size();) {
    const std::size_t end = std::min(find(block, '\n', at, lf), find(block, '\r', at, cr));
    const std::string_view line = block.substr(at, end - at);
    at = end + 1;
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? line.substr(line.size()) : line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (name == "event") {
      out.name = value;
    } else if (name == "data") {
      if (data_lines == 0) {
        out.data = value;
      } else {
        if (data_lines == 1) joined_.assign(out.data);
        joined_.push_back('\n');
        joined_.append(value);
        out.data = joined_;
      }
      ++data_lines;
    }
  }
  out.has_data = data_lines != 0;
  out.data_in_raw = data_lines == 1;
}

}  // namespace onechat::net
