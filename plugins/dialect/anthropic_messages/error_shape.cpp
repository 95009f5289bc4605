#include "anthropic_messages/error_shape.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::uint32_t kOverloaded = 529;
constexpr std::string_view kSpendLimit = "enforced_spend_limit_reached";

struct StatusFacts {
  oc_status status;
  std::uint32_t http_status;
  std::string_view message;  // where the host gave none
};
constexpr StatusFacts kFacts[] = {
    {OC_E_INVALID, 400, "The request is not valid."},
    {OC_E_PARSE, 400, "The request could not be parsed."},
    {OC_E_UNSUPPORTED, 400, "The model's provider cannot do this."},
    {OC_E_AUTH, 401, "invalid x-api-key"},
    {OC_E_FUNDS, 402, "The balance is too low for this request."},
    {OC_E_NOT_FOUND, 404, "Not found"},
    {OC_E_CONFLICT, 409, "The request conflicts with another one."},
    {OC_E_TOO_LARGE, 413, "Request exceeds the maximum size"},
    {OC_E_RATE, 429, "This request would exceed your rate limit. Please retry later."},
    {OC_E_LIMIT, 429, "A spending limit is reached."},
    {OC_E_CANCELLED, 499, "The request was cancelled."},
    {OC_E_UPSTREAM, 502, "The model's provider failed."},
    {OC_E_IO, 502, "The model's provider could not be reached."},
    {OC_E_UNAVAILABLE, kOverloaded, "Overloaded"},
    {OC_E_NOMEM, kOverloaded, "Overloaded"},
    {OC_E_TIMEOUT, 504, "The model's provider did not answer in time."},
    {OC_E_INTERNAL, 500, "Internal server error"},
};

const StatusFacts& facts_of(oc_status status) noexcept {
  for (const StatusFacts& f : kFacts)
    if (f.status == status) return f;
  return kFacts[sizeof kFacts / sizeof kFacts[0] - 1];
}

struct TypeWord {
  std::string_view type;
  oc_status status;
};
constexpr TypeWord kTypes[] = {
    {"invalid_request_error", OC_E_INVALID},  {"authentication_error", OC_E_AUTH}, {"billing_error", OC_E_FUNDS},
    {"permission_error", OC_E_AUTH},          {"not_found_error", OC_E_NOT_FOUND}, {"conflict_error", OC_E_CONFLICT},
    {"request_too_large", OC_E_TOO_LARGE},    {"rate_limit_error", OC_E_RATE},     {"timeout_error", OC_E_TIMEOUT},
    {"overloaded_error", OC_E_UNAVAILABLE},   {"api_error", OC_E_UPSTREAM},
};

oc_status status_of_http(std::uint32_t http) noexcept {
  switch (http) {
    case 401:
    case 403: return OC_E_AUTH;
    case 402: return OC_E_FUNDS;
    case 404: return OC_E_NOT_FOUND;
    case 408:
    case 504: return OC_E_TIMEOUT;
    case 409: return OC_E_CONFLICT;
    case 413: return OC_E_TOO_LARGE;
    case 429: return OC_E_RATE;
    case 503:
    case kOverloaded: return OC_E_UNAVAILABLE;
    default: return http >= 400 && http < 500 ? OC_E_INVALID : OC_E_UPSTREAM;
  }
}

std::string_view type_of_http(std::uint32_t http) noexcept {
  switch (http) {
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 408:
    case 504: return "timeout_error";
    case 409: return "conflict_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503:
    case kOverloaded: return "overloaded_error";
    default: return http >= 400 && http < 500 ? "invalid_request_error" : "api_error";
  }
}

// An upstream's error may be shown as it is when it is the very one that the event tells.
bool is_own_shape(oc::Json body, const oc_event& event) {
  const oc::Json error = body["error"];
  return body["type"].str() == "error" && error["type"].is_string() && error["message"].is_string() &&
         error["message"].str() == oc::view(event.text);
}

}  // namespace

VendorError read_error(oc::Json body) {
  if (body.is_array()) body = body.first();
  const oc::Json error = body["error"];
  VendorError e;
  e.type = error["type"].str();
  e.code = error["details"]["error_code"].str();
  for (const oc::Json place : {error["message"], error, body["message"], body["detail"]}) {
    if (!e.message.empty()) break;
    e.message = place.str();
  }
  return e;
}

oc_status status_of(std::uint32_t http, const VendorError& error) noexcept {
  oc_status status = http != 0 ? status_of_http(http) : OC_E_UPSTREAM;
  if (http == 0)
    for (const TypeWord& w : kTypes)
      if (w.type == error.type) status = w.status;
  if (status == OC_E_RATE && error.code.find("spend_limit") != std::string_view::npos) return OC_E_LIMIT;
  // Anthropic tells an empty account as a bad request.
  if (status == OC_E_INVALID && error.message.find("credit balance is too low") != std::string_view::npos) return OC_E_FUNDS;
  return status;
}

std::uint32_t http_status_of(const oc_event& event) noexcept {
  const StatusFacts& facts = facts_of(event.status);
  // The dialect's own number for an overload, which its clients know by name.
  if (event.http_status == 0 || (event.http_status == 503 && facts.http_status == kOverloaded)) return facts.http_status;
  return event.http_status;
}

std::string_view error_type_of(const oc_event& event) noexcept { return type_of_http(http_status_of(event)); }

bool retry_is_futile(const oc_event& event) noexcept {
  return event.status == OC_E_FUNDS || event.status == OC_E_LIMIT || http_status_of(event) == 402;
}

void write_error(const oc::Call& call, oc::Writer& out, const oc_event& event) {
  if (event.ext_json.len != 0 && is_own_shape(call.parse(oc::view(event.ext_json)), event)) {
    out.raw(oc::view(event.ext_json));
    return;
  }
  const auto words = oc::view(event.text);
  out.object().member("type", "error").key("error").object();
  out.member("type", error_type_of(event)).member("message", words.empty() ? facts_of(event.status).message : words);
  if (event.status == OC_E_LIMIT) out.key("details").object().member("error_code", kSpendLimit).close();
  out.close().member("request_id", call.request_id()).close();
}

}  // namespace onechat::anthropic_messages
