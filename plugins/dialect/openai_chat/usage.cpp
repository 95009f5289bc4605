#include "usage.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::uint64_t kCountMax = std::uint64_t(1) << 53;  // beyond it a count is a lie

std::uint64_t count(oc::Json v) {
  const std::int64_t n = v.integer(0);
  return n < 0 || static_cast<std::uint64_t>(n) > kCountMax ? 0 : static_cast<std::uint64_t>(n);
}

std::uint64_t less(std::uint64_t total, std::uint64_t part) { return part < total ? total - part : 0; }

std::uint64_t cached(oc::Json usage, oc::Json details) {
  for (const oc::Json where : {details["cached_tokens"], usage["prompt_cache_hit_tokens"], usage["cached_tokens"]})
    if (where.is_number()) return count(where);
  return 0;
}

}  // namespace

bool read_usage(oc::Json usage, oc_usage& out) {
  const oc::Json prompt_tokens = usage["prompt_tokens"], completion_tokens = usage["completion_tokens"];
  if (!prompt_tokens.is_number() && !completion_tokens.is_number()) return false;
  const oc::Json in = usage["prompt_tokens_details"], written = usage["completion_tokens_details"];
  const std::uint64_t prompt = count(prompt_tokens), completion = count(completion_tokens);

  out = oc::sized<oc_usage>();
  out.flags = OC_USAGE_CUMULATIVE;
  out.cache_read = cached(usage, in);
  out.cache_write = count(in["cache_write_tokens"]);
  out.audio_input = count(in["audio_tokens"]);
  out.input = less(less(less(prompt, out.cache_read), out.cache_write), out.audio_input);
  out.reasoning = count(written["reasoning_tokens"]);
  out.audio_output = count(written["audio_tokens"]);
  const std::uint64_t total = count(usage["total_tokens"]);
  const bool reasoning_on_top = out.reasoning > 0 && total == prompt + completion + out.reasoning;
  out.output = less(reasoning_on_top ? completion : less(completion, out.reasoning), out.audio_output);
  out.searches = count(usage["server_tool_use_details"]["web_search_requests"]);
  return true;
}

void write_usage(oc::Writer& out, const oc_usage& u) {
  const std::uint64_t prompt = u.input + u.cache_read + u.cache_write + u.cache_write_1h + u.audio_input;
  const std::uint64_t completion = u.output + u.reasoning + u.audio_output;
  const auto number = [&](std::string_view name, std::uint64_t v) { out.member(name, static_cast<std::int64_t>(v)); };
  out.object();
  number("prompt_tokens", prompt);
  number("completion_tokens", completion);
  number("total_tokens", prompt + completion);
  out.key("prompt_tokens_details").object();
  number("cached_tokens", u.cache_read);
  number("cache_write_tokens", u.cache_write + u.cache_write_1h);
  number("audio_tokens", u.audio_input);
  out.close();
  out.key("completion_tokens_details").object();
  number("reasoning_tokens", u.reasoning);
  number("audio_tokens", u.audio_output);
  out.close().close();
}

}  // namespace onechat::openai_chat
