#include "script.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include "schema_example.hpp"

namespace onechat::demo {
namespace {

constexpr std::size_t kEchoMax = 400;  // bytes of the question that are told back

std::uint64_t count_pieces(std::string_view text) {
  std::uint64_t n = 0;
  for (; !text.empty(); ++n) text.remove_prefix(first_piece(text).size());
  return n;
}

std::uint64_t input_tokens(const oc_request& request) {
  std::uint64_t n = 0;
  const auto part = [&](const oc_part& p) {
    n += count_pieces(oc::view(p.text)) + count_pieces(oc::view(p.tool_args_json));
    for (std::uint64_t i = 0; i < p.n_parts; ++i) n += count_pieces(oc::view(p.parts[i]->text));
  };
  for (std::uint64_t t = 0; t < request.n_turns; ++t)
    for (std::uint64_t i = 0; i < request.turns[t]->n_parts; ++i) part(*request.turns[t]->parts[i]);
  for (std::uint64_t i = 0; i < request.n_tools; ++i)
    n += count_pieces(oc::view(request.tools[i]->description)) + count_pieces(oc::view(request.tools[i]->schema_json));
  return n;
}

std::string last_user_text(const oc_request& request) {
  for (std::uint64_t t = request.n_turns; t-- > 0;) {
    const oc_turn& turn = *request.turns[t];
    if (turn.role != OC_ROLE_USER) continue;
    std::string text;
    for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
      if (turn.parts[i]->type != OC_PART_TEXT) continue;
      if (!text.empty()) text += ' ';
      text += oc::view(turn.parts[i]->text);
    }
    if (!text.empty()) return text;
  }
  return {};
}

bool contains_words(std::string_view text, std::string_view lower_case_words) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), lower_case_words.begin(), lower_case_words.end(), same) != text.end();
}

const oc_tool* tool_named(const oc_request& request, std::string_view name) {
  for (std::uint64_t i = 0; i < request.n_tools; ++i) {
    const oc_tool& t = *request.tools[i];
    if (t.name.len != 0 && (name.empty() || oc::view(t.name) == name)) return &t;
  }
  return nullptr;
}

const oc_tool* tool_to_call(const oc_request& request, std::string_view asked) {
  if (request.tool_choice == OC_CHOICE_NONE) return nullptr;
  const auto name = request.n_choice_names != 0 ? oc::view(request.choice_names[0]) : std::string_view();
  if (request.tool_choice == OC_CHOICE_REQUIRED) return tool_named(request, name);
  const bool answered = request.n_turns != 0 && request.turns[request.n_turns - 1]->role == OC_ROLE_TOOL;
  return !answered && contains_words(asked, "call the tool") ? tool_named(request, name) : nullptr;
}

std::string greeting(const oc_request& request, std::string_view asked) {
  std::string text =
      "This is the demo model of 1chat. It has no intelligence: it shows that the gateway works and tells you back what it was "
      "asked.\n\nYou sent " +
      std::to_string(request.n_turns) + (request.n_turns == 1 ? " message" : " messages");
  if (request.n_tools != 0) text += " and " + std::to_string(request.n_tools) + (request.n_tools == 1 ? " tool" : " tools");
  text += ".";
  if (asked.empty()) return text;
  std::size_t end = std::min(asked.size(), kEchoMax);
  while (end > 0 && end < asked.size() && (static_cast<unsigned char>(asked[end]) & 0xC0) == 0x80) --end;
  text += " The last one from the user says:\n\n";
  text += asked.substr(0, end);
  if (end < asked.size()) text += "...";
  return text + "\n\nSet a provider key to talk to a real model.";
}

// "" when no structured answer is asked for.
std::string structured(const oc::Call& call, const oc_request& request) {
  if (request.format != OC_FORMAT_JSON && request.format != OC_FORMAT_JSON_SCHEMA) return {};
  if (request.format_schema_json.len != 0)
    if (const oc::Json schema = call.parse(oc::view(request.format_schema_json)); schema.is_object()) return example_of(schema);
  return R"({"demo":true})";
}

void cut_to_limit(const oc_request& request, Script& script) {
  const auto text = oc::view(script.text);
  const bool limited = (request.set_mask & OC_SET_MAX_TOKENS) != 0;
  std::uint64_t tokens = 0;
  std::size_t at = 0;
  while (at < text.size() && (!limited || tokens < request.max_output_tokens)) {
    at += first_piece(text.substr(at)).size();
    ++tokens;
  }
  if (at < text.size()) script.finish = OC_FIN_LENGTH;
  script.text.len = at;
  script.output_tokens = tokens;
}

}  // namespace

std::string_view first_piece(std::string_view text) noexcept {
  std::size_t n = 0;
  const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  while (n < text.size() && n < kPieceMax && !space(text[n])) ++n;
  while (n < text.size() && n < kPieceMax && space(text[n])) ++n;
  std::size_t whole = n;
  while (whole > 0 && whole < text.size() && (static_cast<unsigned char>(text[whole]) & 0xC0) == 0x80) --whole;
  return text.substr(0, whole != 0 ? whole : n);
}

Script write_script(const oc::Call& call, const oc_request& request) {
  Script script{};
  script.input_tokens = input_tokens(request);
  const std::string asked = last_user_text(request);
  if (const oc_tool* tool = tool_to_call(request, asked)) {
    script.tool_name = tool->name;
    const oc::Json schema = tool->schema_json.len != 0 ? call.parse(oc::view(tool->schema_json)) : oc::Json();
    script.text = oc::str(call.copy(schema ? example_of(schema) : std::string("{}")));
    script.finish = OC_FIN_TOOL;
  } else {
    std::string text = structured(call, request);
    if (text.empty()) text = greeting(request, asked);
    script.text = oc::str(call.copy(text));
    script.finish = OC_FIN_STOP;
  }
  cut_to_limit(request, script);
  return script;
}

}  // namespace onechat::demo
