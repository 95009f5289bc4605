// A complete provider for 1chat: "Acme Cloud", whose API is like nobody else's (README.md). Make it yours: the host
// does connections, TLS, retries, deadlines, event framing and JSON; this file only translates.
#include <onechat/onechat.hpp>

#include <string>

class Acme {
 public:
  static constexpr std::string_view kDialect = "acme";  // ours alone: no client's body can go through as it is
  struct State { bool ended = false; };                 // one per attempt, made before build, destroyed after finish

  // The settings have passed the schema below; throw a std::exception to refuse them for a reason it cannot tell.
  Acme(const oc_host*, oc::Json config) : key_(config["api_key"].str()), tier_(config["tier"].str()) {}

  oc_status build(oc::Call& call, State&, const oc_request& r, bool /*straight_ok*/, oc::Http& http) {
    if (r.op != OC_OP_GENERATE) return call.fail(OC_E_UNSUPPORTED, "Acme only generates text");
    if (r.n > 1) return call.fail(OC_E_UNSUPPORTED, "Acme gives one answer at a time", "unsupported_value", "n");
    http.post("/v2/generate").framing(OC_FRAME_SSE).header("x-acme-key", key_);
    oc::Writer w = http.json();
    w.object().member("engine", oc::view(r.model)).member("tier", tier_.empty() ? "standard" : tier_);
    if (r.set_mask & OC_SET_TEMPERATURE) w.key("heat").number(r.temperature);
    if (r.set_mask & OC_SET_MAX_TOKENS) w.member("cap", int64_t(r.max_output_tokens));
    w.key("script").array();
    for (uint64_t i = 0; i < r.n_turns; ++i) {
      w.object().member("who", who(r.turns[i]->role)).key("lines").array();
      for (uint64_t k = 0; k < r.turns[i]->n_parts; ++k)
        if (!line(w, *r.turns[i]->parts[k])) return call.fail(OC_E_UNSUPPORTED, "Acme takes text and tools only");
      w.close().close();
    }
    w.close().key("fns").array();
    for (uint64_t i = 0; i < r.n_tools; ++i) {
      const std::string_view shape = oc::view(r.tools[i]->schema_json);
      w.object().member("name", oc::view(r.tools[i]->name)).key("shape").raw(shape.empty() ? "{}" : shape).close();
    }
    return w.close().close(), OC_OK;
  }

  oc_status frame(oc::Call& call, State& s, const oc_frame& f, oc_relay*) {
    const oc::Json j = call.parse(f.data);
    if (!j.is_object()) return call.fail(OC_E_PARSE, "Acme sent an event that is not a JSON object");
    const std::string_view kind = j["kind"].str(), text = j["t"].str();
    const uint32_t part = uint32_t(j["p"].integer());
    if (kind == "hello") return call.start(j["id"].str(), j["engine"].str());
    if (kind == "tok") return call.text(text, part);
    if (kind == "think") return call.reasoning(text, part);
    if (kind == "fn") return call.tool_begin(j["id"].str(), j["name"].str(), part);
    if (kind == "arg") return call.tool_args(text, part);
    if (kind == "stat") return call.usage(usage(j));
    if (kind != "end" && kind != "err") return OC_OK;  // what Acme invents tomorrow
    s.ended = true;
    if (kind == "end") return call.finish(why(j["why"].str()));
    oc_event e = oc::Call::event(OC_EV_ERROR);
    return explain(j, uint32_t(j["code"].integer(500)), e), call.emit(e);
  }

  oc_status finish(oc::Call& call, State& s, oc_status transport) {
    if (transport != OC_OK || s.ended) return transport;
    return call.fail(OC_E_UPSTREAM, "Acme's answer broke off");
  }

  oc_status map_error(oc::Call& call, State&, uint32_t status, const oc_header*, uint64_t, std::string_view body,
                      oc_event& out) {
    return explain(call.parse(body), status, out), OC_OK;
  }

 private:
  static bool line(oc::Writer& w, const oc_part& p) {
    const std::string_view id = oc::view(p.tool_id), text = oc::view(p.text);
    if (p.type == OC_PART_REASONING) return true;  // another provider's: left out
    if (p.type == OC_PART_TEXT) return w.str(text), true;
    if (p.type == OC_PART_TOOL_RESULT) return w.object().member("id", id).member("gave", text).close(), p.n_parts == 0;
    if (p.type != OC_PART_TOOL_CALL) return false;
    w.object().member("id", id).member("fn", oc::view(p.tool_name)).member("arg", oc::view(p.tool_args_json)).close();
    return true;
  }
  static oc_usage usage(oc::Json j) {
    const auto count = [&](const char* key) { return j[key].integer() < 0 ? 0 : uint64_t(j[key].integer()); };
    oc_usage u{};  // disjoint buckets, as Acme's own are
    u.flags = OC_USAGE_CUMULATIVE, u.input = count("in"), u.cache_read = count("hit");
    u.output = count("out"), u.reasoning = count("think");
    return u;
  }
  static void explain(oc::Json j, uint32_t code, oc_event& e) {
    e.type = OC_EV_ERROR, e.http_status = code, e.text = oc::str(j["msg"].str());
    e.retry_after_ms = uint64_t(j["wait_ms"].integer());
    e.status = code == 429 ? OC_E_RATE : code == 401 ? OC_E_AUTH : code == 400 ? OC_E_INVALID : OC_E_UPSTREAM;
  }
  static const char* who(uint32_t role) {
    return role == OC_ROLE_ASSISTANT ? "bot" : role == OC_ROLE_USER || role == OC_ROLE_TOOL ? "human" : "director";
  }
  static uint32_t why(std::string_view w) { return w == "cap" ? OC_FIN_LENGTH : w == "fn" ? OC_FIN_TOOL : OC_FIN_STOP; }

  std::string key_, tier_;
};

ONECHAT_PROVIDER(Acme, "com.acme.provider", "1.0.0", "Acme Cloud text generation",
  R"({"type": "object", "required": ["api_key"], "additionalProperties": false, "properties": {"base_url": {},
      "api_key": {"type": "string", "minLength": 1}, "tier": {"enum": ["standard", "fast"]}}})",
  OC_PROV_CAP_STREAM | OC_PROV_CAP_TOOLS | OC_PROV_CAP_USAGE_INCREMENTAL)
