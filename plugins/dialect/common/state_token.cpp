#include "common/state_token.hpp"

#include "common/base64.hpp"

namespace onechat::dialect {
namespace {

constexpr std::string_view kMark = "1chat\x01";        // six bytes: eight whole characters of base64
constexpr std::string_view kMarkEncoded = "MWNoYXQB";

std::string_view dialect_of(std::string_view origin) { return origin.substr(0, origin.find('/')); }

}  // namespace

std::string_view to_slot(const oc::Call& call, std::string_view dialect, std::string_view opaque, std::string_view origin) {
  if (opaque.empty() || dialect_of(origin) == dialect) return opaque;
  return base64_encode(call, call.concat({kMark, origin, std::string_view("\0", 1), opaque}));
}

State from_slot(const oc::Call& call, std::string_view dialect, std::string_view slot) {
  if (slot.substr(0, kMarkEncoded.size()) == kMarkEncoded) {
    if (const auto bytes = base64_decode(call, slot)) {
      const auto inside = bytes->substr(kMark.size());
      if (const auto end = inside.find('\0'); end != std::string_view::npos)
        return {inside.substr(end + 1), inside.substr(0, end)};
    }
  }
  return {slot, origin_of(call, dialect, {})};
}

bool belongs_to(std::string_view origin, std::string_view dialect, std::string_view model) {
  if (dialect_of(origin) != dialect || origin.size() <= dialect.size()) return false;
  const auto made_by = origin.substr(dialect.size() + 1);
  return made_by.empty() || made_by == model;
}

std::string_view origin_of(const oc::Call& call, std::string_view dialect, std::string_view model) {
  return call.concat({dialect, "/", model});
}

}  // namespace onechat::dialect
