// Cuts a stream of bytes into server-sent events (WHATWG HTML §9.2.6), any split of the input, no copies where it can.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace onechat::net {

class SseSplitter {
 public:
  struct Event {
    std::string_view raw;   // the whole block as received, with its blank line; comments-only blocks too
    std::string_view name;  // event field or ""
    std::string_view data;  // data lines joined by LF
    bool has_data = false;
    bool data_in_raw = false;  // data is one piece of raw (single data line): its offset is data.data() - raw.data()
  };
  explicit SseSplitter(std::size_t event_bytes_max = 16u << 20) : event_bytes_max_(event_bytes_max) {}

  void feed(std::string_view bytes);  // borrowed only during the call
  // The next complete block; false when more bytes are needed. The event is valid until the next feed() or next().
  bool next(Event& out);
  // At the end of the body: what is left is a last block if it has no blank line after it.
  bool rest(Event& out);
  bool overflow() const noexcept { return overflow_; }  // an event larger than the limit: the stream is broken

 private:
  bool over_limit(std::size_t block_bytes) noexcept;
  void take(std::size_t end, Event& out);
  void parse(std::string_view block, Event& out);

  std::string buffer_;
  // Places in buffer_: start of the block, start of its line in work, next LF and CR (or how far they were looked for).
  std::size_t read_ = 0, scanned_ = 0, lf_ = 0, cr_ = 0;
  std::string joined_;
  std::size_t event_bytes_max_;
  bool overflow_ = false;
  bool first_ = true;     // no block was taken yet: a byte order mark may lead
  bool skip_lf_ = false;  // the last block ended with CR alone: an LF that follows belongs to it
};

}  // namespace onechat::net
