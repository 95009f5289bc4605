// JSON that others wrote, on one line: inside a server-sent event a line break would end the data.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::openai_responses {

// Valid JSON as it is, without line breaks between its tokens (inside strings JSON has none).
inline std::string_view one_line(const oc::Call& call, std::string_view json) {
  if (json.find_first_of("\r\n") == std::string_view::npos) return json;
  char* const begin = static_cast<char*>(call.allocate(json.size(), 1));
  char* at = begin;
  for (const char c : json)
    if (c != '\r' && c != '\n') *at++ = c;
  return {begin, static_cast<std::size_t>(at - begin)};
}

}  // namespace onechat::openai_responses
