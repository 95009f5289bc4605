// What checks found, one line each: "PASS name  words".
#pragma once
#include <chrono>
#include <iosfwd>
#include <stdexcept>
#include <string>

namespace onechat::conformance {

// A promise that was not kept; ends its check.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The plugin does not claim what the check is about.
struct NotClaimed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Report {
 public:
  explicit Report(std::ostream& out) : out_(out) {}

  // `check` returns the words of its success; a Broken or any other exception is a failure.
  template <class Check>
  void run(const std::string& name, Check&& check) {
    const auto began = std::chrono::steady_clock::now();
    try {
      line("PASS", name, check(), began);
      ++passed_;
    } catch (const NotClaimed& e) {
      line("SKIP", name, e.what(), began);
      ++skipped_;
    } catch (const std::exception& e) {
      line("FAIL", name, e.what(), began);
      ++failed_;
    }
  }
  unsigned failed() const noexcept { return failed_; }
  void summary();

 private:
  void line(const char* result, const std::string& name, const std::string& words,
            std::chrono::steady_clock::time_point began);

  std::ostream& out_;
  unsigned passed_ = 0, failed_ = 0, skipped_ = 0;
};

}  // namespace onechat::conformance
