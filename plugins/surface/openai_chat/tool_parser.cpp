#include "tool_parser.hpp"

#include "common/members.hpp"

namespace onechat::openai_chat {

using dialect::FieldPath;
using dialect::members_except;

bool ToolParser::tools(oc::Json tools, oc::Json functions) {
  const bool legacy = tools.absent_or_null() && !functions.absent_or_null();
  const oc::Json list = legacy ? functions : tools;
  if (list.absent_or_null()) return true;
  const FieldPath top{nullptr, legacy ? "functions" : "tools", -1};
  if (!list.is_array()) return refuse(top, "An array is expected.", "invalid_type");
  const oc_tool** out = call_.array<const oc_tool*>(list.size());
  for (const oc::Json item : list) {
    const FieldPath at = top.element(out_.n_tools);
    if (!item.is_object()) return refuse(at, "A tool must be an object.", "invalid_type");
    const oc_tool* t = legacy ? function(item, at) : tool(item, at);
    if (t == nullptr) return false;
    out[out_.n_tools++] = t;
  }
  out_.tools = out;
  return true;
}

const oc_tool* ToolParser::tool(oc::Json value, const FieldPath& at) {
  const auto type = value["type"].str();
  if (type == "custom" && value["custom"].is_object()) return custom(value["custom"], at.member("custom"));
  if (!value["type"] && value["name"].is_string()) return function(value, at);  // some clients forget the envelope
  if (type == "function" || (!value["type"] && value["function"].is_object())) {  // Mistral's clients leave it out
    const FieldPath inside = at.member("function");
    auto* t = const_cast<oc_tool*>(function(value["function"], inside));
    if (t == nullptr) return nullptr;
    // "cache_control" and the like stand beside the function, what nobody models of the function within.
    const auto beside = members_except(call_, value, {"type", "function"});
    const auto inner = t->ext_json.len != 0 ? dialect::object_of(call_, "function", oc::view(t->ext_json)) : std::string_view();
    t->ext_json = oc::str(beside.empty()  ? inner
                          : inner.empty() ? beside
                                          : call_.concat({beside.substr(0, beside.size() - 1), ",", inner.substr(1)}));
    return t;
  }
  auto* t = call_.make_sized<oc_tool>();
  t->flags = OC_TOOLF_BUILTIN;
  t->ext_json = oc::str(value.raw());
  return t;
}

const oc_tool* ToolParser::function(oc::Json value, const FieldPath& at) {
  if (!value["name"].is_string() || value["name"].str().empty())
    return refuse(at.member("name"), "A function needs a name.", "missing_required_parameter"), nullptr;
  auto* t = call_.make_sized<oc_tool>();
  t->name = oc::str(value["name"].str());
  t->description = oc::str(value["description"].str());
  if (const oc::Json schema = value["parameters"]; schema.is_object()) t->schema_json = oc::str(schema.raw());
  if (value["strict"].boolean()) t->flags |= OC_TOOLF_STRICT;
  t->ext_json = oc::str(members_except(call_, value, {"name", "description", "parameters", "strict"}));
  return t;
}

const oc_tool* ToolParser::custom(oc::Json value, const FieldPath& at) {
  if (!value["name"].is_string() || value["name"].str().empty())
    return refuse(at.member("name"), "A custom tool needs a name.", "missing_required_parameter"), nullptr;
  auto* t = call_.make_sized<oc_tool>();
  t->flags = OC_TOOLF_CUSTOM;
  t->name = oc::str(value["name"].str());
  t->description = oc::str(value["description"].str());
  t->ext_json = oc::str(members_except(call_, value, {"name", "description"}));
  return t;
}

void ToolParser::choice(oc::Json tool_choice, oc::Json function_call) {
  const bool legacy = tool_choice.absent_or_null();
  const oc::Json value = legacy ? function_call : tool_choice;
  if (value.is_string()) {
    const auto word = value.str();
    out_.tool_choice = word == "none"                        ? OC_CHOICE_NONE
                       : word == "required" || word == "any" ? OC_CHOICE_REQUIRED
                       : word == "auto"                      ? OC_CHOICE_AUTO
                                                             : OC_CHOICE_UNSET;
    return;
  }
  if (!value.is_object()) return;
  if (const oc::Json allowed = value["allowed_tools"]; allowed.is_object()) {
    out_.tool_choice = allowed["mode"].str() == "required" ? OC_CHOICE_REQUIRED : OC_CHOICE_AUTO;
    allow_names(allowed["tools"]);
    return;
  }
  const oc::Json inner = value["custom"].is_object() ? value["custom"] : legacy ? value : value["function"];
  const oc::Json name = inner["name"] ? inner["name"] : value["name"];
  if (name.str().empty()) return;
  auto* names = call_.array<oc_str>(1);
  names[0] = oc::str(name.str());
  out_.tool_choice = OC_CHOICE_REQUIRED;
  out_.choice_names = names;
  out_.n_choice_names = 1;
}

void ToolParser::allow_names(oc::Json list) {
  auto* names = call_.array<oc_str>(list.size() + 1);
  for (const oc::Json item : list) {
    const oc::Json inner = item["custom"].is_object() ? item["custom"] : item["function"];
    const auto name = inner["name"] ? inner["name"].str() : item["name"].str();
    if (!name.empty()) names[out_.n_choice_names++] = oc::str(name);
  }
  out_.choice_names = names;
}

bool ToolParser::refuse(const FieldPath& at, std::string_view message, std::string_view code) {
  const auto param = at.text(call_);
  failed_ = call_.fail(OC_E_INVALID, call_.concat({"Invalid '", param, "': ", message}), code, param, 400);
  return false;
}

}  // namespace onechat::openai_chat
