#include "grammar.hpp"

namespace onechat::conformance {

Problems check_stream(std::string_view dialect, std::string_view bytes, const Rules& rules) {
  if (dialect == "openai_chat") return check_chat_stream(bytes, rules);
  if (dialect == "openai_responses") return check_responses_stream(bytes, rules);
  if (dialect == "anthropic_messages") return check_anthropic_stream(bytes, rules);
  return check_gemini_stream(bytes, rules);
}

Problems check_answer(std::string_view dialect, View answer, const Rules& rules) {
  Problems out;
  add_shape(out, rules, dialect, Shape::kAnswer, answer, "");
  const Problems more = dialect == "openai_chat"          ? check_chat_answer(answer, rules)
                        : dialect == "openai_responses"   ? check_responses_answer(answer, rules)
                        : dialect == "anthropic_messages" ? check_anthropic_answer(answer, rules)
                                                          : check_gemini_answer(answer, rules);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

void add_shape(Problems& out, const Rules& rules, std::string_view dialect, Shape shape, View value,
               const std::string& where) {
  if (rules.specs == nullptr) return;
  for (const auto& p : rules.specs->check(dialect, shape, value,
                                          rules.rendered && !rules.own_dialect ? Author::kOurs : Author::kRecorded))
    out.push_back(where + p);
}

namespace {

void at_least(Problems& out, View whole, View part, const char* what) {
  if (part && part.integer(0) > whole.integer(0))
    out.push_back(std::string("usage: ") + what + " is more than the whole it is a part of");
}

void no_negative(Problems& out, View usage) {
  for (View member : usage) {
    if (member.is(OC_JSON_NUMBER) && member.integer(0) < 0)
      out.push_back("usage: " + std::string(member.key()) + " is negative");
    if (member.is(OC_JSON_OBJECT)) no_negative(out, member);
  }
}

}  // namespace

Problems check_usage(std::string_view dialect, View u) {
  Problems out;
  no_negative(out, u);
  if (dialect == "openai_chat") {
    if (u["total_tokens"].integer(-1) != u["prompt_tokens"].integer(0) + u["completion_tokens"].integer(0))
      out.push_back("usage: total_tokens is not prompt_tokens + completion_tokens");
    at_least(out, u["prompt_tokens"], u["prompt_tokens_details"]["cached_tokens"], "cached_tokens");
    at_least(out, u["completion_tokens"], u["completion_tokens_details"]["reasoning_tokens"], "reasoning_tokens");
  } else if (dialect == "openai_responses") {
    if (u["total_tokens"].integer(-1) != u["input_tokens"].integer(0) + u["output_tokens"].integer(0))
      out.push_back("usage: total_tokens is not input_tokens + output_tokens");
    at_least(out, u["input_tokens"], u["input_tokens_details"]["cached_tokens"], "cached_tokens");
    at_least(out, u["output_tokens"], u["output_tokens_details"]["reasoning_tokens"], "reasoning_tokens");
  } else if (dialect == "anthropic_messages") {
    const View split = u["cache_creation"];
    if (split && split["ephemeral_5m_input_tokens"].integer(0) + split["ephemeral_1h_input_tokens"].integer(0) !=
                     u["cache_creation_input_tokens"].integer(0))
      out.push_back("usage: cache_creation is not the sum of its split");
    at_least(out, u["output_tokens"], u["output_tokens_details"]["thinking_tokens"], "thinking_tokens");
  } else {
    const std::int64_t sum = u["promptTokenCount"].integer(0) + u["candidatesTokenCount"].integer(0) +
                             u["thoughtsTokenCount"].integer(0) + u["toolUsePromptTokenCount"].integer(0);
    if (u["totalTokenCount"].integer(-1) != sum) out.push_back("usage: totalTokenCount is not the sum of its parts");
    at_least(out, u["promptTokenCount"], u["cachedContentTokenCount"], "cachedContentTokenCount");
  }
  return out;
}

}  // namespace onechat::conformance
