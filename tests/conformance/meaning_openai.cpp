#include "meaning.hpp"

namespace onechat::conformance {
namespace {

std::string word_of_chat(std::string_view reason) {
  if (reason == "tool_calls" || reason == "function_call") return "tool";
  if (reason == "content_filter") return "filter";
  if (reason == "length" || reason == "stop" || reason == "error") return std::string(reason);
  return reason.empty() ? "" : "stop";  // vendors' own words
}

// Content is text, or parts, some of which may be thinking.
void add_content(View content, Said& said) {
  said.text += content.str();
  if (!content.is(OC_JSON_ARRAY)) return;
  for (View part : content) {
    if (part["thinking"].node != nullptr) {
      said.reasoning += part["thinking"].str();
      for (View inner : part["thinking"]) said.reasoning += inner["text"].str();
    } else {
      said.text += part["text"].str();
    }
  }
}

// Vendors begin to count where they like: a call is new when its index is.
void add_call(View call, std::int64_t index, Said& said, std::map<std::int64_t, std::size_t>& places) {
  const View function =
      !call["custom"]["name"].str().empty() || call["custom"]["input"].str() != "" ? call["custom"] : call["function"];
  if (!places.contains(index)) {
    if (function["name"].str().empty()) return;
    places[index] = said.calls.size();
    said.calls.emplace_back();
  }
  SaidCall& to = said.calls[places[index]];
  if (to.id.empty()) to.id = call["id"].str();
  if (to.name.empty()) to.name = function["name"].str();
  if (function["arguments"].is(OC_JSON_OBJECT)) to.args += function["arguments"].raw();
  to.args += function["arguments"].str();
  to.args += function["input"].str();
}

void read_chat_usage(View u, SaidUsage& to) {
  if (!u) return;
  to.told = true;
  to.in_total = u["prompt_tokens"].integer(0);
  to.out_total = u["completion_tokens"].integer(0);
  to.cached = u["prompt_tokens_details"]["cached_tokens"].integer(0);
  to.cache_write = u["prompt_tokens_details"]["cache_write_tokens"].integer(0);
  to.reasoning = u["completion_tokens_details"]["reasoning_tokens"].integer(0);
}

void read_responses_usage(View u, SaidUsage& to) {
  if (!u) return;
  to.told = true;
  to.in_total = u["input_tokens"].integer(0);
  to.out_total = u["output_tokens"].integer(0);
  to.cached = u["input_tokens_details"]["cached_tokens"].integer(0);
  to.cache_write = u["input_tokens_details"]["cache_write_tokens"].integer(0);
  to.reasoning = u["output_tokens_details"]["reasoning_tokens"].integer(0);
}

// A tool of a namespace is called by both names, unless they are the same.
std::string name_of(View call) {
  const std::string space(call["namespace"].str()), name(call["name"].str());
  const bool flat_already = space == name || name.starts_with(space + "__");
  return (space.empty() || flat_already ? "" : space + "__") + name;
}

void add_item(View item, Said& said) {
  const auto type = item["type"].str();
  if (type == "function_call" || type == "custom_tool_call")
    said.calls.push_back({std::string(item["call_id"].str()), name_of(item),
                          std::string(type == "function_call" ? item["arguments"].str() : item["input"].str())});
  if (type == "reasoning") {
    for (View s : item["summary"]) said.reasoning += s["text"].str();
    for (View s : item["content"]) said.reasoning += s["text"].str();
    if (item["encrypted_content"]) ++said.states;
  }
  if (type == "image_generation_call") ++said.media;
  if (type != "message") return;
  for (View part : item["content"]) {
    said.text += part["text"].str();
    said.refusal += part["refusal"].str();
    said.citations += static_cast<int>(part["annotations"].size());
    said.logprobs += static_cast<int>(part["logprobs"].size());
  }
}

}  // namespace

void read_chat(View value, Meaning& into) {
  if (value["error"]) into.failed = true;
  read_chat_usage(value["usage"] ? value["usage"] : value["x_groq"]["usage"], into.usage);
  std::int64_t position = 0;
  for (View choice : value["choices"]) {
    Said& said = into.choices[choice["index"].integer(position++)];
    const bool whole = value["object"].str() == "chat.completion" || !choice["delta"];
    const View message = choice[whole ? "message" : "delta"];
    add_content(message["content"], said);
    said.reasoning +=
        message["reasoning_content"].str().empty() ? message["reasoning"].str() : message["reasoning_content"].str();
    for (View detail : message["reasoning_details"])
      said.details += detail["text"].str().empty() ? detail["summary"].str() : detail["text"].str();
    said.refusal += message["refusal"].str();
    said.citations += static_cast<int>(message["annotations"].size());
    said.media += static_cast<int>(message["images"].size());
    said.states += static_cast<int>(message["reasoning_details"].size());
    said.logprobs += static_cast<int>(choice["logprobs"]["content"].size());
    std::int64_t i = 0;
    for (View call : message["tool_calls"]) {
      add_call(call, call["index"].integer(i++), said, into.calls_by_index[choice["index"].integer(0)]);
    }
    if (View f = message["function_call"]; !f["name"].str().empty() || !f["arguments"].str().empty()) {
      if (said.calls.empty()) said.calls.emplace_back();
      said.calls[0].name += f["name"].str();
      said.calls[0].args += f["arguments"].str();
    }
    if (View reason = choice["finish_reason"]; !reason.str().empty()) said.finish = word_of_chat(reason.str());
  }
}

void read_responses_answer(View answer, Meaning& into) {
  if (answer["object"].node == nullptr && answer["error"]) {
    into.failed = true;
    return;
  }
  Said said;
  for (View item : answer["output"]) add_item(item, said);
  const auto status = answer["status"].str();
  if (status == "completed" || status == "complete") said.finish = "stop";
  if (status == "incomplete")
    said.finish = answer["incomplete_details"]["reason"].str() == "content_filter" ? "filter" : "length";
  if (status == "failed") said.finish = "error", into.failed = true;
  into.complete = !said.finish.empty();
  into.choices[0] = std::move(said);
  read_responses_usage(answer["usage"], into.usage);
}

void read_responses_event(View e, Meaning& into) {
  const auto type = e["type"].str();
  if (type == "response.completed" || type == "response.incomplete" || type == "response.failed") {
    Meaning whole;
    read_responses_answer(e["response"], whole);
    Said& said = into.choices[0];
    const Said& last = whole.choices[0];
    said.finish = last.finish;
    if (said.calls.empty()) said.calls = last.calls;
    into.failed |= whole.failed;
    into.usage = whole.usage;
    into.complete = true;
    return;
  }
  into.complete = false;
  if (type == "error") into.failed = true;
  Said& said = into.choices[0];
  if (type == "response.output_text.delta") said.text += e["delta"].str();
  if (type == "response.refusal.delta") said.refusal += e["delta"].str();
  if (type == "response.reasoning_summary_text.delta" || type == "response.reasoning_text.delta")
    said.reasoning += e["delta"].str();
  if (type == "response.output_text.annotation.added") ++said.citations;
  if (type == "response.output_text.delta") said.logprobs += static_cast<int>(e["logprobs"].size());
  if (type != "response.output_item.done") return;
  const auto kind = e["item"]["type"].str();
  if (kind == "function_call" || kind == "custom_tool_call" || kind == "image_generation_call")
    add_item(e["item"], said);
  if (kind == "reasoning" && e["item"]["encrypted_content"]) ++said.states;
}

}  // namespace onechat::conformance
