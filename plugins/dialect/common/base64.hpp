// Base64 with padding (RFC 4648 section 4), in the arena of the call.
#pragma once
#include <onechat/onechat.hpp>

#include <optional>
#include <string_view>

namespace onechat::dialect {

std::string_view base64_encode(const oc::Call& call, std::string_view bytes);
// Takes the URL-safe alphabet and missing padding too. nullopt: not base64.
std::optional<std::string_view> base64_decode(const oc::Call& call, std::string_view text);

}  // namespace onechat::dialect
