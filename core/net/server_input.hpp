// What has arrived on a connection and is not used up yet.
//
// While pinned (a request is being handled) no byte that was handed out moves: growth puts the unread rest into a new
// block and keeps the old one until unpin(). Otherwise the block is compacted and reused.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace onechat::net {

class InputBuffer {
 public:
  static constexpr std::size_t kBlockBytes = 8 * 1024;

  std::string_view unread() const noexcept { return {block_.get() + begin_, end_ - begin_}; }
  std::span<char> unread_bytes() noexcept { return {block_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  void consume(std::size_t n) noexcept { begin_ += n; }
  void clear() noexcept { begin_ = end_; }

  // Room for more, at least one byte of it; valid until the next call.
  std::span<char> room();
  void commit(std::size_t n) noexcept { end_ += n; }

  void pin() noexcept { pinned_ = true; }
  void unpin() noexcept;

 private:
  void grow();

  std::unique_ptr<char[]> block_;
  std::size_t size_ = 0, begin_ = 0, end_ = 0;
  bool pinned_ = false;
  std::vector<std::unique_ptr<char[]>> retired_;
};

}  // namespace onechat::net
