// The grammar of a stream as strict clients check it.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "json/json.hpp"

namespace onechat::test {

class StreamGrammar {
 public:
  explicit StreamGrammar(bool usage_asked) : usage_asked_(usage_asked) {}

  // What is wrong with it, or "".
  std::string check(const std::vector<std::string>& payloads) {
    if (payloads.empty() || payloads.back() != "[DONE]") return "no [DONE] at the end";
    for (std::size_t i = 0; i + 1 < payloads.size(); ++i)
      if (std::string fault = chunk(payloads[i]); !fault.empty()) return fault + ": " + payloads[i];
    for (const auto& [index, c] : choices_)
      if (!c.finished) return "choice " + std::to_string(index) + " has no finish_reason";
    return usage_asked_ && !usage_seen_ ? "no usage although it was asked for" : "";
  }

 private:
  struct Choice {
    bool began = false, finished = false;
    std::map<std::int64_t, std::string> tools;  // index -> kind
  };

  static bool is(const oc_json* v, std::uint32_t type) { return v != nullptr && v->type == type; }

  std::string chunk(const std::string& payload) {
    Arena arena;
    const oc_json* root = json::parse(arena, payload);
    if (!is(root, OC_JSON_OBJECT)) return "not an object";
    if (usage_seen_) return "something after the usage";
    const oc_json* id = json::get(root, "id");
    if (!is(id, OC_JSON_STRING) || (!id_.empty() && id_ != id->text)) return "id changes or is missing";
    id_ = id->text;
    if (!is(json::get(root, "object"), OC_JSON_STRING) || json::get(root, "object")->text != "chat.completion.chunk") return "object";
    if (!is(json::get(root, "created"), OC_JSON_NUMBER) || !is(json::get(root, "model"), OC_JSON_STRING)) return "created or model";
    const oc_json *choices = json::get(root, "choices"), *usage = json::get(root, "usage");
    if (!is(choices, OC_JSON_ARRAY)) return "choices";
    if (choices->size == 0) return last(usage);
    if (usage_asked_ ? !is(usage, OC_JSON_NULL) : usage != nullptr) return "usage beside choices";
    for (const oc_json* c = choices->first; c != nullptr; c = c->next)
      if (std::string fault = choice(c); !fault.empty()) return fault;
    return {};
  }

  std::string last(const oc_json* usage) {
    if (!usage_asked_ || !is(usage, OC_JSON_OBJECT)) return "a chunk without choices";
    usage_seen_ = true;
    const auto n = [&](const char* name) { return json::integer(json::get(usage, name), -1); };
    const auto detail = [&](const char* group, const char* name) { return json::integer(json::get(json::get(usage, group), name), -1); };
    if (n("total_tokens") != n("prompt_tokens") + n("completion_tokens")) return "total is not the sum";
    const auto cached = detail("prompt_tokens_details", "cached_tokens"), wrote = detail("prompt_tokens_details", "cache_write_tokens");
    if (cached < 0 || wrote < 0 || cached + wrote > n("prompt_tokens")) return "more cached than there is";
    const auto reasoning = detail("completion_tokens_details", "reasoning_tokens");
    return reasoning < 0 || reasoning > n("completion_tokens") ? "more reasoning than there is" : "";
  }

  std::string choice(const oc_json* c) {
    const oc_json *index = json::get(c, "index"), *delta = json::get(c, "delta"), *reason = json::get(c, "finish_reason");
    if (!is(index, OC_JSON_NUMBER) || !is(delta, OC_JSON_OBJECT) || reason == nullptr) return "a choice lacks a member";
    Choice& state = choices_[json::integer(index, 0)];
    if (state.finished) return "a choice goes on after its end";
    const oc_json* role = json::get(delta, "role");
    if (state.began == (role != nullptr)) return state.began ? "a second role" : "no role first";
    state.began = true;
    if (const oc_json* calls = json::get(delta, "tool_calls"); calls != nullptr) {
      if (calls->size == 0) return "empty tool_calls";
      for (const oc_json* t = calls->first; t != nullptr; t = t->next)
        if (std::string fault = tool(state, t); !fault.empty()) return fault;
    }
    if (reason->type == OC_JSON_NULL) return {};
    state.finished = true;
    for (const char* known : {"stop", "length", "tool_calls", "content_filter", "function_call"})
      if (reason->text == known) return delta->size == 0 ? "" : "something beside the finish_reason";
    return "an unknown finish_reason";
  }

  std::string tool(Choice& state, const oc_json* t) {
    const std::int64_t index = json::integer(json::get(t, "index"), -1);
    const oc_json *id = json::get(t, "id"), *type = json::get(t, "type");
    const auto known = state.tools.find(index);
    if (known == state.tools.end()) {
      if (index != static_cast<std::int64_t>(state.tools.size())) return "a gap in the indexes of calls";
      if (!is(id, OC_JSON_STRING) || id->text.empty() || !is(type, OC_JSON_STRING)) return "a call begins without id or type";
      const oc_json* inner = json::get(t, type->text);
      if (!is(inner, OC_JSON_OBJECT) || !is(json::get(inner, "name"), OC_JSON_STRING)) return "a call begins without a name";
      state.tools[index] = type->text;
      return {};
    }
    if (id != nullptr || type != nullptr) return "a call begins twice";
    const oc_json* inner = json::get(t, known->second);
    const oc_json* piece = json::get(inner, known->second == "custom" ? "input" : "arguments");
    return is(piece, OC_JSON_STRING) && json::get(inner, "name") == nullptr ? "" : "a piece of a call without text";
  }

  const bool usage_asked_;
  bool usage_seen_ = false;
  std::string id_;
  std::map<std::int64_t, Choice> choices_;
};

inline std::string stream_fault(const std::vector<std::string>& payloads, bool usage_asked) {
  return StreamGrammar(usage_asked).check(payloads);
}

}  // namespace onechat::test
