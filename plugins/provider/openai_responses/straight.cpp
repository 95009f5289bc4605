#include "straight.hpp"

#include "common/members.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::string_view kWish = R"("reasoning.encrypted_content")";

const oc_anchor* find(const oc_request& request, std::string_view name) {
  for (std::uint64_t i = 0; i < request.n_anchors; ++i)
    if (oc::view(request.anchors[i].name) == name) return &request.anchors[i];
  return nullptr;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Nothing to do: length and text are empty.
oc_splice state_splice(const oc::Call& call, const oc_request& request, const oc_anchor& object) {
  const oc_anchor* include = find(request, "include");
  if (include == nullptr) return {object.offset + 1, 0, oc::str(call.concat({R"("include":[)", kWish, "],"}))};
  const auto value = oc::view(request.raw).substr(include->offset, include->length);
  if (value.find(kWish) != std::string_view::npos) return {};
  if (value[0] != '[') return {include->offset, include->length, oc::str(call.concat({"[", kWish, "]"}))};  // null
  std::size_t inside = 1;
  while (inside < value.size() && is_space(value[inside])) ++inside;
  const bool empty = inside < value.size() && value[inside] == ']';
  return {include->offset + 1, 0, oc::str(call.concat({kWish, empty ? "" : ","}))};
}

// The span of a member with the comma that belongs to it; length 0: it cannot be told (an escaped name).
oc_splice cut_of(std::string_view data, oc::Json member) {
  const char* const begin = data.data();
  const char* const key = member.key().data();
  if (key <= begin || key >= member.raw().data()) return {};
  auto from = static_cast<std::size_t>(key - 1 - begin);
  auto to = static_cast<std::size_t>(member.raw().data() - begin) + member.raw().size();
  std::size_t before = from;
  while (before > 0 && is_space(data[before - 1])) --before;
  if (before > 0 && data[before - 1] == ',') {
    from = before - 1;
  } else {  // the first member takes the comma after it along
    std::size_t after = to;
    while (after < data.size() && is_space(data[after])) ++after;
    if (after < data.size() && data[after] == ',') to = after + 1;
  }
  return {from, to - from, {}};
}

oc::Json state_in(oc::Json item) {
  const oc::Json state = item["encrypted_content"];
  return item["type"].str() == "reasoning" && state.is_string() ? state : oc::Json();
}

}  // namespace

StraightEdits edit_request(const oc::Call& call, const oc_request& request, bool want_state) {
  StraightEdits edits;
  const oc_anchor *model = find(request, "model"), *object = find(request, "object");
  if (model == nullptr || object == nullptr || model->length < 2) return edits;
  edits.possible = true;
  edits.splices = call.array<oc_splice>(2);
  const auto written = oc::view(request.raw).substr(model->offset + 1, model->length - 2);
  if (written != oc::view(request.model))
    edits.splices[edits.n++] = {model->offset, model->length, oc::str(dialect::quoted(call, oc::view(request.model)))};
  if (want_state && (request.flags & OC_REQ_KEEP) != 0) {
    const oc_splice wish = state_splice(call, request, *object);
    edits.asks_for_state = wish.with.len != 0;
    if (edits.asks_for_state) edits.splices[edits.n++] = wish;
  }
  if (edits.n == 2 && edits.splices[1].offset < edits.splices[0].offset) std::swap(edits.splices[0], edits.splices[1]);
  return edits;
}

void hide_state(const oc::Call& call, std::string_view data, oc::Json root, oc_relay& relay) {
  const oc::Json output = root["response"] ? root["response"]["output"] : root["output"];
  auto* cuts = call.array<oc_splice>(output.size() + 1);
  std::uint64_t n = 0;
  const auto hide = [&](oc::Json item) {
    const oc::Json state = state_in(item);
    if (!state) return;
    const oc_splice cut = cut_of(data, state);
    if (cut.length != 0) cuts[n++] = cut;
  };
  hide(root["item"]);
  for (const oc::Json item : output) hide(item);
  relay.splices = cuts;
  relay.n_splices = n;
}

}  // namespace onechat::openai_responses
