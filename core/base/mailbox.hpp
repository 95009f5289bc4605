// Many threads put, one thread takes everything that is there. Lock-free; order of each producer is kept.
//
// Items are intrusive (a `next` pointer of type T*) and stay the producer's: the mailbox never frees them.
#pragma once
#include <atomic>

namespace onechat {

template <class T>
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // [any] True when the mailbox was empty, so the consumer may be asleep.
  bool put(T* item) noexcept {
    T* head = head_.load(std::memory_order_relaxed);
    do item->next = head;
    while (!head_.compare_exchange_weak(head, item, std::memory_order_seq_cst, std::memory_order_relaxed));
    if (head == nullptr) head_.notify_one();
    return head == nullptr;
  }
  // [consumer] All waiting items, oldest first, linked by `next`; nullptr when there are none.
  T* take_all() noexcept {
    T* newest = head_.exchange(nullptr, std::memory_order_seq_cst);
    T* oldest = nullptr;
    while (newest != nullptr) {
      T* following = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = following;
    }
    return oldest;
  }
  // [consumer] Sleeps until there is something to take.
  void wait() const noexcept { head_.wait(nullptr, std::memory_order_seq_cst); }

 private:
  std::atomic<T*> head_{nullptr};
};

}  // namespace onechat
