#include "gemini/error_shape.hpp"

#include <charconv>

#include "gemini/names.hpp"
#include "common/members.hpp"

namespace onechat::gemini {
namespace {

constexpr StatusFacts kFacts[] = {
    {OC_E_INVALID, 400, "INVALID_ARGUMENT", "Request contains an invalid argument.", false},
    {OC_E_PARSE, 400, "INVALID_ARGUMENT", "Invalid JSON payload received.", false},
    {OC_E_UNSUPPORTED, 400, "INVALID_ARGUMENT", "The model's provider cannot do this.", false},
    {OC_E_AUTH, 403, "PERMISSION_DENIED", "The caller does not have permission.", false},
    {OC_E_FUNDS, 402, "FAILED_PRECONDITION", "The project has not enough credit for this request.", true},
    {OC_E_NOT_FOUND, 404, "NOT_FOUND", "The requested entity was not found.", false},
    {OC_E_CONFLICT, 409, "ABORTED", "The request conflicts with another one.", false},
    {OC_E_TOO_LARGE, 413, "INVALID_ARGUMENT", "The request is too large.", false},
    {OC_E_RATE, 429, "RESOURCE_EXHAUSTED", "Rate limit reached. Please retry later.", false},
    {OC_E_LIMIT, 429, "RESOURCE_EXHAUSTED", "A spending limit is reached.", true},
    {OC_E_CANCELLED, 499, "CANCELLED", "The request was cancelled.", false},
    {OC_E_UPSTREAM, 502, "UNAVAILABLE", "The model's provider failed.", false},
    {OC_E_IO, 502, "UNAVAILABLE", "The model's provider could not be reached.", false},
    {OC_E_UNAVAILABLE, 503, "UNAVAILABLE", "The service is currently unavailable. Please retry later.", false},
    {OC_E_NOMEM, 503, "UNAVAILABLE", "The service is currently unavailable. Please retry later.", false},
    {OC_E_TIMEOUT, 504, "DEADLINE_EXCEEDED", "The model's provider did not answer in time.", false},
    {OC_E_INTERNAL, 500, "INTERNAL", "An internal error has occurred.", false},
};

struct Word {
  std::uint32_t http;
  std::string_view word;
};
constexpr Word kWords[] = {{400, "INVALID_ARGUMENT"},
                           {401, "UNAUTHENTICATED"},
                           {402, "FAILED_PRECONDITION"},
                           {403, "PERMISSION_DENIED"},
                           {404, "NOT_FOUND"},
                           {405, "UNIMPLEMENTED"},
                           {408, "DEADLINE_EXCEEDED"},
                           {409, "ABORTED"},
                           {412, "FAILED_PRECONDITION"},
                           {416, "OUT_OF_RANGE"},
                           {429, "RESOURCE_EXHAUSTED"},
                           {499, "CANCELLED"},
                           {500, "INTERNAL"},
                           {501, "UNIMPLEMENTED"},
                           {502, "UNAVAILABLE"},
                           {503, "UNAVAILABLE"},
                           {504, "DEADLINE_EXCEEDED"}};

std::string_view word_of(std::uint32_t http, const StatusFacts& facts) {
  if (http == facts.http_status) return facts.word;
  for (const Word& w : kWords)
    if (w.http == http) return w.word;
  return http >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
}

bool is_type(oc::Json detail, std::string_view name) {
  const auto type = detail["@type"].str();
  return type.size() > name.size() && type.substr(type.size() - name.size()) == name &&
         type[type.size() - name.size() - 1] == '.';
}

std::uint64_t duration_ms(std::string_view text) {  // "34.4s"
  double seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code != std::errc() || end == text.data() + text.size() || *end != 's' || !(seconds > 0) || seconds > 86400)
    return 0;
  return static_cast<std::uint64_t>(seconds * 1000 + 0.5);
}

void read_detail(oc::Json detail, GoogleError& e) {
  if (is_type(detail, "RetryInfo")) e.retry_after_ms = duration_ms(member(detail, "retryDelay").str());
  if (is_type(detail, "ErrorInfo")) e.reason = detail["reason"].str();
  if (is_type(detail, "BadRequest") && e.param.empty())
    e.param = member(detail, "fieldViolations").first()["field"].str();
  if (is_type(detail, "QuotaFailure") && detail["violations"].is_array())
    for (const oc::Json v : detail["violations"])
      e.daily_quota = e.daily_quota || member(v, "quotaId").str().find("PerDay") != std::string_view::npos;
}

bool too_many_tokens(std::string_view message) {
  return message.find("token count") != std::string_view::npos &&
         message.find("exceeds the maximum") != std::string_view::npos;
}

bool unknown_key(const oc_event& e) { return e.status == OC_E_AUTH && oc::view(e.code) == "invalid_api_key"; }

// "rate_limit_exceeded" -> RATE_LIMIT_EXCEEDED
std::string_view reason_word(const oc::Call& call, std::string_view code) {
  const auto copy = call.copy(code);
  char* const text = const_cast<char*>(copy.data());  // in the arena
  for (std::size_t i = 0; i < copy.size(); ++i)
    text[i] = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 'a' + 'A')
              : text[i] == '-'                 ? '_'
                                               : text[i];
  return copy;
}

