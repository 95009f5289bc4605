// An own reader of server-sent events, so that the tests do not trust the one under test. It notes how lines end.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "view.hpp"

namespace onechat::conformance {

struct SseBlock {
  std::string event, data;
  bool has_data = false, comment = false;
};

struct SseStream {
  std::vector<SseBlock> blocks;
  std::size_t lf_lines = 0, crlf_lines = 0;
  bool ends_open = false;  // the last block has no blank line after it
};

inline SseStream read_sse(std::string_view bytes) {
  SseStream out;
  SseBlock block;
  bool any = false;
  while (!bytes.empty()) {
    const std::size_t lf = bytes.find('\n');
    std::string_view line = bytes.substr(0, lf);
    bytes.remove_prefix(lf == std::string_view::npos ? bytes.size() : lf + 1);
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
      ++out.crlf_lines;
    } else {
      ++out.lf_lines;
    }
    if (line.empty()) {
      if (any) out.blocks.push_back(std::move(block));
      block = {};
      any = false;
      continue;
    }
    any = true;
    const std::size_t colon = line.find(':');
    const auto name = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (name.empty()) block.comment = true;
    if (name == "event") block.event = value;
    if (name != "data") continue;
    if (block.has_data) block.data += '\n';
    block.data += value;
    block.has_data = true;
  }
  if (any) {
    out.blocks.push_back(std::move(block));
    out.ends_open = true;
  }
  return out;
}

}  // namespace onechat::conformance
