#include "report.hpp"

#include <iomanip>
#include <ostream>

namespace onechat::conformance {

void Report::line(const char* result, const std::string& name, const std::string& words,
                  std::chrono::steady_clock::time_point began) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  out_ << result << "  " << std::left << std::setw(9) << name << std::right << std::fixed << std::setprecision(1)
       << std::setw(6) << took.count() << " s  " << words << std::endl;
}

void Report::summary() {
  out_ << passed_ << " passed, " << failed_ << " failed, " << skipped_ << " skipped" << std::endl;
}

}  // namespace onechat::conformance
