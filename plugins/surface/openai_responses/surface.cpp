#include "surface.hpp"

#include <charconv>

#include "common/headers.hpp"
#include "input_list.hpp"
#include "openai_errors/error_answer.hpp"
#include "common/members.hpp"

namespace onechat::openai_responses {
namespace {

constexpr oc_route route(std::uint32_t op, std::string_view method, std::string_view path) {
  oc_route r = oc::sized<oc_route>();
  r.op = op;
  r.method = oc::str(method);
  r.path = oc::str(path);
  return r;
}
// Not served, but ours to refuse in the dialect's own words.
constexpr std::string_view kCompactPath = "/v1/responses/compact", kConversationsPath = "/v1/conversations";

constexpr oc_route kCreate = route(OC_OP_GENERATE, "POST", "/v1/responses");
constexpr oc_route kCount = route(OC_OP_COUNT_TOKENS, "POST", "/v1/responses/input_tokens");
constexpr oc_route kRetrieve = route(OC_OP_RETRIEVE, "GET", "/v1/responses/{id}");
constexpr oc_route kDelete = route(OC_OP_DELETE, "DELETE", "/v1/responses/{id}");
constexpr oc_route kCancel = route(OC_OP_CANCEL, "POST", "/v1/responses/{id}/cancel");
constexpr oc_route kInputItems = route(OC_OP_LIST_INPUT, "GET", "/v1/responses/{id}/input_items");
constexpr oc_route kCompact = route(OC_OP_GENERATE, "POST", kCompactPath);
constexpr oc_route kConversations = route(OC_OP_GENERATE, "POST", kConversationsPath);
constexpr oc_route kGetConversation = route(OC_OP_GENERATE, "GET", "/v1/conversations/{path...}");
constexpr oc_route kPostConversation = route(OC_OP_GENERATE, "POST", "/v1/conversations/{path...}");
constexpr oc_route kDeleteConversation = route(OC_OP_GENERATE, "DELETE", "/v1/conversations/{path...}");
constexpr const oc_route* kRoutes[] = {&kCreate,
                                       &kCount,
                                       &kRetrieve,
                                       &kDelete,
                                       &kCancel,
                                       &kInputItems,
                                       &kCompact,
                                       &kConversations,
                                       &kGetConversation,
                                       &kPostConversation,
                                       &kDeleteConversation};

bool is_kept_op(std::uint32_t op) {
  return op == OC_OP_RETRIEVE || op == OC_OP_DELETE || op == OC_OP_CANCEL || op == OC_OP_LIST_INPUT;
}

// Turns of `elements`, for which memory and names are as in the request itself.
bool parse_elements(const oc::Call& call, ItemParser& parser, std::string_view elements, TurnList& turns) {
  const FieldPath at{nullptr, "input", -1};
  std::uint64_t i = 0;
  for (const oc::Json item : call.parse(call.concat({"[", elements, "]"})))
    if (!parser.item(item, at.element(i++), turns)) return false;
  return true;
}

}  // namespace

std::uint64_t Surface::routes(const oc_route* const** out) {
  *out = kRoutes;
  return sizeof kRoutes / sizeof kRoutes[0];
}

oc_status Surface::credential(const oc::Call& call, const oc_http_in& in, oc_str& api_key) {
  std::string_view key = dialect::bearer(dialect::header(in.headers, in.n_headers, "authorization"));
  if (key.empty()) key = dialect::trimmed(dialect::header(in.headers, in.n_headers, "api-key"));
  if (key.empty())
    return call.fail(OC_E_AUTH,
                     "You did not provide an API key. Send it in the Authorization header: \"Authorization: Bearer "
                     "YOUR_KEY\".",
                     "invalid_api_key", {}, 401);
  api_key = oc::str(key);
  return OC_OK;
}

oc_status Surface::parse(const oc::Call& call, State& state, const oc_http_in& in, const oc_request** out) {
  auto* request = call.make_sized<oc_request>();
  request->op = in.op;
  request->n = 1;
  request->dialect = oc::str(kDialect);
  request->raw = in.body;
  const auto path = oc::view(in.path);
  if (path == kCompactPath || path.substr(0, kConversationsPath.size()) == kConversationsPath)
    return call.fail(OC_E_NOT_FOUND, call.concat({"The endpoint ", path, " is not offered here."}),
                     "unsupported_endpoint", {}, 404);
  oc_status status = OC_OK;
  if (is_kept_op(in.op))
    status = parse_kept(call, state, in, *request);
  else if (in.op == OC_OP_GENERATE || in.op == OC_OP_COUNT_TOKENS)
    status = RequestParser(call, *request, state.facts).parse();
  else
    return call.fail(OC_E_UNSUPPORTED, "This operation is not served.");
  if (status != OC_OK) return status;
  state.answer.begin(call, *request, state.facts, ++answers_);
  *out = request;
  return OC_OK;
}

oc_status Surface::parse_kept(const oc::Call& call, State& state, const oc_http_in& in, oc_request& out) {
  out.previous_id = in.path_arg;
  const auto query = oc::view(in.query);
  if (in.op == OC_OP_RETRIEVE && dialect::query_value(query, "stream") == "true") {
    out.flags |= OC_REQ_STREAM;
    const auto after = dialect::query_value(query, "starting_after");
    std::uint64_t n = 0;
    if (std::from_chars(after.data(), after.data() + after.size(), n).ec == std::errc()) state.replay_from = n + 1;
  }
  Refusal refuse{call};
  if (in.op == OC_OP_LIST_INPUT && !parse_list_query(call, refuse, query, state.list)) return refuse.status;
  return OC_OK;
}

oc_status Surface::event(const oc::Call& call, State& state, const oc_event& e, oc::Out& out) {
  if (e.type == OC_EV_ERROR)
    return state.answer.streaming() ? stream_error(call, state, e, out) : error(call, state, e, out);
  return state.answer.event(call, e, out);
}

oc_status Surface::finish(const oc::Call& call, State& state, oc::Out& out) { return state.answer.finish(call, out); }

oc_status Surface::error(const oc::Call& call, State&, const oc_event& e, oc::Out& out) {
  openai_errors::write_error_answer(call, out, e);
  return OC_OK;
}

oc_status Surface::stream_error(const oc::Call& call, State& state, const oc_event& e, oc::Out& out) {
  state.answer.fail(call, e, out);
  return OC_OK;
}

// The list of models is one for both of OpenAI's dialects and served by surface.openai_chat.
oc_status Surface::models(const oc::Call& call, const oc_http_in&, const oc_model* const*, std::uint64_t, oc::Out&) {
  return call.fail(OC_E_UNSUPPORTED, "This operation is not served.");
}

oc_status Surface::resume(const oc::Call& call, State& state, const oc_request& parsed, std::string_view kept,
                          const oc_request** out) {
  const oc::Json document = call.parse(kept);
  if (!document["response"].is_object()) return call.fail(OC_E_INTERNAL, "The previous response cannot be read.");
  RequestFacts& facts = state.facts;
  const auto before = conversation_of(call, document);
  const oc::Json items = call.parse(call.concat({"[", before, "]"}));
  const auto own = resolved(call, oc::view(facts.input), items, !facts.by_reference);

  auto* request = call.make_sized<oc_request>();
  *request = parsed;
  Refusal refuse{call};
  dialect::MediaWeight media;
  ItemParser parser(call, facts.tools, media, refuse);
  TurnList turns = TurnList::of(call, items.size() * 2 + parsed.n_turns + 1);
  if (parsed.n_turns != 0 && oc::view(parsed.turns[0]->ext_json) == kInstructionsMark) turns.add(parsed.turns[0]);
  if (!facts.by_reference && !parse_elements(call, parser, before, turns)) return refuse.status;
  if (!parse_elements(call, parser, own, turns)) return refuse.status;
  request->turns = turns.list;
  request->n_turns = turns.n;
  request->input_bytes = media.input_bytes(parsed.raw.len + kept.size());
  facts.input = oc::str(facts.by_reference ? own : joined(call, before, own));
  *out = request;
  return OC_OK;
}

oc_status Surface::keep(const oc::Call& call, State& state, std::string_view answer_json, oc_str& id, oc_bytes& kept) {
  std::string_view response = answer_json, output;
  if (response.empty()) {
    id = oc::str(state.answer.id());
    response = call.json([&](oc::Writer w) { state.answer.write_shown(call, w); });
    if (state.answer.hides_state())
      output = call.json([&](oc::Writer w) { state.answer.write_output(call, w, false); });
  } else {
    const oc::Json told = call.parse(response)["id"];
    if (told.str().empty()) return OC_E_INVALID;
    id = oc::str(told.str());
    if (!state.facts.shows_state) {
      const auto shown = without_state(call, call.parse(answer_json));
      if (shown.size() != answer_json.size()) output = call.parse(answer_json)["output"].raw();
      response = shown;
    }
  }
  kept = oc::bytes(kept_document(call, oc::view(state.facts.input), response, output));
  return OC_OK;
}

oc_status Surface::kept(const oc::Call& call, State& state, const oc_request& request, std::string_view kept,
                        oc::Out& out) {
  const oc::Json document = call.parse(kept), response = document["response"];
  if (!response.is_object()) return call.fail(OC_E_INTERNAL, "The response cannot be read.");
  if (request.op == OC_OP_CANCEL && !response["background"].boolean())
    return call.fail(OC_E_INVALID, "Cannot cancel a synchronous response.", {}, {}, 400);
  if (request.op == OC_OP_RETRIEVE && (request.flags & OC_REQ_STREAM) != 0) {
    EventStream events{};
    events.start_from(state.replay_from);
    replay(call, call.parse(dialect::one_line(call, response.raw())), events, out);
    return OC_OK;
  }
  oc::Writer w = out.json();
  if (request.op == OC_OP_LIST_INPUT)
    write_input_list(call, w, document, state.list);
  else if (request.op == OC_OP_DELETE)
    w.object().member("id", response["id"].str()).member("object", "response").key("deleted").boolean(true).close();
  else
    w.raw(response.raw());
  return OC_OK;
}

}  // namespace onechat::openai_responses
