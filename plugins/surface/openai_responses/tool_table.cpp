#include "tool_table.hpp"

#include "common/members.hpp"
#include "openai_responses/tool_names.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::uint64_t kToolsMax = 1024;

// Appends to oc_request.tools.
struct ToolList {
  const oc_tool** list;
  std::uint64_t n = 0;
  void add(const oc_tool* t) { list[n++] = t; }
};

struct ToolReader {
  const oc::Call& call;
  Refusal& refuse;
  ToolTable& table;
  ToolList tools;

  bool tool(oc::Json value, const FieldPath& at) {
    if (!value.is_object()) return refuse(at, "A tool must be an object.", "invalid_type");
    const auto type = value["type"].str();
    if (type == "function" || type == "custom") return callable(value, at, {}, {});
    if (type == "namespace") return space(value, at);
    if (type.empty()) return refuse.missing(at.member("type"));
    auto* t = call.make_sized<oc_tool>();
    t->flags = OC_TOOLF_BUILTIN;
    t->ext_json = oc::str(value.raw());
    tools.add(t);
    return true;
  }

  // In a namespace `space` is its name and `about` its description as JSON.
  bool callable(oc::Json value, const FieldPath& at, std::string_view space, std::string_view about) {
    oc_str name{};
    if (!refuse.want_string(value["name"], at.member("name"), name)) return false;
    if (name.len == 0) return refuse(at.member("name"), "A tool needs a name.");
    auto* t = call.make_sized<oc_tool>();
    const bool custom = value["type"].str() == "custom";
    const bool strict = value["strict"].boolean();
    const bool has_schema = value["parameters"].is_object();
    t->name = space.empty() ? name : oc::str(flat_name(call, space, oc::view(name)));
    t->flags = (custom ? std::uint32_t(OC_TOOLF_CUSTOM) : 0u) | (strict ? std::uint32_t(OC_TOOLF_STRICT) : 0u);
    t->description = oc::str(value["description"].str());
    if (has_schema) t->schema_json = oc::str(value["parameters"].raw());
    const auto extra = dialect::members_except(
        call, value, {"type", "name", strict ? "strict" : "", "description", has_schema ? "parameters" : ""});
    t->ext_json = oc::str(space.empty() ? extra : placed(space, about, oc::view(name), extra));
    if (custom || !space.empty()) table.add(call, {nullptr, t->name, oc::str(space), name, custom});
    tools.add(t);
    return true;
  }

  std::string_view placed(std::string_view space, std::string_view about, std::string_view name,
                          std::string_view extra) {
    const auto head =
        call.concat({R"({"namespace":)", dialect::quoted(call, space), R"(,"name":)", dialect::quoted(call, name)});
    const auto words = about.empty() ? std::string_view() : call.concat({R"(,"namespace_description":)", about});
    return call.concat({head, words, extra.empty() ? "}" : ",", extra.empty() ? std::string_view() : extra.substr(1)});
  }

  bool space(oc::Json value, const FieldPath& at) {
    oc_str name{};
    if (!refuse.want_string(value["name"], at.member("name"), name)) return false;
    if (!value["tools"].is_array()) return refuse(at.member("tools"), "An array is expected.", "invalid_type");
    const FieldPath inside = at.member("tools");
    std::uint64_t i = 0;
    for (const oc::Json inner : value["tools"]) {
      const FieldPath place = inside.element(i++);
      if (!inner.is_object()) return refuse(place, "A tool must be an object.", "invalid_type");
      if (!callable(inner, place, oc::view(name), value["description"].raw())) return false;
    }
    return true;
  }
};

// What a choice names: {"type":"function","name":"f"}, perhaps with a namespace. "" when it is not ours to understand.
std::string_view chosen(const ToolTable& table, oc::Json choice) {
  const auto type = choice["type"].str();
  if (type != "function" && type != "custom") return {};
  const auto name = choice["name"].str(), space = choice["namespace"].str();
  if (space.empty()) return name;
  const ToolEntry* entry = table.in_space(space, name);
  return entry != nullptr ? oc::view(entry->flat) : name;
}

}  // namespace

void ToolTable::add(const oc::Call& keep, const ToolEntry& entry) {
  auto* e = keep.make<ToolEntry>();
  *e = entry;
  e->next = first;
  first = e;
}

const ToolEntry* ToolTable::by_flat_name(std::string_view flat) const {
  for (const ToolEntry* e = first; e != nullptr; e = e->next)
    if (oc::view(e->flat) == flat) return e;
  return nullptr;
}

const ToolEntry* ToolTable::in_space(std::string_view space, std::string_view name) const {
  for (const ToolEntry* e = first; e != nullptr; e = e->next)
    if (oc::view(e->name) == name && oc::view(e->space) == space) return e;
  return nullptr;
}

bool parse_tools(const oc::Call& call, Refusal& refuse, oc::Json list, oc_request& out, ToolTable& table) {
  if (list.absent_or_null()) return true;
  const FieldPath at{nullptr, "tools", -1};
  if (!list.is_array()) return refuse(at, "An array is expected.", "invalid_type");
  std::uint64_t n = list.size();
  for (const oc::Json value : list) n += value["tools"].size();
  if (n > kToolsMax) return refuse(at, "There are too many tools.", "array_above_max_length");
  ToolReader reader{call, refuse, table, {call.array<const oc_tool*>(n)}};
  std::uint64_t i = 0;
  for (const oc::Json value : list)
    if (!reader.tool(value, at.element(i++))) return false;
  out.tools = reader.tools.list;
  out.n_tools = reader.tools.n;
  return true;
}

bool parse_tool_choice(const oc::Call& call, Refusal& refuse, oc::Json choice, const ToolTable& table, oc_request& out,
                       bool& known) {
  known = true;
  if (choice.absent_or_null()) return true;
  const FieldPath at{nullptr, "tool_choice", -1};
  if (choice.is_string()) {
    const auto word = choice.str();
    out.tool_choice = word == "auto" ? OC_CHOICE_AUTO : word == "none" ? OC_CHOICE_NONE : OC_CHOICE_REQUIRED;
    return word == "auto" || word == "none" || word == "required" ||
           refuse(at, "Supported values are: 'none', 'auto', and 'required'.");
  }
  if (!choice.is_object()) return refuse(at, "A string or an object is expected.", "invalid_type");
  const bool several = choice["type"].str() == "allowed_tools";
  oc_str* names = call.array<oc_str>(several ? choice["tools"].size() + 1 : 1);
  std::uint64_t n = 0, asked = 1;
  if (several) {
    asked = choice["tools"].size();
    for (const oc::Json one : choice["tools"])
      if (const auto name = chosen(table, one); !name.empty()) names[n++] = oc::str(name);
  } else if (const auto name = chosen(table, choice); !name.empty()) {
    names[n++] = oc::str(name);
  }
  known = n == asked;  // a hosted tool among them: nobody else can keep to the choice
  out.tool_choice = several && choice["mode"].str() == "auto" ? OC_CHOICE_AUTO : OC_CHOICE_REQUIRED;
  if (n == 0) out.tool_choice = OC_CHOICE_UNSET;
  out.choice_names = names;
  out.n_choice_names = n;
  return true;
}

}  // namespace onechat::openai_responses
