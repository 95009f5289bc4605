// The response object around an answer's items: who it is, how far it got, and what of the request it repeats.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::openai_responses {

// Members that the response repeats, as JSON on one line; each has a value, the dialect's default where the request had
// none.
struct Echo {
  static constexpr std::size_t kMembers = 19;
  oc_str values[kMembers];
};
Echo echo_of(const oc::Call& call, oc::Json request_body);

struct ResponseHead {
  std::string_view id, model, status;           // in_progress, completed, incomplete, failed
  std::int64_t created_s = 0, completed_s = 0;  // completed 0: null
  std::string_view incomplete_reason;           // "": null
  std::string_view error_code, error_message;   // code "": null
};

// Opens the object and writes everything that stands before "output"; the caller writes output's array.
void open_response(oc::Writer& w, const ResponseHead& head);
// The rest, and closes. `usage` may be nullptr: null.
void close_response(oc::Writer& w, const Echo& echo, const oc_usage* usage);

}  // namespace onechat::openai_responses
