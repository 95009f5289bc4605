// Completion tokens: what a plugin is given to say "done" exactly once, from any thread, at any time.
//
// A token is a tagged pointer to a slot that is never freed, only used again under a new generation, so a late or second
// completion is noticed and ignored instead of hitting something else.
#pragma once
#include <onechat/abi.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace onechat::plugin {

// The tokens of one event loop. All but complete() are confined to that loop. Outlives every plugin instance.
class OperationPool {
 public:
  explicit OperationPool(boost::asio::io_context& loop) : loop_(loop) {}
  ~OperationPool();
  OperationPool(const OperationPool&) = delete;
  OperationPool& operator=(const OperationPool&) = delete;

  // `done` runs once on the loop, never inside complete().
  oc_op* open(std::function<void(oc_status)> done);
  std::size_t open_count() const noexcept { return open_count_; }

  // [any] host->complete. False: the token was not open any more.
  static bool complete(oc_op* token, oc_status status) noexcept;

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint32_t> generation{1};  // odd: free or done; even: open
    OperationPool* pool = nullptr;
    std::function<void(oc_status)> done;
  };
  static std::pair<Slot*, std::uint32_t> decode(oc_op* token) noexcept;
  void finish(Slot* slot, oc_status status);

  boost::asio::io_context& loop_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;
  std::size_t open_count_ = 0;
};

}  // namespace onechat::plugin
