#include "codec.hpp"

#include <functional>

#include "plugins_under_test.hpp"
#include "view.hpp"

namespace onechat::conformance {

const std::vector<Dialect>& dialects() {
  static const std::vector<Dialect> all = plugins_under_test();
  return all;
}

const Dialect* dialect_named(std::string_view name) {
  for (const Dialect& d : dialects())
    if (d.name == name) return &d;
  return nullptr;
}

Client::Client(const Dialect& d, std::string text, const Asked& how)
    : dialect(d), surface(host, *d.surface), state(surface->call_state_size), body(std::move(text)), asked(how) {
  header_texts_ = {{"anthropic-version", asked.version}};
  for (const auto& [name, value] : header_texts_) headers_.push_back({oc::str(name), oc::str(value)});
  oc_http_in in = oc::sized<oc_http_in>();
  in.op = asked.op;
  in.method = oc::str("POST");
  in.headers = headers_.data();
  in.n_headers = headers_.size();
  in.body = oc::bytes(body);
  if (d.name == "gemini") {
    const std::string verb = !asked.verb.empty() ? asked.verb
                             : asked.streamed    ? "streamGenerateContent"
                                                 : "generateContent";
    path_ = "/v1beta/models/" + asked.model + ":" + verb;
    query_ = asked.streamed && !asked.json_array ? "alt=sse" : "";
    in.path_arg = oc::str(asked.model);
  } else {
    path_ = d.name == "openai_chat"        ? "/v1/chat/completions"
            : d.name == "openai_responses" ? "/v1/responses"
                                           : "/v1/messages";
    if (asked.op == OC_OP_COUNT_TOKENS) path_ += d.name == "openai_responses" ? "/input_tokens" : "/count_tokens";
    if (asked.op == OC_OP_EMBED) path_ = "/v1/embeddings";
  }
  in.path = oc::str(path_);
  in.query = oc::str(query_);
  status = surface->parse(surface.self(), call.handle(), state, &call.arena, &in, &request);
  if (status != OC_OK) request = nullptr;
}

void Client::answer(const std::vector<test::Event>& events, oc_status failed) {
  oc_status last = OC_OK;
  bool began = false;
  for (const test::Event& e : events) {
    Arena scratch;
    const oc_event view = e.view();
    if (e.type == OC_EV_ERROR) {
      error_rendered = true;
      if (began && asked.streamed)
        surface->stream_error(surface.self(), call.handle(), state, &scratch, &view, out.handle());
      else
        surface->error(surface.self(), call.handle(), state, &scratch, &view, out.handle());
      return;
    }
    last = surface->event(surface.self(), call.handle(), state, &scratch, &view, out.handle());
    if (last < 0) status = last;
    began = began || !out.body.empty();
  }
  if (failed < 0) {
    test::Event e;
    e.type = OC_EV_ERROR;
    e.status = failed;
    e.text = "The provider's answer ended before it was complete.";
    answer({e});
    return;
  }
  Arena scratch;
  last = surface->finish(surface.self(), call.handle(), state, &scratch, out.handle());
  if (last < 0) status = last;
}

void Client::error(const test::Event& e) {
  Arena scratch;
  const oc_event view = e.view();
  surface->error(surface.self(), call.handle(), state, &scratch, &view, out.handle());
}

Upstream::Upstream(const Dialect& d, std::string_view settings)
    : dialect(d), provider(host, *d.provider, settings), state(provider->call_state_size) {}

Upstream::~Upstream() {
  if (!ended_) finish(OC_E_CANCELLED);
}

std::string Upstream::build(const oc_request& request, bool straight_ok) {
  http.struct_size = sizeof http;
  writer_.bind(&body);
  http.body_json = &writer_;
  ended_ = false;
  built = provider->build(provider.self(), call.handle(), state, &arena_, &request, straight_ok ? 1 : 0, &http);
  if (built < 0) return "";
  if (http.straight != 0) return test::apply(oc::view(request.raw), http.splices, http.n_splices);
  return http.body.len != 0 ? std::string(oc::view(http.body)) : body;
}

void Upstream::frame(std::string_view event, std::string_view data) {
  Arena scratch;
  const std::string kept_event(event), kept_data(data);
  oc_frame f = oc::sized<oc_frame>();
  f.event = oc::str(kept_event);
  f.data = oc::bytes(kept_data);
  if (framed < 0) return;
  framed = provider->frame(provider.self(), call.handle(), state, &scratch, &f, nullptr);
}

void Upstream::feed(const Recording& r) {
  if (!r.streamed) return frame("", r.body);
  for (const auto& f : r.frames()) frame(f.event, f.data);
}

oc_status Upstream::finish(oc_status transport) {
  ended_ = true;
  Arena scratch;
  return finished = provider->finish(provider.self(), call.handle(), state, &scratch, transport);
}

test::Event Upstream::map_error(unsigned http_status, const std::string& text) {
  Arena scratch;
  oc_event e{};
  e.struct_size = sizeof e;
  e.type = OC_EV_ERROR;
  if (provider->map_error(provider.self(), call.handle(), state, &scratch, http_status, nullptr, 0, oc::bytes(text),
                          &e) < 0)
    return {};
  if (e.http_status == 0) e.http_status = http_status;
  e.type = OC_EV_ERROR;
  return test::Event::of(e);
}

std::string plain_request(std::string_view dialect, bool streamed, std::size_t choices) {
  const std::string n = std::to_string(choices);
  const std::string stream = streamed ? R"("stream":true)" : R"("stream":false)";
  if (dialect == "openai_chat")
    return R"({"model":"model-1","n":)" + n + "," + stream +
           (streamed ? R"(,"stream_options":{"include_usage":true})" : "") +
           R"(,"messages":[{"role":"user","content":"hi"}]})";
  if (dialect == "openai_responses")
    return R"({"model":"model-1",)" + stream +
           R"(,"input":"hi","store":false,"include":["reasoning.encrypted_content"],"reasoning":{"effort":"low","summary":"auto"}})";
  if (dialect == "anthropic_messages")
    return R"({"model":"model-1",)" + stream +
           R"(,"max_tokens":4096,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"hi"}]})";
  return R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"candidateCount":)" + n +
         R"(,"thinkingConfig":{"includeThoughts":true}}})";
}

