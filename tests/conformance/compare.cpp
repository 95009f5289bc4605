#include "compare.hpp"

#include <algorithm>
#include <set>

namespace onechat::conformance {
namespace {

std::string word_of(std::uint32_t finish) {
  switch (finish) {
    case OC_FIN_STOP: return "stop";
    case OC_FIN_LENGTH: return "length";
    case OC_FIN_TOOL: return "tool";
    case OC_FIN_FILTER: return "filter";
    case OC_FIN_SEQUENCE: return "sequence";
    case OC_FIN_CONTEXT: return "context";
    case OC_FIN_PAUSE: return "pause";
    case OC_FIN_REFUSAL: return "refusal";
    case OC_FIN_MALFORMED_TOOL: return "malformed";
    default: return "error";
  }
}

// How a dialect may say a finish; the first is the usual one.
std::set<std::string_view> ways_to_say(std::string_view finish, std::string_view dialect) {
  const bool anthropic = dialect == "anthropic_messages";
  if (finish == "sequence")
    return anthropic ? std::set<std::string_view>{"sequence", "stop"} : std::set<std::string_view>{"stop"};
  if (finish == "context")
    return anthropic ? std::set<std::string_view>{"context"} : std::set<std::string_view>{"length"};
  if (finish == "filter")
    return anthropic ? std::set<std::string_view>{"refusal"} : std::set<std::string_view>{"filter"};
  if (finish == "refusal")
    return anthropic ? std::set<std::string_view>{"refusal", "filter"}
                     : std::set<std::string_view>{"refusal", "stop", "filter"};
  if (finish == "pause")
    return anthropic ? std::set<std::string_view>{"pause"}
                     : std::set<std::string_view>{"stop", "length", "pause", "other"};
  if (finish == "malformed") return {"stop", "tool", "malformed", "error", "other"};
  if (finish == "other" || finish.empty()) return {"stop", "tool", "filter", "refusal", "other", "error", "malformed"};
  return {finish};
}

std::string quoted(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

void differ(Problems& out, const std::string& what, std::string_view was, std::string_view is) {
  out.push_back(what + ": said \"" + shortened(was) + "\", arrives as \"" + shortened(is) + "\"");
}

void compare_calls(Problems& out, const Said& a, const Said& b) {
  if (a.calls.size() != b.calls.size())
    return differ(out, "number of calls", std::to_string(a.calls.size()), std::to_string(b.calls.size()));
  std::set<std::string> ids;
  for (std::size_t i = 0; i < a.calls.size(); ++i) {
    if (a.calls[i].name != b.calls[i].name) differ(out, "name of a call", a.calls[i].name, b.calls[i].name);
    const SaidCall wrapped{
        "", "", "{\"input\":" + quoted(a.calls[i].args) + "}"};  // text of a custom tool that happens to be JSON
    if (!test::same_json(arguments_of(a.calls[i]), arguments_of(b.calls[i])) &&
        !test::same_json(wrapped.args, b.calls[i].args))
      differ(out, "arguments of a call", arguments_of(a.calls[i]), arguments_of(b.calls[i]));
    if (!b.calls[i].id.empty() && !ids.insert(b.calls[i].id).second)
      out.push_back("two calls with one id: " + b.calls[i].id);
  }
}

void compare_choice(Problems& out, const Said& a, const Said& b, std::string_view dialect) {
  if (a.text + a.refusal != b.text + b.refusal) differ(out, "text", a.text + a.refusal, b.text + b.refusal);
  if (squeezed(a.reasoning) != squeezed(b.reasoning)) differ(out, "reasoning", a.reasoning, b.reasoning);
  compare_calls(out, a, b);
  const auto ways = ways_to_say(a.finish, dialect);
  if (!ways.contains(b.finish)) differ(out, "finish", a.finish, b.finish);
}

}  // namespace

Meaning read_events(const std::vector<test::Event>& events) {
  Meaning m;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t>
      open;  // (choice, index) of a part -> place of its call
  for (const test::Event& e : events) {
    if (e.type == OC_EV_USAGE) {
      const oc_usage& u = e.usage;
      m.usage.told = true;
      m.usage.cached = static_cast<std::int64_t>(u.cache_read);
      m.usage.cache_write = static_cast<std::int64_t>(u.cache_write + u.cache_write_1h);
      m.usage.in_total = static_cast<std::int64_t>(u.input + u.audio_input) + m.usage.cached + m.usage.cache_write;
      m.usage.reasoning = static_cast<std::int64_t>(u.reasoning);
      m.usage.out_total = static_cast<std::int64_t>(u.output + u.audio_output) + m.usage.reasoning;
      continue;
    }
    if (e.type == OC_EV_ERROR) m.failed = true;
    if (e.type == OC_EV_START || e.type == OC_EV_ERROR || e.type == OC_EV_ANSWER || e.type == OC_EV_OPAQUE) continue;
    Said& said = m.choices[e.choice];
    const std::pair<std::uint32_t, std::uint32_t> part{e.choice, e.index};
    switch (e.type) {
      case OC_EV_TEXT: said.text += e.text; break;
      case OC_EV_REASONING: said.reasoning += e.text; break;
      case OC_EV_REFUSAL: said.refusal += e.text; break;
      case OC_EV_TOOL_BEGIN:
        open[part] = said.calls.size();
        said.calls.push_back({e.tool_id, e.tool_name, ""});
        break;
      case OC_EV_TOOL_ARGS:
        if (open.contains(part)) said.calls[open[part]].args += e.text;
        break;
      case OC_EV_FINISH: said.finish = word_of(e.finish); break;
      case OC_EV_CITATION: ++said.citations; break;
      case OC_EV_STATE: ++said.states; break;
      case OC_EV_MEDIA: ++said.media; break;
      case OC_EV_LOGPROBS: ++said.logprobs; break;
      default: break;
    }
  }
  return m;
}

Problems compare_meaning(const Meaning& source, const Meaning& rendered, std::string_view dialect) {
  Problems out;
  if (source.failed != rendered.failed)
    out.push_back(source.failed ? "a failure became an answer" : "an answer became a failure");
  if (source.failed) return out;
  const bool one_only = dialect == "openai_responses" || dialect == "anthropic_messages";
  for (const auto& [index, said] : source.choices) {
    if (one_only && index != 0) continue;
    const auto found = rendered.choices.find(index);
    if (found == rendered.choices.end())
      out.push_back("choice " + std::to_string(index) + " is lost");
    else
      compare_choice(out, said, found->second, dialect);
  }
  const Problems usage = compare_usage(source.usage, rendered.usage, dialect);
  out.insert(out.end(), usage.begin(), usage.end());
  return out;
}

Problems compare_usage(const SaidUsage& source, const SaidUsage& rendered, std::string_view dialect) {
  Problems out;
  if (!source.told) return out;
  if (!rendered.told) return {"usage is lost"};
  const auto same = [&](const char* what, std::int64_t a, std::int64_t b) {
    if (a != b) differ(out, what, std::to_string(a), std::to_string(b));
  };
  same("input tokens", source.in_total, rendered.in_total);
  same("output tokens", source.out_total, rendered.out_total);
  same("cached tokens", source.cached, rendered.cached);
  if (dialect != "gemini") same("cache-written tokens", source.cache_write, rendered.cache_write);
  same("reasoning tokens", source.reasoning, rendered.reasoning);
  return out;
}

}  // namespace onechat::conformance
