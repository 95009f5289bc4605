#include "control/admin_json.hpp"

#include "control/date_text.hpp"
#include "control/money_text.hpp"

namespace onechat::control {
namespace {

oc_jsonw& whole(oc_jsonw& w, std::string_view key, std::uint64_t value) {
  return w.key(key).raw(std::to_string(value));
}

void time_or_null(oc_jsonw& w, std::string_view key, std::int64_t unix_ms) {
  w.key(key);
  if (unix_ms == 0)
    w.null();
  else
    w.string(to_time(unix_ms));
}

void write_limits(oc_jsonw& w, const admission::Limits& limits) {
  w.key("limits").object();
  whole(w, "requests_per_minute", limits.requests_per_minute);
  whole(w, "tokens_per_minute", limits.tokens_per_minute);
  whole(w, "concurrency", limits.concurrency);
  w.close();
}

void write_usage(oc_jsonw& w, const oc_usage& u) {
  w.key("usage").object();
  whole(w, "input", u.input);
  whole(w, "cache_read", u.cache_read);
  whole(w, "cache_write", u.cache_write);
  whole(w, "cache_write_1h", u.cache_write_1h);
  whole(w, "audio_input", u.audio_input);
  whole(w, "output", u.output);
  whole(w, "reasoning", u.reasoning);
  whole(w, "audio_output", u.audio_output);
  whole(w, "images", u.images);
  whole(w, "searches", u.searches);
  w.key("estimated").boolean((u.flags & OC_USAGE_ESTIMATED) != 0);
  w.close();
}

// Text that should be JSON, as JSON; as a string when it is not, so that the document around it stays valid.
void json_or_text(oc_jsonw& w, std::string_view key, const std::string& text) {
  w.key(key);
  Arena arena;
  if (text.empty())
    w.null();
  else if (json::parse(arena, text))
    w.raw(text);
  else
    w.string(text);
}

}  // namespace

void write_project(oc_jsonw& w, const admission::ProjectRecord& p) {
  w.object().key("name").string(p.name);
  whole(w, "id", p.id);
  time_or_null(w, "created", p.created_unix_ms);
  write_limits(w, p.limits);
  if (!p.org.empty()) w.key("org").string(p.org);
  w.close();
}

void write_org(oc_jsonw& w, const admission::OrgRecord& o) {
  w.object().key("name").string(o.name);
  whole(w, "id", o.id);
  time_or_null(w, "created", o.created_unix_ms);
  w.close();
}

void write_key(oc_jsonw& w, const admission::KeyRecord& k, const std::string& key_text) {
  w.object().key("id").string(k.id);
  if (!key_text.empty()) w.key("key").string(key_text);
  w.key("project").string(k.project).key("name").string(k.name).key("hint").string(k.hint);
  time_or_null(w, "created", k.created_unix_ms);
  time_or_null(w, "expires", k.expires_unix_ms);
  time_or_null(w, "revoked", k.revoked_unix_ms);
  w.key("limit_usd");
  if (k.limit_nano)
    w.string(to_usd(*k.limit_nano));
  else
    w.null();
  write_limits(w, k.limits);
  w.close();
}

void write_trace(oc_jsonw& w, const record::TraceRecord& t, bool with_content) {
  const oc_trace& h = t.head;
  w.object().key("id").string(to_hex(h.id)).key("time").string(to_time(h.unix_ms));
  w.key("project").string(t.project).key("key").string(t.key_id).key("surface").string(t.surface);
  w.key("operation").string(t.operation).key("model").string(t.model).key("provider").string(t.provider);
  w.key("target_model").string(t.target_model).key("status").string(t.status);
  whole(w, "http_status", h.http_status);
  w.key("finish").string(t.finish).key("stream").boolean(h.stream != 0);
  whole(w, "attempts", h.attempts);
  w.key("route_reason").string(t.route_reason);
  whole(w, "first_byte_us", h.first_byte_us);
  whole(w, "total_us", h.total_us);
  whole(w, "upstream_us", h.upstream_us);
  write_usage(w, h.usage);
  w.key("held_usd").string(to_usd(h.held_nano)).key("cost_usd").string(to_usd(h.cost_nano));
  w.key("fee_usd").string(to_usd(h.fee_nano)).key("charged_usd").string(to_usd(h.cost_nano + h.fee_nano));
  if (with_content) {
    json_or_text(w, "turns", t.turns_json);
    json_or_text(w, "meta", t.meta_json);
    w.key("request_body").string(t.request_body).key("response_body").string(t.response_body);
  }
  w.close();
}

}  // namespace onechat::control
