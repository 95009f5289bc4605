// Which result answers which call: ids as they go upstream, for parts that have one and for those that came without.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "settings.hpp"

namespace onechat::openai_chat {

class ToolLinks {
 public:
  // Ids that the vendor would refuse are respelled; a part without an id gets one, and results without an id take those of
  // the calls without, by name and order. `verbatim`: ids that are there stay as they are.
  ToolLinks(const oc::Call& call, const oc_request& request, ToolIds form, bool verbatim);

  // Of a call or result: part `i` of turn `t`.
  std::string_view id(std::uint64_t t, std::uint64_t i) const { return ids_[first_[t] + i]; }
  bool is_written(std::uint64_t t, std::uint64_t i) const { return written_[first_[t] + i]; }
  void set_written(std::uint64_t t, std::uint64_t i) { written_[first_[t] + i] = true; }

 private:
  struct Waiting {  // a call without an id that has no result yet
    Waiting* next;
    std::string_view name, id;
    bool answered;
  };
  std::string_view respelled(std::string_view id) const;
  std::string_view made_for_call(const oc_part& p);
  std::string_view taken_by_result(const oc_part& p);

  const oc::Call& call_;
  const ToolIds form_;
  const bool verbatim_;
  std::uint64_t* first_;  // of each turn, position in the lists below
  std::string_view* ids_;
  bool* written_;
  Waiting *waiting_ = nullptr, *last_ = nullptr;
  std::uint64_t made_ = 0;
};

}  // namespace onechat::openai_chat
