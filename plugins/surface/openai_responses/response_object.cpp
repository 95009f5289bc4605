#include "response_object.hpp"

#include "common/members.hpp"
#include "openai_responses/usage.hpp"

namespace onechat::openai_responses {
namespace {

struct Member {
  std::string_view name, otherwise;
};
constexpr Member kMembers[] = {
    {"instructions", "null"},
    {"max_output_tokens", "null"},
    {"max_tool_calls", "null"},
    {"metadata", "{}"},
    {"parallel_tool_calls", "true"},
    {"previous_response_id", "null"},
    {"prompt_cache_key", "null"},
    {"reasoning", R"({"effort":null,"summary":null})"},
    {"safety_identifier", "null"},
    {"service_tier", R"("default")"},
    {"store", "true"},
    {"temperature", "1.0"},
    {"text", R"({"format":{"type":"text"},"verbosity":"medium"})"},
    {"tool_choice", R"("auto")"},
    {"tools", "[]"},
    {"top_logprobs", "0"},
    {"top_p", "1.0"},
    {"truncation", R"("disabled")"},
    {"user", "null"},
};
static_assert(sizeof kMembers / sizeof kMembers[0] == Echo::kMembers);

}  // namespace

Echo echo_of(const oc::Call& call, oc::Json request_body) {
  Echo echo;
  for (std::size_t i = 0; i < Echo::kMembers; ++i) {
    const oc::Json given = request_body[kMembers[i].name];
    echo.values[i] = oc::str(given.absent_or_null() ? kMembers[i].otherwise : dialect::one_line(call, given.raw()));
  }
  return echo;
}

void open_response(oc::Writer& w, const ResponseHead& head) {
  w.object().member("id", head.id).member("object", "response").member("created_at", head.created_s);
  w.member("status", head.status).key("background").boolean(false);
  w.key("completed_at");
  head.completed_s != 0 ? w.integer(head.completed_s) : w.null();
  w.key("error");
  if (head.error_code.empty())
    w.null();
  else
    w.object().member("code", head.error_code).member("message", head.error_message).close();
  w.key("incomplete_details");
  if (head.incomplete_reason.empty())
    w.null();
  else
    w.object().member("reason", head.incomplete_reason).close();
  w.member("model", head.model).key("output");
}

void close_response(oc::Writer& w, const Echo& echo, const oc_usage* usage) {
  for (std::size_t i = 0; i < Echo::kMembers; ++i) w.key(kMembers[i].name).raw(oc::view(echo.values[i]));
  w.key("usage");
  if (usage != nullptr)
    write_usage(w, *usage);
  else
    w.null();
  w.close();
}

}  // namespace onechat::openai_responses
