// The straight lane: a client's own body goes up as it is. The model stands in the path; where the body names it too,
// the target's name is spliced in.
#pragma once
#include <onechat/onechat.hpp>

namespace onechat::gemini {

struct Edits {
  oc_splice* splices = nullptr;
  std::uint64_t n = 0;
};
Edits name_the_target(const oc::Call& call, const oc_request& request);
// Has the client signatures of another vendor in Google's own places? They must not go up: the body is written anew.
bool has_foreign_state(const oc_request& request);
// Is there an anchor of that name?
bool has_anchor(const oc_request& request, std::string_view name);

}  // namespace onechat::gemini
