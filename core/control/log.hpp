// Structured logging: one JSON object a line, written by a thread of its own (Poco's channels).
//
//     log.info("listening", {{"address", "127.0.0.1:8080"}, {"workers", 2}});
//     {"time":"2026-11-22T10:00:00.123Z","level":"info","event":"listening","address":"127.0.0.1:8080","workers":2}
//
// Made once by the process and passed by reference. All functions but the constructor are thread-safe and never throw.
// A line below the level costs one load and one compare: nothing is formatted. Secrets are masked in every text. When
// the writer is slower than its lines, more than kQueueMax waiting lines are dropped and counted by Poco in the log.
#pragma once
#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace onechat::control {

enum class Level : int { trace = 0, debug = 1, info = 2, warn = 3, error = 4 };  // as OC_LOG_*
Level level_of(std::string_view name) noexcept;                                  // info for what it does not know

struct Field {  // borrowed for the call
  std::string_view name;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view n, T v) : name(n) {
    if constexpr (std::is_signed_v<T>)
      value = static_cast<std::int64_t>(v);
    else
      value = static_cast<std::uint64_t>(v);
  }
};

class Log {
 public:
  using Fields = std::initializer_list<Field>;
  static constexpr int kQueueMax = 10'000;           // lines
  static constexpr std::size_t kSecretBytesMin = 8;  // shorter values are not masked: they would hit ordinary words

  explicit Log(Level level);            // to stderr
  Log(Level level, std::ostream& out);  // to `out`, which outlives the log
  ~Log();                               // writes what waits
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool on(Level level) const noexcept { return static_cast<int>(level) >= level_.load(std::memory_order_relaxed); }
  void set_level(Level level) noexcept { level_.store(static_cast<int>(level), std::memory_order_relaxed); }
  // Replaces the values to mask; give them longest first. Takes effect for the next line.
  void set_secrets(std::vector<std::string> secrets);
  std::string masked(std::string_view text) const;  // the text with every secret as "***"

  void write(Level level, std::string_view event, Fields fields = {}) noexcept {
    if (on(level)) put(level, event, fields);
  }
  void trace(std::string_view event, Fields fields = {}) noexcept { write(Level::trace, event, fields); }
  void debug(std::string_view event, Fields fields = {}) noexcept { write(Level::debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) noexcept { write(Level::info, event, fields); }
  void warn(std::string_view event, Fields fields = {}) noexcept { write(Level::warn, event, fields); }
  void error(std::string_view event, Fields fields = {}) noexcept { write(Level::error, event, fields); }

 private:
  class Sink;
  void put(Level level, std::string_view event, Fields fields) noexcept;

  std::atomic<int> level_;
  std::atomic<std::shared_ptr<const std::vector<std::string>>> secrets_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace onechat::control
