// The reader of upstream responses: however the bytes are cut, the same head, body and end come out.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "net/client_response.hpp"

namespace {

using onechat::net::ResponseHead;
using onechat::net::ResponseReader;

struct Outcome {
  unsigned status = 0;
  std::size_t headers = 0;
  std::string body;
  bool done = false;
  bool operator==(const Outcome&) const = default;
};

Outcome play(std::string_view text, std::size_t piece_bytes, bool bodiless) {
  ResponseReader reader(2'048);
  ResponseHead head;
  reader.begin(head, bodiless);
  Outcome outcome;
  bool broken = false;
  while (!text.empty() && !broken && !reader.done()) {
    const auto space = reader.space();
    const std::size_t n = std::min({space.size(), text.size(), piece_bytes});
    std::memcpy(space.data(), text.data(), n);
    text.remove_prefix(n);
    broken = !reader.received(n);
    outcome.body += reader.take_body();
  }
  if (!broken && !reader.done()) static_cast<void>(reader.closed(true).has_value());
  outcome.done = reader.done();
  if (outcome.done) {
    outcome.status = head.status;
    outcome.headers = head.headers.size();
    for (const auto& h : head.headers) outcome.body.append(onechat::view(h.name)).append(onechat::view(h.value));
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool bodiless = (data[0] & 0x80) != 0;
  const Outcome whole = play(text, text.size() + 1, bodiless);
  const Outcome cut = play(text, 1 + data[0] % 16, bodiless);
  // A head over the limit may be seen whole before it is counted: only what both finished must be equal.
  if (whole.done && cut.done && whole != cut) std::abort();
  return 0;
}
