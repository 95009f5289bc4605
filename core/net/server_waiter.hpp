// Where one coroutine sleeps until somebody on the same loop wakes it. No allocation, no executor hop.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace onechat::net {

class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { drop(); }

  bool waiting() const noexcept { return act_ != nullptr; }
  // For co_await, by one coroutine at a time. The waiter outlives the wait.
  auto wait() {
    return boost::asio::async_initiate<const boost::asio::deferred_t, void()>(
        [this](auto handler) { keep(std::move(handler)); }, boost::asio::deferred);
  }
  // Resumes the coroutine inside this call: let it be the caller's last act. Nothing when nobody waits.
  void wake() {
    if (act_ != nullptr) std::exchange(act_, nullptr)(place_, true);
  }
  // Gives the sleeping coroutine up: its frames are destroyed, not resumed.
  void drop() {
    if (act_ != nullptr) std::exchange(act_, nullptr)(place_, false);
  }

 private:
  template <class Handler>
  void keep(Handler handler) {
    static_assert(sizeof(Handler) <= sizeof(place_) && alignof(Handler) <= alignof(std::max_align_t));
    new (place_) Handler(std::move(handler));
    act_ = [](void* place, bool call) {
      auto* kept = static_cast<Handler*>(place);
      Handler taken(std::move(*kept));
      kept->~Handler();
      if (call) std::move(taken)();
    };
  }

  using Act = void (*)(void* place, bool call);
  Act act_ = nullptr;
  alignas(std::max_align_t) unsigned char place_[32];
};

}  // namespace onechat::net
