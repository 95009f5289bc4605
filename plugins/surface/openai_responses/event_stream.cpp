#include "event_stream.hpp"

namespace onechat::openai_responses {

void EventStream::text(oc::Out& out, std::string_view type, const Place& place, std::string_view name,
                       std::string_view text, std::string_view logprobs) {
  at(out, type, place, [&](oc::Writer& w) {
    w.member(name, text);
    if (!logprobs.empty()) w.key("logprobs").raw(logprobs);
  });
}

void EventStream::part(oc::Out& out, std::string_view type, const Place& place, std::string_view part) {
  at(out, type, place, [&](oc::Writer& w) { w.key("part").raw(part); });
}

}  // namespace onechat::openai_responses
