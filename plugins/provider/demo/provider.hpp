// The provider "demo": an active provider that plays a script on the host's timers.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "script.hpp"

namespace onechat::demo {

class Provider {
 public:
  // One answer being played. Exactly one of these holds while it lives: a timer is armed, or it is paused.
  struct State {
    const oc_host* host;
    oc_call* call;
    oc_op* done;
    Script script;
    std::uint64_t at;          // bytes of the text that are out
    std::uint64_t sent;        // pieces of the current choice
    std::uint64_t wait_ms;     // before the first event
    std::uint64_t played_ms, pieces_per_second;
    std::uint32_t choice, n_choices;
    bool whole;                // nobody watches: the text in one piece
    bool begun, part_open, timer_armed, cancelled, ended;
  };

  Provider(const oc_host* host, oc::Json config);

  oc_status start(oc::Call&, State&, const oc_request&, oc_op* done);
  void cancel(oc_call*, State&);
  void resume(oc_call*, State&);
  oc_status estimate(const oc_request&, oc_usage& out);

 private:
  const oc_host* host_;
  std::uint64_t tokens_per_second_, first_token_ms_;
};

}  // namespace onechat::demo
