// Who asks: from the key as presented to its Principal.
#pragma once
#include <memory>
#include <string_view>

#include "admission/key_table.hpp"
#include "base/error.hpp"

namespace onechat::admission {

// [any] Errors: OC_E_AUTH, code "invalid_api_key": unknown, revoked or expired, each in its own words. No more than the
// last four characters of the key are ever repeated, and of a short key nothing.
Result<std::shared_ptr<const Principal>> authenticate(const KeyTable& table, std::string_view presented_key,
                                                      std::int64_t unix_ms);

// What of a key may be shown: its last four characters; "" when it has fewer than 16 or they are not letters or digits.
std::string_view key_hint(std::string_view key) noexcept;

}  // namespace onechat::admission
