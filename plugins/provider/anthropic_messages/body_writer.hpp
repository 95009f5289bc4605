// A request of any dialect, written anew as a body of the Messages API.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "plan.hpp"
#include "settings.hpp"
#include "tool_names.hpp"

namespace onechat::anthropic_messages {

class BodyWriter {
 public:
  BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, const Plan& plan, Drops& drops,
             oc::Writer out);

  // OC_OK, or what call.fail() said.
  oc_status write();
  // The tool that stands for the form of the answer; "" when there is none.
  std::string_view format_tool() const { return format_tool_; }
  ToolNames& names() { return names_; }

 private:
  bool conversation();
  void limits();
  void thinking();
  void output_config();
  std::string_view format_schema() const;
  void tools();
  void tool(const oc_tool& t);
  bool chosen(const oc_tool& t) const;
  void tools_of_history();
  void tool_choice();
  void metadata();
  void service_tier();
  void left_out();
  void rest();
  std::string_view wire_name(std::string_view name);
  bool counts() const { return request_.op == OC_OP_COUNT_TOKENS; }

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  const Plan& plan_;
  Drops& drops_;
  oc::Writer out_;
  oc::Json ext_;  // of the own dialect
  ToolNames names_;
  std::string_view format_tool_;
  std::uint64_t tools_written_ = 0;
  bool only_history_tools_ = false;
  oc_status failed_ = OC_OK;
};

}  // namespace onechat::anthropic_messages
