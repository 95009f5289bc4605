#include "straight.hpp"

#include <algorithm>

#include "common/members.hpp"
#include "common/state_token.hpp"
#include "gemini/model_name.hpp"

namespace onechat::gemini {

Edits name_the_target(const oc::Call& call, const oc_request& request) {
  Edits edits;
  edits.splices = call.array<oc_splice>(request.n_anchors + 1);
  const auto target = bare_model(oc::view(request.model));
  for (std::uint64_t i = 0; i < request.n_anchors; ++i) {
    const oc_anchor& a = request.anchors[i];
    if (oc::view(a.name) != "model" || a.length < 2) continue;
    const auto written = oc::view(request.raw).substr(a.offset + 1, a.length - 2);
    const auto bare = bare_model(written);
    if (bare == target) continue;
    const auto collection = written.substr(0, written.size() - bare.size());
    edits.splices[edits.n++] = {a.offset, a.length, oc::str(dialect::quoted(call, call.concat({collection, target})))};
  }
  std::sort(edits.splices, edits.splices + edits.n,
            [](const oc_splice& a, const oc_splice& b) { return a.offset < b.offset; });
  return edits;
}

bool has_foreign_state(const oc_request& request) {
  for (std::uint64_t t = 0; t < request.n_turns; ++t)
    for (std::uint64_t i = 0; i < request.turns[t]->n_parts; ++i) {
      const oc_part& p = *request.turns[t]->parts[i];
      if (p.opaque.len != 0 && !dialect::belongs_to(oc::view(p.opaque_origin), "gemini", oc::view(request.model)))
        return true;
    }
  return false;
}

bool has_anchor(const oc_request& request, std::string_view name) {
  return std::any_of(request.anchors, request.anchors + request.n_anchors,
                     [&](const oc_anchor& a) { return oc::view(a.name) == name; });
}

}  // namespace onechat::gemini