std::string_view duration(const oc::Call& call, std::uint64_t ms) {
  char text[32];
  char* end = std::to_chars(text, text + sizeof text, ms / 1000).ptr;
  if (ms % 1000 != 0) {
    *end++ = '.';
    for (std::uint64_t unit = 100, rest = ms % 1000; unit != 0; rest %= unit, unit /= 10)
      *end++ = static_cast<char>('0' + rest / unit);
  }
  *end++ = 's';
  return call.copy({text, static_cast<std::size_t>(end - text)});
}

oc::Writer& open_detail(oc::Writer& out, std::string_view name, const oc::Call& call) {
  return out.object().member("@type", call.concat({"type.googleapis.com/google.rpc.", name}));
}

void write_details(const oc::Call& call, oc::Writer& out, const oc_event& e, std::string_view words) {
  const bool quota = e.status == OC_E_FUNDS || e.status == OC_E_LIMIT, key = unknown_key(e);
  if (!quota && !key && e.code.len == 0 && e.param.len == 0 && e.retry_after_ms == 0) return;
  out.key("details").array();
  if (key || e.code.len != 0) {
    open_detail(out, "ErrorInfo", call).member("reason", key ? "API_KEY_INVALID" : reason_word(call, oc::view(e.code)));
    out.member("domain", key ? "googleapis.com" : "1chat").close();
  }
  if (quota) {
    open_detail(out, "QuotaFailure", call).key("violations").array().object();
    out.member("subject", "project").member("description", words).close().close().close();
  }
  if (e.param.len != 0) {
    open_detail(out, "BadRequest", call).key("fieldViolations").array().object();
    out.member("field", oc::view(e.param)).member("description", words).close().close().close();
  }
  if (e.retry_after_ms != 0 && !quota)
    open_detail(out, "RetryInfo", call).member("retryDelay", duration(call, e.retry_after_ms)).close();
  out.close();
}

// Google's own error may be shown as it is when it is the very one that the event tells.
bool is_own_shape(oc::Json body, const oc_event& e) {
  const oc::Json error = body["error"];
  return error.is_object() && error["status"].is_string() && error["message"].str() == oc::view(e.text);
}

}  // namespace

GoogleError read_error(oc::Json body) {
  GoogleError e;
  if (body.is_array()) body = body.first();
  const oc::Json error = body["error"];
  if (error.absent_or_null()) return e;
  e.found = true;
  e.message = error.is_string() ? error.str() : error["message"].str();
  e.status = error["status"].str();
  const std::int64_t code = error.is_number() ? error.integer() : error["code"].integer();
  if (code >= 400 && code < 600) e.http = static_cast<std::uint32_t>(code);
  if (error["details"].is_array())
    for (const oc::Json detail : error["details"]) read_detail(detail, e);
  return e;
}

oc_status status_of(const GoogleError& e, std::uint32_t http) noexcept {
  if (http == 0) http = e.http;
  if (http == 0)
    for (const Word& w : kWords)
      if (w.word == e.status) http = w.http;
  if (e.reason == "API_KEY_INVALID" || e.reason == "API_KEY_EXPIRED" || e.reason == "ACCESS_TOKEN_EXPIRED")
    return OC_E_AUTH;
  switch (http) {
    case 401:
    case 403: return OC_E_AUTH;
    case 402: return OC_E_FUNDS;
    case 404: return OC_E_NOT_FOUND;
    case 408:
    case 504: return OC_E_TIMEOUT;
    case 409: return OC_E_CONFLICT;
    case 413: return OC_E_TOO_LARGE;
    case 429: return e.daily_quota ? OC_E_LIMIT : OC_E_RATE;
    case 499: return OC_E_CANCELLED;
    case 503:
    case 529: return OC_E_UNAVAILABLE;
    default: return http >= 400 && http < 500 ? OC_E_INVALID : OC_E_UPSTREAM;
  }
}

std::string_view code_of(const GoogleError& e) noexcept {
  if (too_many_tokens(e.message)) return "context_length_exceeded";
  return e.reason.empty() ? e.status : e.reason;
}

const StatusFacts& facts_of(oc_status status) noexcept {
  for (const StatusFacts& f : kFacts)
    if (f.status == status) return f;
  return kFacts[sizeof kFacts / sizeof kFacts[0] - 1];
}

std::uint32_t http_of(const oc_event& e) noexcept {
  if (unknown_key(e)) return 400;
  return e.http_status != 0 ? e.http_status : facts_of(e.status).http_status;
}

void write_error(const oc::Call& call, oc::Writer& out, const oc_event& e) {
  if (e.ext_json.len != 0) {
    oc::Json theirs = call.parse(oc::view(e.ext_json));
    if (theirs.is_array()) theirs = theirs.first();
    if (is_own_shape(theirs, e)) {
      out.raw(dialect::one_line(call, theirs.raw()));
      return;
    }
  }
  const StatusFacts& facts = facts_of(e.status);
  const std::uint32_t http = http_of(e);
  const auto words = e.text.len != 0 ? oc::view(e.text) : facts.message;
  out.object().key("error").object();
  out.member("code", static_cast<std::int64_t>(http)).member("message", words);
  out.member("status", unknown_key(e) ? std::string_view("INVALID_ARGUMENT") : word_of(http, facts));
  write_details(call, out, e, words);
  out.close().close();
}

}  // namespace onechat::gemini
