#include "embedding_reader.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

#include "common/base64.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::size_t kDigitsMax = 24;  // of one float with its comma

}  // namespace

std::string_view numbers_of(const oc::Call& call, oc::Json embedding) {
  if (embedding.is_array()) return embedding.raw();
  if (!embedding.is_string()) return {};
  const auto bytes = dialect::base64_decode(call, embedding.str());
  if (!bytes || bytes->size() % sizeof(float) != 0) return {};
  const std::size_t n = bytes->size() / sizeof(float), capacity = n * kDigitsMax + 2;
  char* const begin = static_cast<char*>(call.allocate(capacity, 1));
  char* at = begin;
  *at++ = '[';
  for (std::size_t i = 0; i < n; ++i) {
    const auto* b = reinterpret_cast<const unsigned char*>(bytes->data()) + i * sizeof(float);
    const std::uint32_t bits = std::uint32_t(b[0]) | std::uint32_t(b[1]) << 8 | std::uint32_t(b[2]) << 16 | std::uint32_t(b[3]) << 24;
    float v = 0;
    std::memcpy(&v, &bits, sizeof v);
    if (i != 0) *at++ = ',';
    at = std::to_chars(at, begin + capacity, std::isfinite(v) ? v : 0.0f).ptr;
  }
  *at++ = ']';
  return {begin, static_cast<std::size_t>(at - begin)};
}

}  // namespace onechat::openai_chat
