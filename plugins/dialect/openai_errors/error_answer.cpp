#include "openai_errors/error_answer.hpp"

#include <charconv>

#include "common/headers.hpp"
#include "common/members.hpp"
#include "openai_errors/error_shape.hpp"

namespace onechat::openai_errors {
namespace {

constexpr std::size_t kMessageMax = 2048;
constexpr std::size_t kSecretMin = 8;  // shorter keys are placeholders of local servers

}  // namespace

void map_error(const oc::Call& call, std::uint32_t http_status, const oc_header* headers, std::uint64_t n,
               std::string_view body, std::string_view secret, oc_event& out) {
  const oc::Json root = call.parse(body);
  const VendorError said = read_error(call, root);
  out = oc::Call::event(OC_EV_ERROR);
  out.http_status = http_status;
  out.status = status_from_http(http_status, is_quota_code(said.type) ? said.type : said.code);
  out.code = oc::str(said.code);
  out.param = oc::str(said.param);
  out.retry_after_ms = dialect::retry_after_ms(headers, n);
  const bool tells_secret = secret.size() >= kSecretMin && body.find(secret) != std::string_view::npos;
  if (said.message.empty() || tells_secret) {
    out.text = oc::str(facts_of(out.status).message);
    return;
  }
  out.text = oc::str(said.message.substr(0, kMessageMax));
  out.ext_json = oc::str(dialect::one_line(call, root.raw()));
}

oc_status status_in_stream(std::string_view code, std::string_view type) noexcept {
  std::uint32_t http = 0;
  std::from_chars(code.data(), code.data() + code.size(), http);
  if (http >= 400 && http < 600) return status_from_http(http, type);
  if (is_quota_code(code) || is_quota_code(type)) return OC_E_LIMIT;
  if (code == "rate_limit_exceeded") return OC_E_RATE;
  if (code == "server_is_overloaded" || code == "slow_down") return OC_E_UNAVAILABLE;
  return OC_E_UPSTREAM;
}

void write_error_answer(const oc::Call& call, oc::Out& out, const oc_event& error) {
  const StatusFacts& facts = facts_of(error.status);
  out.head(error.http_status != 0 ? error.http_status : facts.http_status, "application/json");
  dialect::write_retry_after(out, error.retry_after_ms);
  if (facts.retry_is_futile || is_quota_code(oc::view(error.code))) out.header("x-should-retry", "false");
  oc::Writer w = out.json();
  write_error(call, w, error);
}

}  // namespace onechat::openai_errors
