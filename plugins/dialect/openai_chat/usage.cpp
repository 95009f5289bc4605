#include "usage.hpp"

#include <algorithm>

namespace onechat::openai_chat {
namespace {

constexpr std::uint64_t kCountMax = std::uint64_t(1) << 53;  // beyond it a count is a lie

std::uint64_t count(oc::Json v) {
  const std::int64_t n = v.integer(0);
  return n < 0 || static_cast<std::uint64_t>(n) > kCountMax ? 0 : static_cast<std::uint64_t>(n);
}

std::uint64_t less(std::uint64_t total, std::uint64_t part) { return part < total ? total - part : 0; }

std::uint64_t first_number(std::initializer_list<oc::Json> places) {
  for (const oc::Json where : places)
    if (where.is_number()) return count(where);
  return 0;
}

// Output without reasoning; `reasoning` becomes what only the total knows of, where nothing else tells it.
std::uint64_t told_output(std::uint64_t completion, std::uint64_t unexplained, std::uint64_t& reasoning) {
  if (reasoning == 0) {
    reasoning = unexplained;
    return completion;
  }
  const bool on_top = unexplained == reasoning || reasoning > completion;
  return on_top ? completion : completion - reasoning;
}

}  // namespace

bool read_usage(oc::Json usage, oc_usage& out) {
  const oc::Json prompt_tokens = usage["prompt_tokens"], completion_tokens = usage["completion_tokens"];
  if (!prompt_tokens.is_number() && !completion_tokens.is_number()) return false;
  const oc::Json in = usage["prompt_tokens_details"], written = usage["completion_tokens_details"];
  const std::uint64_t prompt = count(prompt_tokens), completion = count(completion_tokens);

  out = oc::sized<oc_usage>();
  out.flags = OC_USAGE_CUMULATIVE;
  out.cache_read = first_number({in["cached_tokens"], usage["prompt_token_details"]["cached_tokens"],
                                 usage["prompt_cache_hit_tokens"], usage["cached_tokens"], usage["num_cached_tokens"]});
  out.cache_write = first_number({in["cache_write_tokens"], in["cache_creation_tokens"], usage["cache_creation_input_tokens"]});
  out.audio_input = count(in["audio_tokens"]);
  std::uint64_t unexplained = less(count(usage["total_tokens"]), prompt + completion);
  // Gateways before Anthropic may count cached tokens beside the prompt, as it does; then the total has them on top.
  const std::uint64_t cached = out.cache_read + out.cache_write;
  const bool cache_beside = cached != 0 && unexplained == cached;
  if (cache_beside)
    unexplained = 0;
  else if (out.cache_read <= prompt)  // some tell what was written and read at once in both places
    out.cache_write = std::min(out.cache_write, prompt - out.cache_read);
  out.input = less(less(prompt, cache_beside ? 0 : out.cache_read + out.cache_write), out.audio_input);
  out.reasoning = count(written["reasoning_tokens"]);
  out.audio_output = count(written["audio_tokens"]);
  out.output = less(told_output(completion, unexplained, out.reasoning), out.audio_output);
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
