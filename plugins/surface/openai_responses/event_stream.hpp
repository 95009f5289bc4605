// The events of a response's stream: names, places and numbers without a gap.
//
// Who writes an answer as it comes and who replays a kept one use the same functions. Plain; zeroed memory is a stream
// at its beginning.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::openai_responses {

class EventStream {
 public:
  // Events numbered below `from` are counted but not written.
  void start_from(std::uint64_t from) { from_ = from; }
  std::uint64_t next_number() const { return next_; }

  // `members(oc::Writer&)` writes what the event has beside its type and number.
  template <class F>
  void event(oc::Out& out, std::string_view type, F&& members) {
    const std::uint64_t number = next_++;
    if (number < from_) return;
    oc::Writer w = out.event(type);
    w.object().member("type", type);
    members(w);
    w.member("sequence_number", static_cast<std::int64_t>(number)).close();
    out.event_end();
  }
  // The last one: nobody is left without it, wherever he asked to go on.
  template <class F>
  void last_event(oc::Out& out, std::string_view type, F&& members) {
    if (next_ < from_) next_ = from_;
    event(out, type, members);
  }

  // output_item.added / .done
  template <class F>
  void item(oc::Out& out, std::string_view type, std::uint32_t output_index, F&& write_item) {
    event(out, type, [&](oc::Writer& w) {
      w.member("output_index", output_index).key("item");
      write_item(w);
    });
  }

  // Events of a place inside an item. `inner` is "content_index", "summary_index" or "" (the item as a whole).
  struct Place {
    std::string_view item_id;
    std::uint32_t output_index;
    std::string_view inner;
    std::uint32_t index;
  };
  template <class F>
  void at(oc::Out& out, std::string_view type, const Place& place, F&& members) {
    event(out, type, [&](oc::Writer& w) {
      w.member("item_id", place.item_id).member("output_index", place.output_index);
      if (!place.inner.empty()) w.member(place.inner, place.index);
      members(w);
    });
  }
  // A delta or a done: `name` is "delta", "text", "arguments", ... Texts of messages carry `logprobs` (JSON), others
  // "".
  void text(oc::Out& out, std::string_view type, const Place& place, std::string_view name, std::string_view text,
            std::string_view logprobs = {});
  // content_part.* and reasoning_summary_part.*: `part` is JSON.
  void part(oc::Out& out, std::string_view type, const Place& place, std::string_view part);

 private:
  std::uint64_t next_, from_;
};

}  // namespace onechat::openai_responses
