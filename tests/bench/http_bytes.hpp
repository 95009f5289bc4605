// Just enough HTTP/1.1 to load a server with well-formed messages on loopback. Not a parser for anything hostile.
#pragma once
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace onechat::bench {

// Value of a header in a head, names compared in any case; "" when absent.
inline std::string_view header_of(std::string_view head, std::string_view lower_case_name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() <= lower_case_name.size() || line[lower_case_name.size()] != ':') continue;
    bool same = true;
    for (std::size_t i = 0; same && i < lower_case_name.size(); ++i) {
      same = (line[i] | 0x20) == (lower_case_name[i] | 0x20);
    }
    if (!same) continue;
    std::string_view value = line.substr(lower_case_name.size() + 1);
    value = value.substr(0, value.find("\r\n"));
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

// Bytes of a message with a Content-Length, once its head is complete in `buffer`; nothing while it is not.
inline std::optional<std::size_t> message_size(std::string_view buffer) {
  const std::size_t end = buffer.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  std::size_t length = 0;
  const std::string_view text = header_of(buffer.substr(0, end + 2), "content-length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  return end + 4 + length;
}

}  // namespace onechat::bench
