// Request heads and chunked bodies, whole and in two pieces: never a crash, never two readings of the same bytes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/http_head.hpp"
#include "net/server_chunked.hpp"

namespace {

using namespace onechat;
using namespace onechat::net;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_head(std::string text) {
  HeadScanner whole, pieces;
  HeadScanner::State in_pieces = HeadScanner::State::incomplete;
  for (std::size_t n = 1; n <= text.size() && in_pieces == HeadScanner::State::incomplete; ++n)
    in_pieces = pieces.scan(std::string_view(text).substr(0, n));
  const HeadScanner::State state = whole.scan(text);
  require(state == in_pieces);
  if (state != HeadScanner::State::complete) return;
  require(whole.end() == pieces.end() && whole.lines() == pieces.lines());
  Arena arena;
  RequestHead head;
  const auto fault = parse_head({text.data(), whole.end()}, whole.lines(), 128, arena, head);
  if (fault) return;
  require(!head.view.path.empty() && head.view.path.front() == '/');
  for (const oc_header& h : head.view.headers) {
    require(view(h.name).find_first_of(" \t\r\n:") == std::string_view::npos);
    require(view(h.value).find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
}

std::string decode(std::string_view coded, std::size_t piece) {
  ChunkDecoder decoder;
  std::string body;
  while (!coded.empty()) {
    const auto step = decoder.step(coded.substr(0, piece));
    require(step.taken > 0 && step.taken <= coded.size());
    body += step.data;
    if (step.state == ChunkDecoder::State::fault) return "fault";
    if (step.state == ChunkDecoder::State::done) break;
    coded.remove_prefix(step.taken);
  }
  return body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_head(text);
  require(decode(text, text.size()) == decode(text, 1));
  return 0;
}
