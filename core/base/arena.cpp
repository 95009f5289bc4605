#include "base/arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

oc_arena::~oc_arena() {
  for (auto& [block, size] : blocks_) std::free(block);
}

void* oc_arena::allocate_slow(std::size_t size, std::size_t align) noexcept {
  if (size > bytes_max_ - align) return nullptr;
  const std::size_t want = std::max(kBlockBytes, size + align);
  if (bytes_held_ + want > bytes_max_) return nullptr;
  char* block = static_cast<char*>(std::malloc(want));
  if (block == nullptr) return nullptr;
  try {
    blocks_.emplace_back(block, want);
  } catch (const std::bad_alloc&) {
    std::free(block);
    return nullptr;
  }
  bytes_held_ += want;
  const auto at = (reinterpret_cast<std::uintptr_t>(block) + align - 1) & ~(std::uintptr_t(align) - 1);
  // A large single object must not strand the rest of a half-used block.
  if (want == kBlockBytes || next_ == nullptr) {
    next_ = reinterpret_cast<char*>(at + size);
    end_ = block + want;
  }
  return reinterpret_cast<void*>(at);
}

void* oc_arena::checked(std::size_t size, std::size_t align) {
  void* p = allocate(size, align);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}

void oc_arena::reset() noexcept {
  if (blocks_.empty()) return;
  const auto keep = std::find_if(blocks_.begin(), blocks_.end(), [](const auto& b) { return b.second == kBlockBytes; });
  if (keep != blocks_.end()) std::iter_swap(blocks_.begin(), keep);
  const std::size_t kept = keep != blocks_.end() ? 1 : 0;
  for (std::size_t i = kept; i < blocks_.size(); ++i) std::free(blocks_[i].first);
  blocks_.resize(kept);
  bytes_held_ = kept ? kBlockBytes : 0;
  next_ = kept ? blocks_[0].first : nullptr;
  end_ = kept ? next_ + kBlockBytes : nullptr;
}
