#include "asking.hpp"

namespace onechat::conformance {
namespace {

void read_block(View block, bool assistant, Asking& into);

void read_result(View block, Asking& into) {
  AskedResult r{std::string(block["tool_use_id"].str()), "", std::string(block["content"].str())};
  if (block["content"].is(OC_JSON_ARRAY))
    for (View inner : block["content"]) {
      if (inner["type"].str() == "text")
        r.text += inner["text"].str();
      else
        read_block(inner, false, into);
    }
  into.results.push_back(std::move(r));
}

void read_block(View block, bool assistant, Asking& into) {
  const auto type = block["type"].str();
  if (type == "text")
    (assistant ? into.assistant : into.user) += block["text"].str();
  else if (type == "image")
    ++into.images;
  else if (type == "document")
    ++into.files;
  else if (type == "tool_use")
    into.calls.push_back(
        {std::string(block["id"].str()), std::string(block["name"].str()), std::string(block["input"].raw())});
  else if (type == "tool_result")
    read_result(block, into);
  else if (type == "thinking" || type == "redacted_thinking")
    ++into.reasoning, ++into.states;
  else
    ++into.foreign;
}

// A response of one text under the usual name is that text.
std::string text_of_response(View response) {
  if (response.size() == 1)
    for (View member : response)
      if (member.is(OC_JSON_STRING)) return std::string(member.str());
  return std::string(response.raw());
}

View either(View object, const char* camel, const char* snake) {
  return object[camel].node != nullptr ? object[camel] : object[snake];
}

void read_part(View part, bool assistant, Asking& into) {
  if (either(part, "thoughtSignature", "thought_signature")) ++into.states;
  if (part["thought"].truth()) {
    ++into.reasoning;
    return;
  }
  if (View media = either(part, "inlineData", "inline_data") ? either(part, "inlineData", "inline_data")
                                                             : either(part, "fileData", "file_data")) {
    const auto mime = either(media, "mimeType", "mime_type").str();
    ++(mime.starts_with("image/") ? into.images : mime.starts_with("audio/") ? into.audio : into.files);
  } else if (View call = either(part, "functionCall", "function_call")) {
    into.calls.push_back(
        {std::string(call["id"].str()), std::string(call["name"].str()), std::string(call["args"].raw())});
  } else if (View result = either(part, "functionResponse", "function_response")) {
    into.results.push_back(
        {std::string(result["id"].str()), std::string(result["name"].str()), text_of_response(result["response"])});
    for (View inner : result["parts"]) read_part(inner, false, into);
  } else if (part["text"].is(OC_JSON_STRING)) {
    (assistant ? into.assistant : into.user) += part["text"].str();
  } else if (part.size() != 0) {
    ++into.foreign;
  }
}

}  // namespace

Asking read_anthropic_request(View request) {
  Asking a;
  a.system = request["system"].str();
  if (request["system"].is(OC_JSON_ARRAY))
    for (View block : request["system"]) a.system += block["text"].str();
  for (View m : request["messages"]) {
    const bool assistant = m["role"].str() == "assistant";
    if (m["role"].str() == "system") {
      a.system += m["content"].str();
      for (View block : m["content"]) a.system += block["text"].str();
      continue;
    }
    (assistant ? a.assistant : a.user) += m["content"].str();
    if (m["content"].is(OC_JSON_ARRAY))
      for (View block : m["content"]) read_block(block, assistant, a);
  }
  for (View t : request["tools"]) {
    const auto type = t["type"].str();
    if (type.empty() || type == "custom")
      a.tools.emplace_back(t["name"].str());
    else
      ++a.hosted_tools;
  }
  a.max_tokens = request["max_tokens"].raw();
  a.temperature = request["temperature"] ? request["temperature"].raw() : "";
  a.top_p = request["top_p"] ? request["top_p"].raw() : "";
  for (View s : request["stop_sequences"]) a.stops.emplace_back(s.str());
  const auto choice = request["tool_choice"]["type"].str();
  a.choice = choice == "any" ? "required" : choice == "tool" ? request["tool_choice"]["name"].str() : choice;
  a.schema = request["output_config"]["format"]["schema"] ? request["output_config"]["format"]["schema"].raw()
                                                          : request["output_format"]["schema"].raw();
  return a;
}

Asking read_gemini_request(View request) {
  Asking a;
  const View system = either(request, "systemInstruction", "system_instruction");
  a.system = system.str();
  for (View part : system["parts"]) a.system += part["text"].str();
  for (View content : request["contents"]) {
    const bool assistant = content["role"].str() == "model";
    for (View part : content["parts"]) read_part(part, assistant, a);
  }
  for (View t : request["tools"]) {
    const View functions = either(t, "functionDeclarations", "function_declarations");
    for (View f : functions) a.tools.emplace_back(f["name"].str());
    if (!functions || t.size() > 1) ++a.hosted_tools;
  }
  const View config = either(request, "generationConfig", "generation_config");
  const auto number = [&](const char* camel, const char* snake) {
    return either(config, camel, snake) ? std::string(either(config, camel, snake).raw()) : std::string();
  };
  a.max_tokens = number("maxOutputTokens", "max_output_tokens");
  a.temperature = number("temperature", "temperature");
  a.top_p = number("topP", "top_p");
  for (View s : either(config, "stopSequences", "stop_sequences")) a.stops.emplace_back(s.str());
  a.schema = either(config, "responseJsonSchema", "response_json_schema")
                 ? either(config, "responseJsonSchema", "response_json_schema").raw()
                 : either(config, "responseSchema", "response_schema").raw();
  const View calling =
      either(either(request, "toolConfig", "tool_config"), "functionCallingConfig", "function_calling_config");
  const auto mode = calling["mode"].str();
  const View names = either(calling, "allowedFunctionNames", "allowed_function_names");
  if (mode == "AUTO" || mode == "VALIDATED") a.choice = "auto";
  if (mode == "NONE") a.choice = "none";
  if (mode == "ANY") a.choice = names.size() == 1 ? names.at(0).str() : "required";
  return a;
}

}  // namespace onechat::conformance
