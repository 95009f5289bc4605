// A request of any dialect, written anew as a Chat Completions body.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

#include "settings.hpp"

namespace onechat::openai_chat {

class BodyWriter {
 public:
  BodyWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer out);

  void write();
  // What the dialect has no word for was left out; the first such thing, or "".
  std::string_view left_out() const { return left_out_; }

 private:
  void scalars();
  void turn(const oc_turn& t);
  void tool_message(const oc_turn& t, const oc_part& result);
  void message(const oc_turn& t);
  void content(const oc_turn& t);
  void part(const oc_part& p);
  void media_extras(const oc_part& p, std::string_view inner);
  void tool_calls(const oc_turn& t);
  void tools();
  void tool_choice();
  void response_format();
  bool carries(const oc_turn& t, const oc_part& p);

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  oc::Writer out_;
  bool same_dialect_;
  std::string_view left_out_;
};

}  // namespace onechat::openai_chat
