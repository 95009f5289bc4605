#include "part_name.hpp"

namespace onechat::openai_chat {
namespace {

std::string_view type_of(const oc::Call& call, oc_str ext_json) {
  const oc::Json v = call.parse(oc::view(ext_json));
  if (v["type"].is_string()) return v["type"].str();
  return v.first().key();  // {"googleSearch":{}}
}

std::string_view kind(const oc::Call& call, const oc_part& p) {
  switch (p.type) {
    case OC_PART_IMAGE: return "image";
    case OC_PART_AUDIO: return "audio";
    case OC_PART_FILE: return "file";
    default: return type_of(call, p.ext_json);
  }
}

}  // namespace

std::string_view part_name(const oc::Call& call, const oc_part& p) {
  return call.concat({"messages[].content[", kind(call, p), "]"});
}

std::string_view tool_label(const oc::Call& call, const oc_tool& t) {
  return call.concat({"tools[", type_of(call, t.ext_json), "]"});
}

}  // namespace onechat::openai_chat
