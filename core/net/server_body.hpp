// A request body that did not arrive together with its head: one growing piece of memory, not initialised.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

namespace onechat::net {

class BodyBuffer {
 public:
  std::string_view bytes() const noexcept { return {data_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  std::span<char> room() noexcept { return {data_.get() + size_, capacity_ - size_}; }
  void commit(std::size_t n) noexcept { size_ += n; }
  void clear() noexcept { size_ = 0; }
  void release() noexcept {
    data_.reset();
    size_ = capacity_ = 0;
  }
  // Makes room for `more` bytes; false: out of memory. Grows by what came, not by what was announced, so that a large
  // Content-Length alone costs nothing: pass the announced rest as `wanted`, at least one byte of room is made.
  bool make_room(std::size_t wanted) noexcept;
  bool append(std::string_view more) noexcept;

 private:
  struct Free {
    void operator()(char* p) const noexcept { std::free(p); }
  };
  bool grow(std::size_t capacity) noexcept;

  std::unique_ptr<char, Free> data_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace onechat::net
