#include "net/server_body.hpp"

#include <algorithm>
#include <cstring>

namespace onechat::net {
namespace {
constexpr std::size_t kFirstBytes = 16 * 1024;
}

bool BodyBuffer::grow(std::size_t capacity) noexcept {
  char* moved = static_cast<char*>(std::realloc(data_.get(), capacity));
  if (moved == nullptr) return false;
  static_cast<void>(data_.release());
  data_.reset(moved);
  capacity_ = capacity;
  return true;
}

bool BodyBuffer::make_room(std::size_t wanted) noexcept {
  if (size_ < capacity_) return true;
  const std::size_t step = std::max(kFirstBytes, 2 * capacity_);
  return grow(std::max(kFirstBytes, std::min(step, size_ + wanted)));
}

bool BodyBuffer::append(std::string_view more) noexcept {
  if (capacity_ - size_ < more.size() && !grow(std::max({kFirstBytes, 2 * capacity_, size_ + more.size()})))
    return false;
  std::memcpy(data_.get() + size_, more.data(), more.size());
  size_ += more.size();
  return true;
}

}  // namespace onechat::net
