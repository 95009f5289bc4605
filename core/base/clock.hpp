// Time comes in from outside, so that a test can own it.
#pragma once
#include <cstdint>

namespace onechat {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::uint64_t now_ns() const noexcept = 0;  // monotonic
  virtual std::int64_t unix_ms() const noexcept = 0;  // wall clock
};

const Clock& system_clock() noexcept;  // thread-safe; lives as long as the process

}  // namespace onechat
