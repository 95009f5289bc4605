// Bump allocator of one exchange. Not thread-safe: it belongs to one event loop.
//
// Nothing is freed singly; reset() takes everything back and keeps the first block, so a connection that is reused
// allocates nothing in steady state. Destructors of what lies in it do not run.
#pragma once
#include <onechat/abi.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

struct oc_arena {
 public:
  static constexpr std::size_t kBlockBytes = 16 * 1024;

  // `bytes_max`: allocate() returns nullptr rather than hold more.
  explicit oc_arena(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  oc_arena() : oc_arena(256u << 20) {}
  ~oc_arena();
  oc_arena(const oc_arena&) = delete;
  oc_arena& operator=(const oc_arena&) = delete;

  void* allocate(std::size_t size, std::size_t align = alignof(std::max_align_t)) noexcept {
    const auto at = (reinterpret_cast<std::uintptr_t>(next_) + align - 1) & ~(std::uintptr_t(align) - 1);
    if (next_ != nullptr && at + size <= reinterpret_cast<std::uintptr_t>(end_)) {
      next_ = reinterpret_cast<char*>(at + size);
      return reinterpret_cast<void*>(at);
    }
    return allocate_slow(size, align);
  }
  void reset() noexcept;
  std::size_t bytes_held() const noexcept { return bytes_held_; }

  // A zeroed object; for C structs of the ABI. Throws std::bad_alloc at the limit.
  template <class T>
  T* make() {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (checked(sizeof(T), alignof(T))) T{};
  }
  // A zeroed struct of the ABI with its size set.
  template <class T>
  T* make_sized() {
    T* t = make<T>();
    t->struct_size = sizeof(T);
    return t;
  }
  template <class T>
  std::span<T> make_array(std::size_t n) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* p = static_cast<T*>(checked(n * sizeof(T) + (n == 0), alignof(T)));
    for (std::size_t i = 0; i < n; ++i) new (p + i) T{};
    return {p, n};
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* p = static_cast<char*>(checked(text.size(), 1));
    std::memcpy(p, text.data(), text.size());
    return {p, text.size()};
  }

 private:
  void* allocate_slow(std::size_t size, std::size_t align) noexcept;
  void* checked(std::size_t size, std::size_t align);

  std::vector<std::pair<char*, std::size_t>> blocks_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::size_t bytes_held_ = 0;
  std::size_t bytes_max_;
};

namespace onechat {
using Arena = ::oc_arena;
}
