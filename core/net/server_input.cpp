#include "net/server_input.hpp"

#include <algorithm>
#include <cstring>

namespace onechat::net {

std::span<char> InputBuffer::room() {
  if (!pinned_ && begin_ == end_) begin_ = end_ = 0;
  if (!pinned_ && begin_ > 0 && size_ - end_ < kBlockBytes / 4) {
    std::memmove(block_.get(), block_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == size_) grow();
  return {block_.get() + end_, size_ - end_};
}

void InputBuffer::grow() {
  const std::size_t held = end_ - begin_;
  const std::size_t size = std::max(kBlockBytes, 2 * held);
  auto block = std::make_unique_for_overwrite<char[]>(size);
  if (held > 0) std::memcpy(block.get(), block_.get() + begin_, held);
  if (pinned_ && block_) retired_.push_back(std::move(block_));
  block_ = std::move(block);
  size_ = size;
  begin_ = 0;
  end_ = held;
}

void InputBuffer::unpin() noexcept {
  pinned_ = false;
  retired_.clear();
  if (begin_ == end_ && size_ > kBlockBytes) {
    block_.reset();
    size_ = begin_ = end_ = 0;
  }
}

}  // namespace onechat::net
