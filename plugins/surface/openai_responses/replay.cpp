#include "kept.hpp"

namespace onechat::openai_responses {
namespace {

using Place = EventStream::Place;

// `value` with other members in place of its own: {name: JSON}. A member that it does not have is not added.
std::string_view with(const oc::Call& call, oc::Json value,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> other) {
  return call.json([&](oc::Writer w) {
    w.object();
    for (const oc::Json m : value) {
      std::string_view json = m.raw();
      for (const auto& [name, replacement] : other)
        if (name == m.key()) json = replacement;
      w.key(m.key()).raw(json);
    }
    w.close();
  });
}

struct Replay {
  const oc::Call& call;
  EventStream& events;
  oc::Out& out;

  void item(oc::Json value, std::uint32_t index) {
    const auto type = value["type"].str();
    const Place place{value["id"].str(), index, {}, 0};
    const auto fresh = with(call, value,
                            {{"status", R"("in_progress")"},
                             {"content", "[]"},
                             {"summary", "[]"},
                             {"arguments", R"("")"},
                             {"input", R"("")"}});
    const bool known =
        type == "message" || type == "reasoning" || type == "function_call" || type == "custom_tool_call";
    whole("response.output_item.added", index, known ? fresh : value.raw());
    if (type == "function_call") arguments(place, "response.function_call_arguments", "arguments", value);
    if (type == "custom_tool_call") arguments(place, "response.custom_tool_call_input", "input", value);
    if (type == "reasoning") summary(place, value["summary"]);
    if (type == "message" || type == "reasoning") content(place, value["content"]);
    whole("response.output_item.done", index, value.raw());
  }

  void whole(std::string_view type, std::uint32_t index, std::string_view json) {
    events.item(out, type, index, [&](oc::Writer& w) { w.raw(json); });
  }

  void arguments(const Place& place, std::string_view event, std::string_view name, oc::Json item) {
    events.text(out, call.concat({event, ".delta"}), place, "delta", item[name].str());
    events.text(out, call.concat({event, ".done"}), place, name, item[name].str());
  }

  void summary(Place place, oc::Json parts) {
    place.inner = "summary_index";
    for (const oc::Json part : parts) {
      events.part(out, "response.reasoning_summary_part.added", place, with(call, part, {{"text", R"("")"}}));
      events.text(out, "response.reasoning_summary_text.delta", place, "delta", part["text"].str());
      events.text(out, "response.reasoning_summary_text.done", place, "text", part["text"].str());
      events.part(out, "response.reasoning_summary_part.done", place, part.raw());
      ++place.index;
    }
  }

  void content(Place place, oc::Json parts) {
    place.inner = "content_index";
    for (const oc::Json part : parts) {
      const auto type = part["type"].str();
      const bool refusal = type == "refusal";
      const std::string_view name = refusal ? "refusal" : "text";
      const auto event = call.concat({"response.", type});
      const auto logprobs = type != "output_text"         ? std::string_view()
                            : part["logprobs"].is_array() ? part["logprobs"].raw()
                                                          : "[]";
      events.part(out, "response.content_part.added", place,
                  with(call, part, {{name, R"("")"}, {"annotations", "[]"}, {"logprobs", "[]"}}));
      events.text(out, call.concat({event, ".delta"}), place, "delta", part[name].str(), logprobs);
      std::int64_t n = 0;
      for (const oc::Json annotation : part["annotations"])
        events.at(out, "response.output_text.annotation.added", place,
                  [&](oc::Writer& w) { w.member("annotation_index", n++).key("annotation").raw(annotation.raw()); });
      events.text(out, call.concat({event, ".done"}), place, name, part[name].str(), logprobs);
      events.part(out, "response.content_part.done", place, part.raw());
      ++place.index;
    }
  }
};

}  // namespace

void replay(const oc::Call& call, oc::Json response, EventStream& events, oc::Out& out) {
  const auto fresh = with(call, response,
                          {{"status", R"("in_progress")"},
                           {"output", "[]"},
                           {"usage", "null"},
                           {"completed_at", "null"},
                           {"error", "null"},
                           {"incomplete_details", "null"}});
  for (const std::string_view type : {"response.created", "response.in_progress"})
    events.event(out, type, [&](oc::Writer& w) { w.key("response").raw(fresh); });
  Replay play{call, events, out};
  std::uint32_t index = 0;
  for (const oc::Json item : response["output"]) play.item(item, index++);
  const auto status = response["status"].str();
  const bool ends = status == "incomplete" || status == "failed";
  events.last_event(out, ends ? call.concat({"response.", status}) : "response.completed",
                    [&](oc::Writer& w) { w.key("response").raw(response.raw()); });
}

}  // namespace onechat::openai_responses
