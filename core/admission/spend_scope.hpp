// The numbers and words of spend limits: what a budget counts (its scope) and for how long (its period).
#pragma once
#include <onechat/ledger.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace onechat::admission {

// Names as people write them: "org", "project", "key", "user", "group".
std::string_view scope_name(std::uint64_t scope) noexcept;  // "" for a number that is none
std::optional<std::uint32_t> scope_of(std::string_view name) noexcept;
// "hour", "day", "week", "month", "total".
std::string_view period_name(std::uint32_t period) noexcept;
std::optional<std::uint32_t> period_of(std::string_view name) noexcept;

// The ledger's number of a caller's end user, or of a group of models: a pure function of the name, the same on every
// node. 0 for "": none.
std::uint64_t user_number(std::string_view end_user);
std::uint32_t group_number(std::string_view group);

// What a client is told whose request a budget refused. `limit_scope` is the result's: the scope, and in the bits above
// the eighth its period plus one, where the backend says it.
std::string limit_refusal(std::uint64_t limit_scope);

}  // namespace onechat::admission
