// What is wrong with a configuration, and where.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace onechat::control {

struct Problem {
  std::string file;
  int line = 0;  // 1-based; 0: the file as a whole
  std::string text;
};
// One line, whatever the file holds: "config/1chat.yaml:12: unknown key 'modles' (did you mean 'models'?)"
std::string to_string(const Problem& p);

// " (did you mean 'models'?)" for the known word that is close enough to `word`, else "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace onechat::control
