// How fast the ledger is: latency of small batches, throughput of large ones.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "checks.hpp"
#include "report.hpp"
#include "traffic.hpp"

namespace onechat::conformance {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kSpan{500};

struct Speed {
  double ops_per_s = 0, p50_us = 0, p99_us = 0;
};

// Reserve and settle in turns, half of each, on one hot wallet, for kSpan.
Speed measure(Books& books, std::size_t batch, std::uint64_t& next) {
  std::vector<double> took;
  std::size_t ops_done = 0;
  const auto began = Clock::now();
  while (Clock::now() - began < kSpan) {
    Ops ops;
    for (std::size_t i = 0; i < std::max<std::size_t>(1, batch / 2); ++i) {
      const oc_id128 hold{1'700'000'000'000ull << 16 | 0x5eed, ++next};
      ops.push_back(op_of(OC_LOP_RESERVE, hold, 1, 100));
      if (batch > 1) ops.push_back(ends(OC_LOP_SETTLE, hold, 50, 5));
    }
    Results results;
    const auto at = Clock::now();
    if (books.apply(ops, results) != OC_OK) throw Broken("apply failed: " + books.last_error);
    took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - at).count());
    ops_done += ops.size();
  }
  const std::chrono::duration<double> all = Clock::now() - began;
  std::sort(took.begin(), took.end());
  return {static_cast<double>(ops_done) / all.count(), took[took.size() / 2], took[took.size() * 99 / 100]};
}

}  // namespace

std::string check_speed(Subject& subject) {
  auto books = subject.open(subject.place());
  if (!books) throw Broken(books.error().message);
  std::uint64_t next = 1;
  (*books)->apply(op_of(OC_LOP_DEPOSIT, {1'700'000'000'000ull << 16 | 0x5eed, 1}, 1, INT64_MAX / 4));
  std::string words;
  for (const std::size_t batch : {1, 10, 100, 1000}) {
    if (batch > (*books)->table().batch_max) break;
    const Speed s = measure(**books, batch, next);
    char line[128];
    std::snprintf(line, sizeof line, "%s%zu op%s: %.0f ops/s p50 %.0f us p99 %.0f us", words.empty() ? "" : "; ", batch,
                  batch == 1 ? "" : "s", s.ops_per_s, s.p50_us, s.p99_us);
    words += line;
  }
  return words;
}

}  // namespace onechat::conformance
