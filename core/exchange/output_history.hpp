// How long answers were: of each key and model, the 95th percentile of the output tokens of late.
//
// Quarter octaves of tokens, halved when there are many, so that it follows a change. Confined to a worker's loop;
// bounded: when it knows too many pairs it begins anew.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>

namespace onechat::exchange {

class OutputHistory {
 public:
  static constexpr std::uint32_t kSamplesMin = 20;  // less say nothing of a 95th percentile

  void add(std::uint64_t key, std::string_view model, std::uint64_t tokens) {
    if (seen_.size() >= kPairsMax) seen_.clear();
    Counts& c = seen_[name(key, model)];
    ++c.of[bucket(tokens)];
    if (++c.all < kHalveAt) return;
    c.all = 0;
    for (std::uint16_t& n : c.of) c.all += n /= 2;
  }
  // Upper end of the bucket; 0: not known yet.
  std::uint64_t p95(std::uint64_t key, std::string_view model) const {
    const auto at = seen_.find(name(key, model));
    if (at == seen_.end() || at->second.all < kSamplesMin) return 0;
    std::uint32_t below = 0;
    for (std::size_t b = 0; b < kBuckets; ++b) {
      below += at->second.of[b];
      if (below * 100 >= at->second.all * 95) return top(b);
    }
    return top(kBuckets - 1);
  }

 private:
  static constexpr std::size_t kBuckets = 128, kPairsMax = 4096;
  static constexpr std::uint32_t kHalveAt = 2048;
  struct Counts {
    std::array<std::uint16_t, kBuckets> of{};
    std::uint32_t all = 0;
  };
  static std::uint64_t name(std::uint64_t key, std::string_view model) {
    return key * 0x9e3779b97f4a7c15ull ^ std::hash<std::string_view>{}(model);
  }
  // 0-7 one by one, then four buckets to an octave.
  static std::size_t bucket(std::uint64_t n) noexcept {
    if (n < 8) return static_cast<std::size_t>(n);
    const int octave = std::bit_width(n) - 1;
    const std::size_t b = 8 + static_cast<std::size_t>(octave - 3) * 4 + ((n >> (octave - 2)) & 3);
    return b < kBuckets ? b : kBuckets - 1;
  }
  static std::uint64_t top(std::size_t b) noexcept {
    if (b < 8) return b;
    const std::size_t octave = 3 + (b - 8) / 4, quarter = (b - 8) % 4;
    return (std::uint64_t{5 + quarter} << (octave - 2)) - 1;
  }

  std::unordered_map<std::uint64_t, Counts> seen_;
};

}  // namespace onechat::exchange
