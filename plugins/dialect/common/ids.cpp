#include "common/ids.hpp"

namespace onechat::dialect {
namespace {

constexpr char kAlphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kToolIdMax = 64;

std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

std::string_view spelled(const oc::Call& call, std::string_view prefix, std::size_t n, std::uint64_t seed) {
  char* id = static_cast<char*>(call.allocate(prefix.size() + n, 1));
  if (!prefix.empty()) std::memcpy(id, prefix.data(), prefix.size());
  for (std::size_t i = 0; i < n; ++i) {
    seed = mixed(seed);
    id[prefix.size() + i] = kAlphabet[seed % 62];
  }
  return {id, prefix.size() + n};
}

bool portable(std::string_view id) {
  if (id.empty() || id.size() > kToolIdMax) return false;
  for (const char c : id)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) return false;
  return true;
}

}  // namespace

std::string_view made_id(const oc::Call& call, std::string_view prefix, std::size_t n, std::uint64_t serial) {
  // Instances on other loops count their own serials: the address of the call tells them apart.
  return spelled(call, prefix, n,
                 mixed(serial) ^ mixed(call.host->now_ns()) ^ mixed(reinterpret_cast<std::uintptr_t>(call.handle)));
}

std::string_view portable_tool_id(const oc::Call& call, std::string_view id) {
  if (portable(id)) return id;
  std::uint64_t h = 0xCBF29CE484222325u;  // FNV-1a
  for (const char c : id) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return spelled(call, "call_", 24, h);
}

}  // namespace onechat::dialect
