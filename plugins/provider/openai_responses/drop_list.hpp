// What a request asks for and the dialect has no place for, told to the host once per kind of thing.
#pragma once
#include <onechat/onechat.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace onechat::openai_responses {

class DropList {
 public:
  explicit DropList(const oc::Call& call) : call_(call) {}

  // `what` lies in the arena or is static.
  void note(std::string_view what) {
    if (std::find(told_.begin(), told_.end(), what) != told_.end()) return;
    told_.push_back(what);
    if (const auto s = call_.dropped(what); s < 0) status_ = s;
  }
  oc_status status() const { return status_; }  // negative: a strict request, which is refused

 private:
  const oc::Call& call_;
  std::vector<std::string_view> told_;
  oc_status status_ = OC_OK;
};

}  // namespace onechat::openai_responses