namespace {

Heard hear_by(const Dialect& d, std::string request, const Asked& asked, const std::function<void(Upstream&)>& feed) {
  std::unique_ptr<Client> client;
  if (!request.empty()) client = std::make_unique<Client>(d, std::move(request), asked);
  if (client == nullptr || !client->parsed())
    client = std::make_unique<Client>(d, plain_request(d.name, asked.streamed), asked);
  oc_request copy = *client->request;
  copy.model = oc::str(asked.model);
  copy.flags = asked.streamed ? copy.flags | OC_REQ_STREAM | OC_REQ_STREAM_USAGE
                              : copy.flags & ~std::uint32_t(OC_REQ_STREAM | OC_REQ_STREAM_USAGE);
  Upstream up(d);
  up.build(copy);
  if (up.built < 0) return {{}, {}, up.built, OC_OK, "build: " + up.refusal()};
  feed(up);
  Heard heard;
  heard.finished = up.finish();
  heard.framed = up.framed;
  heard.events = up.call.events;
  if (up.call.failure) heard.failure = up.call.failure->message;
  return heard;
}

}  // namespace

Heard hear(const Recording& r) {
  Asked asked;
  asked.streamed = r.streamed;
  asked.model = r.model.empty() ? "model-1" : r.model;
  return hear_by(*dialect_named(r.dialect), r.request, asked, [&](Upstream& up) { up.feed(r); });
}

Heard hear_frames(std::string_view dialect, const std::vector<Recording::Frame>& frames, bool streamed,
                  std::string request, std::string model) {
  Asked asked;
  asked.streamed = streamed;
  asked.model = std::move(model);
  return hear_by(*dialect_named(dialect), std::move(request), asked, [&](Upstream& up) {
    for (const auto& f : frames) up.frame(f.event, f.data);
  });
}

}  // namespace onechat::conformance
