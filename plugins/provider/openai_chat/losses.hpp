// What of a request has no place upstream: the host is told each thing once.
#pragma once
#include <onechat/onechat.hpp>

#include <string_view>

namespace onechat::openai_chat {

class Losses {
 public:
  explicit Losses(const oc::Call& call) : call_(call) {}

  // `what` must live as long as the call.
  void note(std::string_view what) {
    for (const Noted* n = noted_; n != nullptr; n = n->next)
      if (n->what == what) return;
    auto* n = call_.make<Noted>();
    *n = {noted_, what};
    noted_ = n;
    if (const oc_status s = call_.dropped(what); s < 0 && status_ == OC_OK) status_ = s;
  }
  // OC_OK, or how a strict request was refused.
  oc_status status() const { return status_; }

 private:
  struct Noted {
    const Noted* next;
    std::string_view what;
  };
  const oc::Call& call_;
  const Noted* noted_ = nullptr;
  oc_status status_ = OC_OK;
};

}  // namespace onechat::openai_chat
