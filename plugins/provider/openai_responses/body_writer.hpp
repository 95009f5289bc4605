// A request of any dialect, written anew as the body of a Responses request.
//
// The upstream keeps nothing (store: false): what a conversation needs of earlier answers is in the turns. Reasoning is
// asked for in the form that can be sent back.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "drop_list.hpp"
#include "settings.hpp"

namespace onechat::openai_responses {

class BodyWriter {
 public:
  BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer out);

  // Negative: a strict request asks for something that has no place here.
  oc_status write();

 private:
  void sampling();
  void answering();
  void tools();
  void tool(const oc_tool& t);
  std::uint64_t space(std::uint64_t from, std::string_view name);  // first tool behind it
  void tool_choice();
  void chosen(std::string_view name);
  void text();
  void format();
  void reasoning();
  void include();
  void others();
  bool has(std::uint64_t bit) const { return (request_.set_mask & bit) != 0; }
  oc::Json ext_of(const oc_tool& t) const;

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  oc::Writer out_;
  DropList drops_;
  bool same_dialect_, counts_;
  oc::Json ext_;  // of the request, when it is this dialect's
};

// The word for a budget of tokens; "" when the model decides. Never above "high": few models know more.
std::string_view effort_for(std::int64_t budget_tokens);

}  // namespace onechat::openai_responses
