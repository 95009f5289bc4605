// JSON text that someone else wrote, fit for a line of an event stream.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::gemini {

// `json` is valid: line ends lie between its values only, and become spaces. A copy is made only where there are any.
inline std::string_view one_line(const oc::Call& call, std::string_view json) {
  if (json.find_first_of("\r\n") == std::string_view::npos) return json;
  const auto copy = call.copy(json);
  char* const text = const_cast<char*>(copy.data());  // in the arena
  for (std::size_t i = 0; i < copy.size(); ++i)
    if (text[i] == '\r' || text[i] == '\n') text[i] = ' ';
  return copy;
}

}  // namespace onechat::gemini
