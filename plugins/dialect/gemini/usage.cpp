#include "gemini/usage.hpp"

#include <algorithm>

#include "common/service_tier.hpp"
#include "gemini/names.hpp"

namespace onechat::gemini {
namespace {

constexpr std::int64_t kCountMax = std::int64_t(1) << 53;  // beyond it a count is a lie

std::uint64_t count(oc::Json v) {
  const std::int64_t n = v.integer(0);
  return n < 0 || n > kCountMax ? 0 : static_cast<std::uint64_t>(n);
}

std::uint64_t less(std::uint64_t total, std::uint64_t part) { return part < total ? total - part : 0; }

// [{"modality":"AUDIO","tokenCount":n}, ...]
std::uint64_t audio_in(oc::Json details) {
  std::uint64_t n = 0;
  if (details.is_array())
    for (const oc::Json d : details)
      if (d["modality"].str() == "AUDIO") n += count(member(d, "tokenCount"));
  return n;
}

void write_detail(oc::Writer& out, std::string_view modality, std::uint64_t tokens) {
  out.object().member("modality", modality).member("tokenCount", static_cast<std::int64_t>(tokens)).close();
}

}  // namespace

bool read_usage(oc::Json usage, oc_usage& out) {
  const oc::Json prompt_count = member(usage, "promptTokenCount"), candidates = member(usage, "candidatesTokenCount");
  if (!prompt_count.is_number() && !candidates.is_number()) return false;
  const std::uint64_t prompt = count(prompt_count) + count(member(usage, "toolUsePromptTokenCount"));

  out = oc::sized<oc_usage>();
  out.flags = OC_USAGE_CUMULATIVE | dialect::usage_tier(member(usage, "serviceTier").str());
  out.cache_read = count(member(usage, "cachedContentTokenCount"));
  const std::uint64_t audio =
      audio_in(member(usage, "promptTokensDetails")) + audio_in(member(usage, "toolUsePromptTokensDetails"));
  const std::uint64_t fresh = less(prompt, out.cache_read);
  out.audio_input = std::min(less(audio, audio_in(member(usage, "cacheTokensDetails"))), fresh);
  out.input = fresh - out.audio_input;
  out.reasoning = count(member(usage, "thoughtsTokenCount"));
  out.audio_output = std::min(audio_in(member(usage, "candidatesTokensDetails")), count(candidates));
  out.output = count(candidates) - out.audio_output;
  return true;
}

std::uint64_t prompt_tokens(const oc_usage& u) noexcept {
  return u.input + u.cache_read + u.cache_write + u.cache_write_1h + u.audio_input;
}

void write_usage(oc::Writer& out, const oc_usage& u) {
  const std::uint64_t prompt = prompt_tokens(u), candidates = u.output + u.audio_output;
  const auto number = [&](std::string_view name, std::uint64_t v) { out.member(name, static_cast<std::int64_t>(v)); };
  out.object();
  number("promptTokenCount", prompt);
  number("candidatesTokenCount", candidates);
  number("totalTokenCount", prompt + candidates + u.reasoning);
  if (u.cache_read != 0) number("cachedContentTokenCount", u.cache_read);
  if (u.reasoning != 0) number("thoughtsTokenCount", u.reasoning);
  out.key("promptTokensDetails").array();
  write_detail(out, "TEXT", prompt - u.audio_input);
  if (u.audio_input != 0) write_detail(out, "AUDIO", u.audio_input);
  out.close();
  if (u.audio_output != 0) {
    out.key("candidatesTokensDetails").array();
    if (u.output != 0) write_detail(out, "TEXT", u.output);
    write_detail(out, "AUDIO", u.audio_output);
    out.close();
  }
  out.close();
}

}  // namespace onechat::gemini
