// A pointer to something immutable that is swapped whole.
//
// What std::atomic<std::shared_ptr> promises. The one of libstdc++ 12 also spins for the few instructions of a copy,
// but gives its lock back with relaxed order after a load, which is a race by the letter and drowns the thread
// sanitizer.
#pragma once
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

namespace onechat::admission {

template <class T>
class alignas(64) SnapshotCell {  // a cache line each: readers of one do not slow those of its neighbour
 public:
  std::shared_ptr<const T> load() const noexcept {
    const Guard guard(busy_);
    return value_;
  }
  void store(std::shared_ptr<const T> value) noexcept {
    const Guard guard(busy_);
    value_.swap(value);  // the old one dies with the parameter, after the lock
  }

 private:
  class Guard {
   public:
    explicit Guard(std::atomic<bool>& busy) noexcept : busy_(busy) {
      while (busy_.exchange(true, std::memory_order_acquire))
        while (busy_.load(std::memory_order_relaxed)) std::this_thread::yield();
    }
    ~Guard() { busy_.store(false, std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    std::atomic<bool>& busy_;
  };
  mutable std::atomic<bool> busy_{false};
  std::shared_ptr<const T> value_;
};

}  // namespace onechat::admission
