#include "openai_errors/error_shape.hpp"

namespace onechat::openai_errors {
namespace {

constexpr StatusFacts kFacts[] = {
    {OC_E_INVALID, 400, "invalid_request_error", "", "The request is not valid.", false},
    {OC_E_PARSE, 400, "invalid_request_error", "", "The request could not be parsed.", false},
    {OC_E_UNSUPPORTED, 400, "invalid_request_error", "unsupported", "The model's provider cannot do this.", false},
    {OC_E_AUTH, 401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.", false},
    {OC_E_FUNDS, 402, "insufficient_quota", "insufficient_quota", "The project has not enough credit for this request.",
     true},
    {OC_E_NOT_FOUND, 404, "invalid_request_error", "model_not_found",
     "The model does not exist or you do not have access to it.", false},
    {OC_E_CONFLICT, 409, "invalid_request_error", "conflict", "The request conflicts with another one.", false},
    {OC_E_TOO_LARGE, 413, "invalid_request_error", "request_too_large", "The request is too large.", false},
    {OC_E_RATE, 429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached. Please retry later.", false},
    {OC_E_LIMIT, 429, "insufficient_quota", "insufficient_quota", "A spending limit is reached.", true},
    {OC_E_CANCELLED, 499, "server_error", "cancelled", "The request was cancelled.", false},
    {OC_E_UPSTREAM, 502, "server_error", "upstream_error", "The model's provider failed.", false},
    {OC_E_IO, 502, "server_error", "upstream_error", "The model's provider could not be reached.", false},
    {OC_E_UNAVAILABLE, 503, "server_error", "server_is_overloaded", "The server is overloaded. Please retry later.",
     false},
    {OC_E_NOMEM, 503, "server_error", "server_is_overloaded", "The server is overloaded. Please retry later.", false},
    {OC_E_TIMEOUT, 504, "server_error", "timeout", "The model's provider did not answer in time.", false},
    {OC_E_INTERNAL, 500, "server_error", "", "The server had an error while processing the request.", false},
};

// Strings as they are, numbers as their digits, anything else as nothing.
std::string_view word(oc::Json v) {
  if (v.is_string()) return v.str();
  return v.is_number() ? v.raw() : std::string_view();
}

std::string_view first_of(std::initializer_list<oc::Json> places) {
  for (const oc::Json v : places)
    if (const auto w = word(v); !w.empty()) return w;
  return {};
}

// FastAPI's way: [{"loc":["body","model"],"msg":"field required","type":"value_error"}]
std::string_view detail_words(oc::Json detail) {
  if (detail.is_string()) return detail.str();
  if (detail.is_array()) return first_of({detail.first()["msg"], detail.first()["message"]});
  return first_of({detail["message"], detail["msg"]});
}

// A vendor's error may be shown as it is when it is the very one that the event tells.
bool is_own_shape(oc::Json body, const oc_event& error) {
  const oc::Json inner = body["error"];
  return inner.is_object() && !body["type"] && inner["message"].is_string() &&
         inner["message"].str() == oc::view(error.text);
}

std::string_view type_for(const oc_event& error, const StatusFacts& facts) {
  if (error.http_status == 0 || error.http_status == facts.http_status) return facts.type;
  if (error.http_status == 429) return "rate_limit_error";
  return error.http_status >= 500 ? "server_error" : "invalid_request_error";
}

}  // namespace

VendorError read_error(const oc::Call& call, oc::Json body) {
  VendorError e;
  if (body.is_array()) body = body.first();  // Google wraps its errors in an array
  if (!body.is_object()) return e;
  const oc::Json error = body["error"];
  e.found = !error.absent_or_null() || bool(body["detail"]) || body["message"].is_string();
  e.message = first_of({error["message"], error["metadata"]["raw"], error, body["message"]});
  if (e.message.empty()) e.message = detail_words(body["detail"]);
  e.type = first_of({error["type"], error["status"], body["type"]});
  e.code = first_of({error["code"], body["code"]});
  e.param = first_of({error["param"], body["param"]});
  e.message = call.copy(e.message);
  e.type = call.copy(e.type);
  e.code = call.copy(e.code);
  e.param = call.copy(e.param);
  return e;
}

const StatusFacts& facts_of(oc_status status) noexcept {
  for (const StatusFacts& f : kFacts)
    if (f.status == status) return f;
  return kFacts[sizeof kFacts / sizeof kFacts[0] - 1];
}

bool is_quota_code(std::string_view code) noexcept {
  return code == "insufficient_quota" || code == "credit_balance_exhausted" || code == "billing_hard_limit_reached";
}

oc_status status_from_http(std::uint32_t http, std::string_view code) noexcept {
  if (http == 429) return is_quota_code(code) ? OC_E_LIMIT : OC_E_RATE;
  switch (http) {
    case 401:
    case 403: return OC_E_AUTH;
    case 402: return OC_E_FUNDS;
    case 404: return OC_E_NOT_FOUND;
    case 408:
    case 504: return OC_E_TIMEOUT;
    case 409: return OC_E_CONFLICT;
    case 413: return OC_E_TOO_LARGE;
    case 503:
    case 529: return OC_E_UNAVAILABLE;
    default: return http >= 400 && http < 500 ? OC_E_INVALID : OC_E_UPSTREAM;
  }
}

void write_error(const oc::Call& call, oc::Writer& out, const oc_event& error) {
  if (error.ext_json.len != 0 && is_own_shape(call.parse(oc::view(error.ext_json)), error)) {
    out.raw(oc::view(error.ext_json));
    return;
  }
  const StatusFacts& facts = facts_of(error.status);
  const auto words = oc::view(error.text);
  const auto code = error.code.len != 0 ? oc::view(error.code) : facts.code;
  out.object().key("error").object();
  out.member("message", words.empty() ? facts.message : words).member("type", type_for(error, facts));
  out.key("param");
  error.param.len != 0 ? out.str(oc::view(error.param)) : out.null();
  out.key("code");
  code.empty() ? out.null() : out.str(code);
  out.close().close();
}

}  // namespace onechat::openai_errors
