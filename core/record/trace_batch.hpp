// The traces of one commit, on the store's thread. Memory of the arrays is kept from batch to batch.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "base/arena.hpp"
#include "record/store_engine.hpp"

namespace onechat::record {

class TraceBatch {
 public:
  struct Outcome {
    bool applied = false;     // false: nothing is known to have been written
    std::size_t written = 0;  // now or before (a repeated id)
  };

  TraceBatch(StoreBackend backend, std::size_t capacity);

  void add(std::unique_ptr<TraceRecord> record);  // requires !full()
  Outcome write(Arena& arena);                    // may be repeated
  // Empties the batch; its records, cleared, go to `spare` as far as that has room without growing.
  void clear_into(std::vector<std::unique_ptr<TraceRecord>>& spare, std::mutex& guards_spare) noexcept;

  bool empty() const noexcept { return records_.empty(); }
  bool full() const noexcept { return records_.size() == capacity_; }
  std::size_t size() const noexcept { return records_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  const StoreBackend backend_;
  const std::size_t capacity_;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<TraceRecord>> records_;
  std::vector<oc_store_op> ops_;
  std::vector<oc_store_result> results_;
  std::vector<const oc_store_op*> op_pointers_;
  std::vector<oc_store_result*> result_pointers_;
};

// A record with its own memory from a backend's trace; sealed.
std::unique_ptr<TraceRecord> record_of(const oc_trace& trace);

}  // namespace onechat::record
