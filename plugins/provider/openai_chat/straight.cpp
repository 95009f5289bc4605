#include "straight.hpp"

#include "common/members.hpp"

namespace onechat::openai_chat {
namespace {

const oc_anchor* find(const oc_request& request, std::string_view name) {
  for (std::uint64_t i = 0; i < request.n_anchors; ++i)
    if (oc::view(request.anchors[i].name) == name) return &request.anchors[i];
  return nullptr;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

oc_splice usage_splice(const oc_request& request, const oc_anchor& object) {
  if (const oc_anchor* flag = find(request, "stream_options.include_usage")) return {flag->offset, flag->length, oc::str("true")};
  const oc_anchor* options = find(request, "stream_options");
  if (options == nullptr) return {object.offset + 1, 0, oc::str(R"("stream_options":{"include_usage":true},)")};
  const auto value = oc::view(request.raw).substr(options->offset, options->length);
  if (value[0] != '{') return {options->offset, options->length, oc::str(R"({"include_usage":true})")};  // null
  std::size_t inside = 1;
  while (inside < value.size() && is_space(value[inside])) ++inside;
  const bool empty = inside < value.size() && value[inside] == '}';
  return {options->offset + 1, 0, oc::str(empty ? R"("include_usage":true)" : R"("include_usage":true,)")};
}

}  // namespace

StraightEdits edit_request(const oc::Call& call, const oc_request& request, bool want_usage) {
  StraightEdits edits;
  const oc_anchor *model = find(request, "model"), *object = find(request, "object");
  if (model == nullptr || object == nullptr || model->length < 2) return edits;
  edits.possible = true;
  edits.splices = call.array<oc_splice>(2);
  const auto written = oc::view(request.raw).substr(model->offset + 1, model->length - 2);
  if (written != oc::view(request.model))
    edits.splices[edits.n++] = {model->offset, model->length, oc::str(dialect::quoted(call, oc::view(request.model)))};
  if (want_usage && (request.flags & OC_REQ_STREAM) != 0 && (request.flags & OC_REQ_STREAM_USAGE) == 0) {
    edits.splices[edits.n++] = usage_splice(request, *object);
    edits.asks_for_usage = true;
  }
  if (edits.n == 2 && edits.splices[1].offset < edits.splices[0].offset) std::swap(edits.splices[0], edits.splices[1]);
  return edits;
}

void hide_usage(const oc::Call& call, std::string_view data, oc::Json root, oc_relay& relay) {
  const oc::Json usage = root["usage"];
  if (!usage) return;
  if (usage.is_object()) {
    const oc::Json choices = root["choices"];
    relay.drop = choices.absent_or_null() || (choices.is_array() && choices.size() == 0) ? 1 : 0;
    return;
  }
  if (usage.type() != OC_JSON_NULL) return;
  const char* const begin = data.data();
  const char* const key = usage.key().data();
  if (key <= begin || key >= usage.raw().data()) return;  // an escaped name was decoded elsewhere; no vendor writes it so
  auto from = static_cast<std::size_t>(key - 1 - begin);
  auto to = static_cast<std::size_t>(usage.raw().data() - begin) + usage.raw().size();
  std::size_t before = from;
  while (before > 0 && is_space(data[before - 1])) --before;
  if (before > 0 && data[before - 1] == ',') {
    from = before - 1;
  } else {  // the first member takes the comma after it along
    std::size_t after = to;
    while (after < data.size() && is_space(data[after])) ++after;
    if (after < data.size() && data[after] == ',') to = after + 1;
  }
  auto* cut = call.make<oc_splice>();
  *cut = {from, to - from, {}};
  relay.splices = cut;
  relay.n_splices = 1;
}

}  // namespace onechat::openai_chat
