#include "anthropic_messages/usage.hpp"

#include <algorithm>

#include "common/service_tier.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::int64_t kCountMax = std::int64_t(1) << 53;  // beyond it a count is a lie

// Takes `v` over when it is a count; null and absent leave what was known.
void take(oc::Json v, std::uint64_t& to) {
  if (!v.is_number()) return;
  const std::int64_t n = v.integer(-1);
  to = n < 0 || n > kCountMax ? 0 : static_cast<std::uint64_t>(n);
}

std::uint64_t count(oc::Json v) {
  std::uint64_t n = 0;
  take(v, n);
  return n;
}

void member(oc::Writer& out, std::string_view name, std::uint64_t v) { out.member(name, static_cast<std::int64_t>(v)); }

std::uint64_t output_of(const oc_usage& u) { return u.output + u.reasoning + u.audio_output; }

void write_totals(oc::Writer& out, const oc_usage& u) {
  member(out, "input_tokens", u.input + u.audio_input);
  member(out, "cache_creation_input_tokens", u.cache_write + u.cache_write_1h);
  member(out, "cache_read_input_tokens", u.cache_read);
  member(out, "output_tokens", output_of(u));
  out.key("output_tokens_details").object();
  member(out, "thinking_tokens", u.reasoning);
  out.close().key("server_tool_use");
  if (u.searches == 0) {
    out.null();
    return;
  }
  out.object();
  member(out, "web_search_requests", u.searches);
  member(out, "web_fetch_requests", 0);
  out.close();
}

}  // namespace

bool UsageCounts::merge(oc::Json usage) {
  if (!usage.is_object()) return false;
  take(usage["input_tokens"], input_);
  take(usage["cache_read_input_tokens"], cache_read_);
  take(usage["cache_creation_input_tokens"], cache_created_);
  take(usage["cache_creation"]["ephemeral_1h_input_tokens"], created_1h_);
  take(usage["output_tokens"], output_);
  take(usage["output_tokens_details"]["thinking_tokens"], thinking_);
  take(usage["server_tool_use"]["web_search_requests"], searches_);
  if (const auto tier = dialect::usage_tier(usage["service_tier"].str()); tier != 0) tier_ = tier;
  if (usage["speed"].str() == "fast") tier_ = OC_USAGE_TIER_FAST;
  const oc::Json iterations = usage["iterations"];
  if (!iterations.is_array()) return true;
  extra_ = Extra();
  for (const oc::Json i : iterations) {
    const auto type = i["type"].str();
    if (type.empty() || type == "message" || type == "fallback_message") continue;
    const std::uint64_t created = count(i["cache_creation_input_tokens"]);
    const std::uint64_t hour = std::min(created, count(i["cache_creation"]["ephemeral_1h_input_tokens"]));
    extra_.input += count(i["input_tokens"]);
    extra_.cache_read += count(i["cache_read_input_tokens"]);
    extra_.cache_write += created - hour;
    extra_.cache_write_1h += hour;
    extra_.output += count(i["output_tokens"]);
  }
  return true;
}

oc_usage UsageCounts::total() const {
  oc_usage u = oc::sized<oc_usage>();
  u.flags = OC_USAGE_CUMULATIVE | tier_;
  const std::uint64_t hour = std::min(created_1h_, cache_created_);
  const std::uint64_t thinking = std::min(thinking_, output_);
  u.input = input_ + extra_.input;
  u.cache_read = cache_read_ + extra_.cache_read;
  u.cache_write = cache_created_ - hour + extra_.cache_write;
  u.cache_write_1h = hour + extra_.cache_write_1h;
  u.output = output_ - thinking + extra_.output;
  u.reasoning = thinking;
  u.searches = searches_;
  return u;
}

void write_usage(oc::Writer& out, const oc_usage& u) {
  out.object();
  write_totals(out, u);
  out.key("cache_creation").object();
  member(out, "ephemeral_5m_input_tokens", u.cache_write);
  member(out, "ephemeral_1h_input_tokens", u.cache_write_1h);
  out.close();
  // Nobody here knows them, but the types of the newest SDKs have them.
  out.key("service_tier").null().key("inference_geo").null().key("speed").null().close();
}

void write_delta_usage(oc::Writer& out, const oc_usage& u) {
  out.object();
  write_totals(out, u);
  out.close();
}

}  // namespace onechat::anthropic_messages
