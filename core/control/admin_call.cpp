#include "control/admin_call.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "control/date_text.hpp"
#include "control/money_text.hpp"

namespace onechat::control {
namespace {

bool contains(std::initializer_list<std::string_view> known, std::string_view name) {
  return std::find(known.begin(), known.end(), name) != known.end();
}

std::string in_quotes(std::string_view name) { return "'" + std::string(name.substr(0, 60)) + "'"; }

}  // namespace

BodyReader::BodyReader(const std::string& body, std::initializer_list<std::string_view> known) {
  root_ = json::parse(arena_, body);
  if (!root_ || root_->type != OC_JSON_OBJECT) {
    root_ = nullptr;
    fail("the body must be a JSON object", "");
    return;
  }
  for (const oc_json* m = root_->first; m; m = m->next)
    if (!contains(known, m->key)) fail("there is no field " + in_quotes(m->key), m->key);
}

void BodyReader::fail(std::string message, std::string_view param) {
  if (!problem_)
    problem_ = Error(OC_E_INVALID, std::move(message), "invalid_request", std::string(param.substr(0, 60)));
}

const oc_json* BodyReader::get(std::string_view name, bool required) {
  const oc_json* v = root_ ? json::get(root_, name) : nullptr;
  if (v && v->type == OC_JSON_NULL) v = nullptr;
  if (!v && required) fail(in_quotes(name) + " is missing", name);
  return v;
}

std::string BodyReader::text(std::string_view name, bool required) {
  const oc_json* v = get(name, required);
  if (!v) return {};
  if (v->type != OC_JSON_STRING || (required && v->text.empty())) fail(in_quotes(name) + " must be text", name);
  return std::string(v->text);
}

std::optional<std::int64_t> BodyReader::usd(std::string_view name, bool required) {
  const oc_json* v = get(name, required);
  if (!v) return std::nullopt;
  if (v->type != OC_JSON_STRING && v->type != OC_JSON_NUMBER) {
    fail(in_quotes(name) + " must be an amount in USD, such as \"25.00\"", name);
    return std::nullopt;
  }
  const auto nano = parse_usd(v->type == OC_JSON_STRING ? v->text : v->raw);
  if (!nano) fail(nano.error().message, name);
  return nano ? std::optional(*nano) : std::nullopt;
}

std::int64_t BodyReader::time(std::string_view name) {
  const std::string said = text(name);
  if (said.empty()) return 0;
  const auto ms = parse_time(said);
  if (!ms) fail(ms.error().message, name);
  return ms ? *ms : 0;
}

std::optional<bool> BodyReader::flag(std::string_view name) {
  const oc_json* v = get(name, false);
  if (!v) return std::nullopt;
  if (v->raw != "true" && v->raw != "false") fail(in_quotes(name) + " must be true or false", name);
  return v->raw == "true";
}

std::uint64_t BodyReader::number(std::string_view name, std::uint64_t max) {
  const oc_json* v = get(name, false);
  if (!v) return 0;
  if (v->type != OC_JSON_STRING) return whole(root_, name, max);
  std::uint64_t out = 0;
  const auto* end = v->text.data() + v->text.size();
  const auto [at, code] = std::from_chars(v->text.data(), end, out);
  if (code != std::errc() || at != end || out > max)
    fail(in_quotes(name) + " must be a whole number of at most " + std::to_string(max), name);
  return out;
}

std::uint64_t BodyReader::whole(const oc_json* object, std::string_view name, std::uint64_t max) {
  const oc_json* v = json::get(object, name);
  if (!v) return 0;
  std::uint64_t out = 0;
  const auto* end = v->raw.data() + v->raw.size();
  const auto [at, code] = std::from_chars(v->raw.data(), end, out);
  if (v->type != OC_JSON_NUMBER || code != std::errc() || at != end || out > max)
    fail(in_quotes(name) + " must be a whole number of at most " + std::to_string(max), name);
  return out;
}

admission::Limits BodyReader::limits(std::string_view name) {
  const oc_json* v = get(name, false);
  if (!v) return {};
  if (v->type != OC_JSON_OBJECT) {
    fail(in_quotes(name) + " must be an object", name);
    return {};
  }
  for (const oc_json* m = v->first; m; m = m->next)
    if (!contains({"requests_per_minute", "tokens_per_minute", "concurrency"}, m->key))
      fail("there is no field " + in_quotes(m->key) + " in " + in_quotes(name), m->key);
  constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();
  admission::Limits out;
  out.requests_per_minute = static_cast<std::uint32_t>(whole(v, "requests_per_minute", kMax32));
  out.tokens_per_minute = whole(v, "tokens_per_minute", std::numeric_limits<std::int64_t>::max());
  out.concurrency = static_cast<std::uint32_t>(whole(v, "concurrency", kMax32));
  return out;
}

Result<void> AdminApi::Call::only(std::initializer_list<std::string_view> known) const {
  for (const auto& [name, value] : request.query)
    if (!contains(known, name))
      return Error(OC_E_INVALID, "there is no query parameter " + in_quotes(name), "invalid_request", name.substr(0, 60));
  return {};
}

Result<std::string> AdminApi::Call::needed(const std::string& name) const {
  std::string value = query(name);
  if (value.empty())
    return Error(OC_E_INVALID, "the query parameter '" + name + "' is missing", "invalid_request", name);
  return value;
}

Result<std::int64_t> AdminApi::Call::time(const std::string& name) const {
  const std::string said = query(name);
  if (said.empty()) return Result<std::int64_t>(boost::system::in_place_value, 0);
  return parse_time(said);
}

}  // namespace onechat::control
