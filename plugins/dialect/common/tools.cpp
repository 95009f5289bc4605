#include "common/tools.hpp"

#include "common/members.hpp"

namespace onechat::dialect {

const oc_tool* tool_named(const oc_request& request, std::string_view name) {
  for (std::uint64_t i = 0; i < request.n_tools; ++i)
    if (request.tools[i]->name.len != 0 && oc::view(request.tools[i]->name) == name) return request.tools[i];
  return nullptr;
}

std::string_view name_of_call(const oc_request& request, std::string_view tool_id) {
  for (std::uint64_t t = request.n_turns; t-- > 0;) {
    const oc_turn& turn = *request.turns[t];
    for (std::uint64_t i = 0; i < turn.n_parts; ++i) {
      const oc_part& p = *turn.parts[i];
      if (p.type == OC_PART_TOOL_CALL && oc::view(p.tool_id) == tool_id) return oc::view(p.tool_name);
    }
  }
  return {};
}

std::string_view arguments_object(const oc::Call& call, const oc_part& tool_call) {
  const auto text = oc::view(tool_call.tool_args_json);
  if ((tool_call.flags & OC_PARTF_CUSTOM) == 0) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "{}";
    if (const oc::Json parsed = call.parse(text); parsed.is_object()) return parsed.raw();
  }
  return object_of(call, "input", quoted(call, text));
}

std::string_view custom_tool_schema() {
  return R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"]})";
}

std::string_view custom_tool_input(const oc::Call& call, std::string_view arguments_json) {
  const oc::Json input = call.parse(arguments_json)["input"];
  return input.is_string() ? input.str() : arguments_json;
}

}  // namespace onechat::dialect
