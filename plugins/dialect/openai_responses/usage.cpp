#include "openai_responses/usage.hpp"

#include "common/service_tier.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::uint64_t kCountMax = std::uint64_t(1) << 53;  // beyond it a count is a lie

std::uint64_t count(oc::Json v) {
  const std::int64_t n = v.integer(0);
  return n < 0 || static_cast<std::uint64_t>(n) > kCountMax ? 0 : static_cast<std::uint64_t>(n);
}

// Web searches among the items of an answer; opening a page that was found is none.
std::uint64_t searches_in(oc::Json output) {
  std::uint64_t n = 0;
  if (output.is_array())
    for (const oc::Json item : output) {
      const auto action = item["action"]["type"].str();
      if (item["type"].str() == "web_search_call" && (action.empty() || action == "search")) ++n;
    }
  return n;
}

std::uint64_t less(std::uint64_t total, std::uint64_t part) { return part < total ? total - part : 0; }

}  // namespace

bool read_usage(oc::Json response, oc_usage& out) {
  const oc::Json usage = response["usage"];
  if (!usage["input_tokens"].is_number() && !usage["output_tokens"].is_number()) return false;
  const oc::Json in = usage["input_tokens_details"], written = usage["output_tokens_details"];
  out = oc::sized<oc_usage>();
  out.flags = OC_USAGE_CUMULATIVE | dialect::usage_tier(response["service_tier"].str());
  out.cache_read = count(in["cached_tokens"]);
  out.cache_write = count(in["cache_write_tokens"]);
  out.input = less(less(count(usage["input_tokens"]), out.cache_read), out.cache_write);
  out.reasoning = count(written["reasoning_tokens"]);
  out.output = less(count(usage["output_tokens"]), out.reasoning);
  const oc::Json told = response["tool_usage"]["web_search"]["num_requests"],
                 at_xai = usage["server_side_tool_usage_details"]["web_search_calls"];
  out.searches = told.is_number() || at_xai.is_number() ? count(told) + count(at_xai) : searches_in(response["output"]);
  return true;
}

std::uint64_t input_total(const oc_usage& u) {
  return u.input + u.cache_read + u.cache_write + u.cache_write_1h + u.audio_input;
}

void write_usage(oc::Writer& out, const oc_usage& u) {
  const std::uint64_t input = input_total(u), output = u.output + u.reasoning + u.audio_output;
  const auto number = [&](std::string_view name, std::uint64_t v) { out.member(name, static_cast<std::int64_t>(v)); };
  out.object();
  number("input_tokens", input);
  out.key("input_tokens_details").object();
  number("cached_tokens", u.cache_read);
  number("cache_write_tokens", u.cache_write + u.cache_write_1h);
  out.close();
  number("output_tokens", output);
  out.key("output_tokens_details").object();
  number("reasoning_tokens", u.reasoning);
  out.close();
  number("total_tokens", input + output);
  out.close();
}

}  // namespace onechat::openai_responses
