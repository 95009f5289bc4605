// Tools and the choice among them.
#pragma once
#include <onechat/onechat.hpp>

#include "common/field_path.hpp"

namespace onechat::openai_chat {

class ToolParser {
 public:
  ToolParser(const oc::Call& call, oc_request& out) : call_(call), out_(out) {}

  // "tools" and "tool_choice", or where there are none, "functions" and "function_call". False after call.fail().
  bool tools(oc::Json tools, oc::Json functions);
  void choice(oc::Json tool_choice, oc::Json function_call);
  oc_status failed() const { return failed_; }

 private:
  const oc_tool* tool(oc::Json value, const dialect::FieldPath& at);
  const oc_tool* function(oc::Json value, const dialect::FieldPath& at);
  const oc_tool* custom(oc::Json value, const dialect::FieldPath& at);
  void allow_names(oc::Json list);
  bool refuse(const dialect::FieldPath& at, std::string_view message, std::string_view code);

  const oc::Call& call_;
  oc_request& out_;
  oc_status failed_ = OC_E_INVALID;
};

}  // namespace onechat::openai_chat
