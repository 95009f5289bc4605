// Test data from outside the project.
#pragma once
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace onechat::conformance {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace onechat::conformance
