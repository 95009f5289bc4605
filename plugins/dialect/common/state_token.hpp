// Opaque reasoning state on its way through a client of another dialect.
//
// State that a model signed or encrypted (oc_part.opaque) must come back to that very model and to no other. A surface
// puts it into its own dialect's opaque slot (a thinking signature, encrypted_content, a thoughtSignature): plain when the
// origin is its own dialect, else wrapped in a token that also says where it came from. The token is base64, which every
// slot takes; its first characters tell it from what any provider writes.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::dialect {

struct State {
  std::string_view opaque, origin;  // origin: "DIALECT/MODEL", see oc_part
};

// For the slot of a surface of `dialect`.
std::string_view to_slot(const oc::Call& call, std::string_view dialect, std::string_view opaque, std::string_view origin);
// What a slot holds. Something that is no token is the dialect's own: its origin is "DIALECT/".
State from_slot(const oc::Call& call, std::string_view dialect, std::string_view slot);
// May a provider of `dialect` send this to `model`?
bool belongs_to(std::string_view origin, std::string_view dialect, std::string_view model);
// "DIALECT/MODEL"
std::string_view origin_of(const oc::Call& call, std::string_view dialect, std::string_view model);

}  // namespace onechat::dialect
