// Turns become the dialect's messages.
//
// Turns of this dialect are written one message each, as they came. Those of another are regrouped as the API demands:
// assistant turns in a row are one message, results of tools are messages of their own directly after the calls they
// answer, and media in results go into the user message that follows.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "losses.hpp"
#include "settings.hpp"
#include "tool_links.hpp"

namespace onechat::openai_chat {

class MessageWriter {
 public:
  MessageWriter(const oc::Call& call, const Settings& settings, const oc_request& request, Losses& losses, oc::Writer out);
  void write();  // the elements of "messages"

 private:
  struct Ref {  // a part and where it stands
    const oc_part* part;
    std::uint64_t turn, index;
  };
  struct Parts {
    Ref* list;
    std::uint64_t n;
    void add(Ref r) { list[n++] = r; }
    const Ref* begin() const { return list; }
    const Ref* end() const { return list + n; }
  };

  void own_turn(std::uint64_t t);
  std::uint64_t assistant_turns(std::uint64_t first);  // returns the turn after them
  void answers(const Parts& calls, std::uint64_t from);
  void other_turn(std::uint64_t t);
  void flush_hoisted();

  void tool_message(const Ref& result, const oc_turn& turn);
  void result_text(const oc_part& result);
  void message(std::string_view role, const oc_turn* turn, const Parts& parts);
  void reasoning(const Parts& parts);
  void text_signature(const Parts& parts);
  void tool_calls(const Parts& parts);
  void tool_call(const Ref& call);
  bool worth_a_message(const Parts& parts) const;
  std::string_view role_name(std::uint32_t role) const;
  bool is_unknown_call(const oc_part& p) const;
  bool belongs(const oc_part& p) const;

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  Losses& losses_;
  oc::Writer out_;
  const bool own_;
  ToolLinks links_;
  Parts hoisted_;
};

}  // namespace onechat::openai_chat
