#include "base/error.hpp"

#include <array>
#include <stdexcept>

namespace onechat {
namespace {

struct StatusFacts {
  oc_status status;
  std::string_view name;
  std::uint32_t http_status;
};
constexpr std::array kFacts{
    StatusFacts{OC_OK, "ok", 200},
    StatusFacts{OC_AGAIN, "again", 200},
    StatusFacts{OC_PAUSE, "pause", 200},
    StatusFacts{OC_DUPLICATE, "duplicate", 200},
    StatusFacts{OC_LATE, "late", 200},
    StatusFacts{OC_E_INVALID, "invalid", 400},
    StatusFacts{OC_E_UNSUPPORTED, "unsupported", 400},
    StatusFacts{OC_E_NOMEM, "out_of_memory", 503},
    StatusFacts{OC_E_PARSE, "parse", 400},
    StatusFacts{OC_E_CONFIG, "config", 500},
    StatusFacts{OC_E_IO, "io", 502},
    StatusFacts{OC_E_TIMEOUT, "timeout", 504},
    StatusFacts{OC_E_CANCELLED, "cancelled", 499},
    StatusFacts{OC_E_UPSTREAM, "upstream", 502},
    StatusFacts{OC_E_AUTH, "auth", 401},
    StatusFacts{OC_E_RATE, "rate", 429},
    StatusFacts{OC_E_FUNDS, "funds", 402},
    StatusFacts{OC_E_LIMIT, "limit", 429},
    StatusFacts{OC_E_CONFLICT, "conflict", 409},
    StatusFacts{OC_E_NOT_FOUND, "not_found", 404},
    StatusFacts{OC_E_TOO_LARGE, "too_large", 413},
    StatusFacts{OC_E_UNAVAILABLE, "unavailable", 503},
    StatusFacts{OC_E_FENCED, "fenced", 503},
    StatusFacts{OC_E_LINKED, "linked", 409},
    StatusFacts{OC_E_INTERNAL, "internal", 500},
};

const StatusFacts& facts_of(oc_status status) noexcept {
  for (const auto& f : kFacts)
    if (f.status == status) return f;
  return kFacts.back();
}

}  // namespace

std::string_view status_name(oc_status status) noexcept { return facts_of(status).name; }
std::uint32_t http_status_of(oc_status status) noexcept { return facts_of(status).http_status; }

void throw_exception_from_error(const Error& e, const boost::source_location&) {
  throw std::logic_error("value() of a failed result: " + std::string(status_name(e.status)) + ": " + e.message);
}

}  // namespace onechat
