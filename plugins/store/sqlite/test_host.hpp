// As much of a host as a store needs, and a temporary folder. For tests and measurements.
#pragma once
#include <onechat/store.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct oc_arena {
  std::vector<std::unique_ptr<unsigned char[]>> blocks;
  std::uint64_t bytes_max = UINT64_MAX, bytes_used = 0;
};

namespace onechat::store_sqlite::testing {

inline void* OC_CALL alloc(oc_arena* arena, std::uint64_t size, std::uint64_t) {
  arena->bytes_used += size;
  if (arena->bytes_used > arena->bytes_max) return nullptr;
  arena->blocks.push_back(std::make_unique<unsigned char[]>(size + 1));
  return arena->blocks.back().get();
}

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "onechat-store-XXXXXX") {
    std::string name = path_.string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const char* name = "store.db") const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline oc_str str(std::string_view v) { return {v.data(), v.size()}; }
inline oc_bytes bytes(std::string_view v) { return {reinterpret_cast<const std::uint8_t*>(v.data()), v.size()}; }
inline std::string text(oc_str v) { return v.len != 0 ? std::string(v.ptr, v.len) : std::string(); }
inline std::string text(oc_bytes v) {
  return v.len != 0 ? std::string(reinterpret_cast<const char*>(v.ptr), v.len) : std::string();
}

template <class T>
T sized() {
  T t{};
  t.struct_size = sizeof(T);
  return t;
}

}  // namespace onechat::store_sqlite::testing
