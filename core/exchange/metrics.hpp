// What one worker counts. Written and read on its loop only.
#pragma once
#include <array>
#include <cstdint>

namespace onechat::exchange {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_ += n; }
  std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0;
};

// Seconds, in buckets that suit answers from a cache hit to a long reasoning.
class Histogram {
 public:
  static constexpr std::array<std::uint64_t, 14> kBoundsUs{250,     500,       1'000,     2'500,     5'000,      10'000,     25'000,
                                                           100'000, 500'000, 1'000'000, 5'000'000, 15'000'000, 60'000'000, 300'000'000};
  void add(std::uint64_t us) noexcept {
    std::size_t b = 0;
    while (b < kBoundsUs.size() && us > kBoundsUs[b]) ++b;
    buckets_[b].add();
    sum_us_.add(us);
  }
  std::uint64_t count(std::size_t bucket) const noexcept { return buckets_[bucket].value(); }
  std::uint64_t sum_us() const noexcept { return sum_us_.value(); }

 private:
  std::array<Counter, kBoundsUs.size() + 1> buckets_;
  Counter sum_us_;
};

struct WorkerMetrics {
  std::array<Counter, 6> answers_by_class;  // [2] = 2xx, ...; [0]: client gone before an answer
  Counter refused_auth, refused_rate, refused_funds, refused_ledger;
  Counter lease_hits, extensions, clipped;
  Counter attempts, retries, fallbacks, breaker_skips;
  Counter client_gone, stream_events, streams;
  Counter usage_estimated, unpriced;
  Counter input_tokens, output_tokens;
  Histogram total, first_byte, reserve_wait;
};

}  // namespace onechat::exchange
