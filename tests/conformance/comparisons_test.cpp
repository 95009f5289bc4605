// The comparisons themselves: an answer or a request with one thing changed is not the same.
#include <gtest/gtest.h>

#include <functional>

#include "asking.hpp"
#include "compare.hpp"

namespace onechat::conformance {
namespace {

using test::Event;

Event event(std::uint32_t type, std::uint32_t index, std::string text = "") {
  Event e;
  e.type = type, e.index = index, e.text = std::move(text);
  return e;
}

// Reasoning, a text, two calls, usage, and the stop for the calls.
std::vector<Event> answer() {
  std::vector<Event> all = {event(OC_EV_START, 0),       event(OC_EV_REASONING, 0, "why"), event(OC_EV_PART_END, 0),
                            event(OC_EV_TEXT, 1, "so "), event(OC_EV_TEXT, 1, "it is"),    event(OC_EV_PART_END, 1)};
  for (const std::uint32_t i : {2u, 3u}) {
    Event begin = event(OC_EV_TOOL_BEGIN, i);
    begin.tool_id = "call_" + std::to_string(i), begin.tool_name = "f" + std::to_string(i);
    all.insert(all.end(), {begin, event(OC_EV_TOOL_ARGS, i, "{\"a\":"),
                           event(OC_EV_TOOL_ARGS, i, std::to_string(i) + "}"), event(OC_EV_PART_END, i)});
  }
  Event usage = event(OC_EV_USAGE, 0);
  usage.usage = oc::sized<oc_usage>();
  usage.usage.input = 10, usage.usage.cache_read = 5, usage.usage.output = 7, usage.usage.reasoning = 3;
  usage.usage.flags = OC_USAGE_FINAL | OC_USAGE_CUMULATIVE;
  Event finish = event(OC_EV_FINISH, 0);
  finish.finish = OC_FIN_TOOL;
  all.insert(all.end(), {usage, finish});
  return all;
}

Problems compared(const std::vector<Event>& events, const Dialect& surface) {
  Asked asked;
  asked.streamed = true;
  Client client(surface, plain_request(surface.name, true), asked);
  EXPECT_TRUE(client.parsed()) << client.refusal();
  client.answer(events);
  return compare_meaning(read_events(answer()), read_stream(surface.name, client.out.body), surface.name);
}

TEST(Comparisons, NoticeAChangedAnswer) {
  const auto change = [](std::uint32_t type, const std::function<void(Event&)>& how) {
    auto events = answer();
    for (Event& e : events)
      if (e.type == type) {
        how(e);
        break;
      }
    return events;
  };
  const std::pair<const char*, std::vector<Event>> changed[] = {
      {"text", change(OC_EV_TEXT, [](Event& e) { e.text = "no "; })},
      {"reasoning", change(OC_EV_REASONING, [](Event& e) { e.text = "because"; })},
      {"name", change(OC_EV_TOOL_BEGIN, [](Event& e) { e.tool_name = "g"; })},
      {"arguments", change(OC_EV_TOOL_ARGS, [](Event& e) { e.text = "{\"b\":"; })},
      {"input", change(OC_EV_USAGE, [](Event& e) { e.usage.input += 1; })},
      {"cached", change(OC_EV_USAGE,
                        [](Event& e) {
                          e.usage.cache_read += 1;
                          e.usage.input -= 1;
                        })},
      {"output", change(OC_EV_USAGE, [](Event& e) { e.usage.output += 1; })},
      {"thoughts", change(OC_EV_USAGE,
                          [](Event& e) {
                            e.usage.reasoning += 1;
                            e.usage.output -= 1;
                          })},
      {"finish", change(OC_EV_FINISH, [](Event& e) { e.finish = OC_FIN_LENGTH; })}};
  for (const Dialect& surface : dialects()) {
    EXPECT_TRUE(compared(answer(), surface).empty()) << surface.name << joined(compared(answer(), surface));
    for (const auto& [what, events] : changed)
      EXPECT_FALSE(compared(events, surface).empty()) << surface.name << ": " << what;
  }
}

TEST(Comparisons, NoticeAChangedRequest) {
  const Document d(R"({"model":"m","max_tokens":99,"temperature":0.5,"top_p":0.5,"stop":["x"],"tool_choice":"required",
    "response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{"type":"object"}}},
    "tools":[{"type":"function","function":{"name":"f"}}],
    "messages":[{"role":"system","content":"be"},{"role":"user","content":[{"type":"text","text":"q"},{"type":"image_url","image_url":{"url":"u"}},
      {"type":"file","file":{"file_id":"i"}}]},{"role":"assistant","content":"a","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"c","content":"r"}]})");
  const Asking asked = read_request("openai_chat", d.root);
  EXPECT_TRUE(compare_asking(asked, asked, "openai_chat", {}).empty());
  const std::pair<const char*, std::function<void(Asking&)>> changes[] = {
      {"system", [](Asking& a) { a.system.clear(); }},
      {"user", [](Asking& a) { a.user = "p"; }},
      {"assistant", [](Asking& a) { a.assistant = "b"; }},
      {"call", [](Asking& a) { a.calls.clear(); }},
      {"name", [](Asking& a) { a.calls[0].name = "g"; }},
      {"arguments", [](Asking& a) { a.calls[0].args = "{\"x\":1}"; }},
      {"result", [](Asking& a) { a.results[0].text = "s"; }},
      {"tools", [](Asking& a) { a.tools = {"g"}; }},
      {"image", [](Asking& a) { a.images = 0; }},
      {"file", [](Asking& a) { a.files = 0; }},
      {"max", [](Asking& a) { a.max_tokens = "98"; }},
      {"temperature", [](Asking& a) { a.temperature.clear(); }},
      {"top_p", [](Asking& a) { a.top_p.clear(); }},
      {"stop", [](Asking& a) { a.stops.clear(); }},
      {"choice", [](Asking& a) { a.choice = "auto"; }},
      {"schema", [](Asking& a) { a.schema.clear(); }}};
  for (const auto& [what, change] : changes) {
    Asking other = asked;
    change(other);
    EXPECT_FALSE(compare_asking(asked, other, "openai_chat", {}).empty()) << what;
  }
}

TEST(Comparisons, NoticeResultsOutOfPlace) {
  const std::pair<std::string_view, const char*> wrong[] = {
      {"openai_chat",
       R"({"messages":[{"role":"assistant","tool_calls":[{"id":"a"},{"id":"b"}]},{"role":"tool","tool_call_id":"a"},{"role":"user","content":"x"}]})"},
      {"openai_chat", R"({"messages":[{"role":"user","content":"x"},{"role":"tool","tool_call_id":"a"}]})"},
      {"openai_responses",
       R"({"input":[{"type":"function_call_output","call_id":"a"},{"type":"function_call","call_id":"a"}]})"},
      {"anthropic_messages",
       R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a"}]},{"role":"user","content":[{"type":"text","text":"x"},{"type":"tool_result","tool_use_id":"a"}]}]})"},
      {"anthropic_messages",
       R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a"},{"type":"tool_use","id":"b"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}]})"},
      {"anthropic_messages",
       R"({"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a:0"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a:0"}]}]})"},
      {"gemini",
       R"({"contents":[{"parts":[{"functionCall":{"name":"f"}},{"functionCall":{"name":"g"}}]},{"parts":[{"functionResponse":{"name":"f"}}]}]})"}};
  for (const auto& [dialect, request] : wrong) {
    const Document d(request);
    EXPECT_FALSE(check_pairing(dialect, d.root).empty()) << request;
  }
}

}  // namespace
}  // namespace onechat::conformance
