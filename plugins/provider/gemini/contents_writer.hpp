// Turns of any dialect become `contents` and `systemInstruction`.
//
// Google wants two roles in turn, all results of one step in one content and in the order of the calls, and gets back
// the signatures that it made and no others.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

#include "settings.hpp"

namespace onechat::gemini {

class ContentsWriter {
 public:
  ContentsWriter(const oc::Call& call, const Settings& settings, const oc_request& request, oc::Writer& out);

  // Writes "systemInstruction" and "contents". < 0: call.fail() or a strict refusal has told why.
  oc_status write();

 private:
  // A part on its way out: text that is not to be sent again, or a signature that moved here from reasoning before it.
  struct Item {
    const oc_part* part;
    std::string_view signature;
  };
  using Items = std::vector<Item>;

  void system(std::uint64_t turns);
  oc_status model_run(std::uint64_t from, std::uint64_t to);
  oc_status user_run(std::uint64_t from, std::uint64_t to);
  oc_status as_it_was(const oc_turn& turn);
  Items model_items(std::uint64_t from, std::uint64_t to);
  oc_status content(std::string_view role, const Items& items, std::string_view ext = {});
  oc_status part(const Item& item);
  void text(const oc_part& p, std::string_view signature);
  void tool_call(const oc_part& p, std::string_view signature);
  oc_status tool_result(const oc_part& p);
  oc_status media(const oc_part& p, std::string_view signature);
  oc_status check_media(const oc_part& p);
  std::string_view own_signature(const oc_part& p) const;
  std::string_view name_of(const oc_part& result) const;
  void extras(const oc_part& p, std::string_view inner);
  oc_status tell_losses();

  const oc::Call& call_;
  const Settings& settings_;
  const oc_request& request_;
  oc::Writer& out_;
  std::string_view model_;
  bool same_dialect_, third_generation_;
  std::vector<const oc_part*> calls_;  // of the step that is being answered
};

}  // namespace onechat::gemini
