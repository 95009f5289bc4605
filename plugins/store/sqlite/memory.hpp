// Results in the host's arena. Throws std::bad_alloc when it has no more; the op answers OC_E_NOMEM then.
#pragma once
#include <onechat/store.h>

#include <cstring>
#include <new>

namespace onechat::store_sqlite {

using AllocFn = decltype(oc_host::alloc);

class Memory {
 public:
  Memory(AllocFn alloc, oc_arena* arena) noexcept : alloc_(alloc), arena_(arena) {}

  std::uint8_t* bytes(std::uint64_t size) { return static_cast<std::uint8_t*>(raw(size, 1)); }
  oc_str copy(oc_str text) {
    if (text.len == 0) return {};
    return {static_cast<const char*>(std::memcpy(bytes(text.len), text.ptr, text.len)), text.len};
  }
  oc_bytes copy(oc_bytes blob) {
    if (blob.len == 0) return {};
    return {static_cast<const std::uint8_t*>(std::memcpy(bytes(blob.len), blob.ptr, blob.len)), blob.len};
  }
  template <class T>
  T* make_sized() {
    T* t = new (raw(sizeof(T), alignof(T))) T{};
    t->struct_size = sizeof(T);
    return t;
  }
  // The pointers of a result's rows; `rows` has them until the op is answered.
  template <class Rows, class T>
  void publish(const Rows& rows, const T* const*& out, std::uint64_t& n) {
    auto* copy = static_cast<const T**>(raw((rows.size() + 1) * sizeof(T*), alignof(T*)));
    for (std::size_t i = 0; i < rows.size(); ++i) copy[i] = rows[i];
    out = copy;
    n = rows.size();
  }

 private:
  void* raw(std::uint64_t size, std::uint64_t align) {
    void* p = alloc_(arena_, size, align);
    if (p == nullptr) throw std::bad_alloc();
    return p;
  }
  AllocFn alloc_;
  oc_arena* arena_;
};

}  // namespace onechat::store_sqlite
