#include "meaning.hpp"

namespace onechat::conformance {
namespace {

std::string word_of_anthropic(std::string_view reason) {
  if (reason == "end_turn") return "stop";
  if (reason == "stop_sequence") return "sequence";
  if (reason == "max_tokens") return "length";
  if (reason == "model_context_window_exceeded") return "context";
  if (reason == "tool_use") return "tool";
  if (reason == "refusal") return "refusal";
  if (reason == "pause_turn") return "pause";
  return reason.empty() ? "" : "stop";
}

void read_anthropic_usage(View u, SaidUsage& to) {
  if (!u) return;
  to.told = true;
  const auto take = [&](const char* name, std::int64_t& into) {
    if (u[name]) into = u[name].integer(0);
  };
  std::int64_t fresh = to.in_total - to.cached - to.cache_write;
  take("input_tokens", fresh);
  take("cache_read_input_tokens", to.cached);
  take("cache_creation_input_tokens", to.cache_write);
  take("output_tokens", to.out_total);
  to.in_total = fresh + to.cached + to.cache_write;
  if (u["iterations"].size() > 1)
    to.told = false;  // several models' answers in one: there is no one way to sum them up
  if (View details = u["output_tokens_details"]) to.reasoning = details["thinking_tokens"].integer(0);
}

void begin_block(View block, Said& said) {
  const auto type = block["type"].str();
  if (type == "text") said.text += block["text"].str();
  if (type == "thinking") said.reasoning += block["thinking"].str();
  if (type == "thinking" && !block["signature"].str().empty()) ++said.states;
  if (type == "redacted_thinking") ++said.states;
  said.citations += type == "text" ? static_cast<int>(block["citations"].size()) : 0;
  if (type == "tool_use")
    said.calls.push_back({std::string(block["id"].str()), std::string(block["name"].str()),
                          block["input"].size() != 0 ? std::string(block["input"].raw()) : std::string()});
}

std::string word_of_gemini(std::string_view reason) {
  if (reason == "STOP") return "stop";
  if (reason == "MAX_TOKENS") return "length";
  if (reason.empty() || reason == "FINISH_REASON_UNSPECIFIED") return "";
  if (reason == "MALFORMED_FUNCTION_CALL" || reason == "UNEXPECTED_TOOL_CALL" || reason == "TOO_MANY_TOOL_CALLS")
    return "malformed";
  if (reason == "OTHER" || reason == "LANGUAGE" || reason == "MALFORMED_RESPONSE" || reason == "NO_IMAGE")
    return "other";
  if (reason == "CONTINUATION") return "pause";
  return "filter";
}

}  // namespace

void read_anthropic_answer(View answer, Meaning& into) {
  if (answer["type"].str() == "error" || answer["error"]) {
    into.failed = true;
    return;
  }
  Said& said = into.choices[0];
  for (View block : answer["content"]) begin_block(block, said);
  said.finish = word_of_anthropic(answer["stop_reason"].str());
  read_anthropic_usage(answer["usage"], into.usage);
}

void read_anthropic_event(View e, Meaning& into) {
  const auto type = e["type"].str();
  if (type == "error") into.failed = true;
  Said& said = into.choices[0];
  if (type == "message_start") read_anthropic_usage(e["message"]["usage"], into.usage);
  if (type == "content_block_start") begin_block(e["content_block"], said);
  if (type == "content_block_delta") {
    const View d = e["delta"];
    if (d["type"].str() == "text_delta") said.text += d["text"].str();
    said.reasoning += d["thinking"].str();
    if (!d["signature"].str().empty()) ++said.states;
    if (d["type"].str() == "citations_delta") ++said.citations;
    // Input of a block that began; of hosted tools' blocks it goes nowhere.
    if (d["type"].str() == "input_json_delta" && into.open_call == e["index"].integer(-1) && !said.calls.empty())
      said.calls.back().args += d["partial_json"].str();
  }
  if (type == "content_block_start")
    into.open_call = e["content_block"]["type"].str() == "tool_use" ? e["index"].integer(-1) : -1;
  if (type == "message_delta") {
    said.finish = word_of_anthropic(e["delta"]["stop_reason"].str());
    read_anthropic_usage(e["usage"], into.usage);
  }
}

void read_gemini(View value, Meaning& into) {
  if (value["error"]) into.failed = true;
  for (View candidate : value["candidates"]) {
    Said& said = into.choices[candidate["index"].integer(0)];
    for (View part : candidate["content"]["parts"]) {
      (part["thought"].truth() ? said.reasoning : said.text) += part["text"].str();
      if (part["thoughtSignature"]) ++said.states;
      if (part["inlineData"]) ++said.media;
      if (View call = part["functionCall"])
        said.calls.push_back(
            {std::string(call["id"].str()), std::string(call["name"].str()), std::string(call["args"].raw())});
    }
    if (auto word = word_of_gemini(candidate["finishReason"].str()); !word.empty()) said.finish = word;
    said.citations += static_cast<int>(candidate["groundingMetadata"]["groundingChunks"].size());
    said.logprobs += static_cast<int>(candidate["logprobsResult"]["chosenCandidates"].size());
  }
  if (value["promptFeedback"]["blockReason"] && into.choices.empty()) into.choices[0].finish = "filter";
  const View u = value["usageMetadata"];
  if (!u) return;
  SaidUsage& to = into.usage;
  to.told = true;
  to.in_total = u["promptTokenCount"].integer(0) + u["toolUsePromptTokenCount"].integer(0);
  to.cached = u["cachedContentTokenCount"].integer(0);
  to.reasoning = u["thoughtsTokenCount"].integer(0);
  to.out_total = u["candidatesTokenCount"].integer(0) + to.reasoning;
}

}  // namespace onechat::conformance
