// Cuts a response body into the frames that a codec asked for (OC_FRAME_*).
//
// One per attempt. A frame is valid until the next call of feed(), next() or rest().
#pragma once
#include <onechat/provider.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "net/sse_splitter.hpp"

namespace onechat::upstream {

struct Frame {
  std::string_view raw;        // as received, with its framing; what a straight relay passes on
  std::string_view name, data;
  bool has_data = false;       // false: framing only (comments), nothing for the codec
  bool data_in_raw = false;    // data is a part of raw
};

class Framer {
 public:
  Framer(std::uint32_t framing, std::size_t frame_bytes_max);

  void feed(std::string_view bytes);
  bool next(Frame& out);
  bool rest(Frame& out);       // at the end of the body, until false
  // OC_FRAME_BODY, after rest(): the body that was its frame.
  std::string take_body() noexcept;
  bool overflow() const noexcept { return overflow_ || sse_.overflow(); }

 private:
  bool next_line(Frame& out);
  bool next_element(Frame& out);

  std::uint32_t framing_;
  std::size_t bytes_max_;
  net::SseSplitter sse_;
  std::string buffer_;
  std::size_t read_ = 0;
  bool overflow_ = false, was_empty_ = false;
  // OC_FRAME_JSON_ARRAY: how far the scan of the open element got.
  std::size_t scanned_ = 0;
  unsigned depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

}  // namespace onechat::upstream
