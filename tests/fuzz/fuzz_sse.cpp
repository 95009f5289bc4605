// The SSE splitter: however a stream is cut, the same blocks come out and no byte is lost.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/sse_splitter.hpp"

namespace {

using onechat::net::SseSplitter;

struct Block {
  std::string raw, name, data;
  bool has_data;
  bool operator==(const Block&) const = default;
};

std::vector<Block> split(std::string_view text, std::size_t piece_bytes) {
  SseSplitter splitter;
  SseSplitter::Event event;
  std::vector<Block> blocks;
  const auto keep = [&] {
    blocks.push_back({std::string(event.raw), std::string(event.name), std::string(event.data), event.has_data});
  };
  for (; !text.empty(); text.remove_prefix(std::min(piece_bytes, text.size()))) {
    splitter.feed(text.substr(0, piece_bytes));
    while (splitter.next(event)) keep();
  }
  while (splitter.rest(event)) keep();
  return blocks;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = split(text, text.size() + 1);
  if (split(text, 1 + data[0] % 16) != whole) std::abort();
  std::string all;
  for (const auto& block : whole) all += block.raw;
  if (all != text) std::abort();
  return 0;
}
