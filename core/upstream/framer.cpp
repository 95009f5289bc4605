#include "upstream/framer.hpp"

#include <algorithm>
#include <utility>

namespace onechat::upstream {
namespace {

Frame from(const net::SseSplitter::Event& e) { return {e.raw, e.name, e.data, e.has_data, e.data_in_raw}; }
Frame whole(std::string_view bytes) { return {bytes, {}, bytes, true, true}; }

}  // namespace

Framer::Framer(std::uint32_t framing, std::size_t frame_bytes_max)
    : framing_(framing), bytes_max_(frame_bytes_max), sse_(frame_bytes_max) {}

void Framer::feed(std::string_view bytes) {
  if (framing_ == OC_FRAME_SSE) return sse_.feed(bytes);
  if (read_ == buffer_.size()) buffer_.clear();
  else if (framing_ != OC_FRAME_BODY) buffer_.erase(0, read_);
  scanned_ -= std::min(scanned_, read_);
  read_ = 0;
  if (buffer_.size() + bytes.size() > bytes_max_) {
    overflow_ = true;
    return;
  }
  buffer_.append(bytes);
}

bool Framer::next(Frame& out) {
  switch (framing_) {
    case OC_FRAME_SSE: {
      net::SseSplitter::Event e;
      if (!sse_.next(e)) return false;
      out = from(e);
      return true;
    }
    case OC_FRAME_NDJSON: return next_line(out);
    case OC_FRAME_JSON_ARRAY: return next_element(out);
    case OC_FRAME_RAW:
      if (read_ == buffer_.size()) return false;
      out = whole(std::string_view(buffer_).substr(read_));
      read_ = buffer_.size();
      return true;
    default: return false;  // OC_FRAME_BODY: only at the end
  }
}

bool Framer::next_line(Frame& out) {
  const auto end = buffer_.find('\n', read_);
  if (end == std::string::npos) return false;
  std::string_view line(buffer_.data() + read_, end - read_);
  out.raw = std::string_view(buffer_.data() + read_, end + 1 - read_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  out.name = {};
  out.data = line;
  out.has_data = !line.empty();
  out.data_in_raw = true;
  read_ = end + 1;
  return true;
}

// An element ends where its last bracket closes; `[`, `,` and `]` around elements go along as framing. Elements that are
// no objects are not looked for: no dialect streams them.
bool Framer::next_element(Frame& out) {
  std::size_t begin = std::string::npos;
  if (depth_ > 0) begin = buffer_.find('{', read_);
  for (; scanned_ < buffer_.size(); ++scanned_) {
    const char c = buffer_[scanned_];
    if (in_string_) {
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"')
        in_string_ = false;
      continue;
    }
    if (c == '"') {
      in_string_ = depth_ > 0;
    } else if (c == '{' || (c == '[' && depth_ > 0)) {
      if (depth_++ == 0) begin = scanned_;
    } else if ((c == '}' || c == ']') && depth_ > 0 && --depth_ == 0) {
      ++scanned_;
      const std::string_view all(buffer_);
      out = Frame{all.substr(read_, scanned_ - read_), {}, all.substr(begin, scanned_ - begin), true, true};
      read_ = scanned_;
      return true;
    }
  }
  return false;
}

bool Framer::rest(Frame& out) {
  if (framing_ == OC_FRAME_JSON_ARRAY) {
    if (read_ == buffer_.size()) return false;
    // An element that was cut off is the codec's to judge; the closing bracket alone is framing.
    out = whole(std::string_view(buffer_).substr(read_));
    out.has_data = depth_ > 0;
    read_ = scanned_ = buffer_.size();
    return true;
  }
  if (framing_ == OC_FRAME_SSE) {
    net::SseSplitter::Event e;
    if (!sse_.rest(e)) return false;
    out = from(e);
    return true;
  }
  if (framing_ == OC_FRAME_BODY && read_ == 0 && buffer_.empty()) {
    buffer_.push_back(' ');  // an empty body is still one frame, once
    read_ = 1;
    was_empty_ = true;
    out = Frame{{}, {}, {}, true, false};
    return true;
  }
  if (read_ == buffer_.size()) return false;
  out = whole(std::string_view(buffer_).substr(read_));
  read_ = buffer_.size();
  return true;
}

std::string Framer::take_body() noexcept { return was_empty_ ? std::string() : std::move(buffer_); }

}  // namespace onechat::upstream
