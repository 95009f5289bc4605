#include "admission/admission.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace onechat::admission {
namespace {

constexpr std::uint64_t kConcurrencyRetryMs = 1'000;  // when a running request ends is not known

Limits effective(const Limits& own, const Limits& otherwise) noexcept {
  return {.requests_per_minute = own.requests_per_minute != 0 ? own.requests_per_minute : otherwise.requests_per_minute,
          .tokens_per_minute = own.tokens_per_minute != 0 ? own.tokens_per_minute : otherwise.tokens_per_minute,
          .concurrency = own.concurrency != 0 ? own.concurrency : otherwise.concurrency};
}

// Counts also without a limit: a limit that is set later finds the right number.
bool enter(Meter& meter, std::uint32_t limit) noexcept {
  const std::uint32_t before = meter.in_flight.fetch_add(1, std::memory_order_relaxed);
  if (limit == 0 || before < limit) return true;
  meter.in_flight.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void leave(Meter& meter) noexcept { meter.in_flight.fetch_sub(1, std::memory_order_relaxed); }

Error refused(std::string_view limit, std::uint64_t allowed, std::string_view whose, std::uint64_t retry_after_ms) {
  Error e(OC_E_RATE,
          "Rate limit reached: " + std::string(limit) + " of this " + std::string(whose) + " (limit " +
              std::to_string(allowed) + "). Try again in " + std::to_string((retry_after_ms + 999) / 1'000) + " s.",
          "rate_limit_exceeded");
  e.retry_after_ms = retry_after_ms;
  return e;
}

// Undoes what a refused request had taken, unless kept.
struct Undo {
  Meter& key;
  Meter& project;
  const Limits& key_limits;
  const Limits& project_limits;
  std::int64_t tokens;
  bool key_place = false, project_place = false, key_request = false, project_request = false, key_tokens = false;
  bool keep = false;

  ~Undo() {
    if (keep) return;
    if (key_tokens) key.tokens.adjust(-tokens, key_limits.tokens_per_minute);
    if (project_request) project.requests.adjust(-1, project_limits.requests_per_minute);
    if (key_request) key.requests.adjust(-1, key_limits.requests_per_minute);
    if (project_place) leave(project);
    if (key_place) leave(key);
  }
};

// An estimate no one can mean is cut, so that it can be given back as a signed number.
std::uint64_t sane(std::uint64_t tokens) noexcept { return std::min<std::uint64_t>(tokens, INT64_MAX / 2); }

}  // namespace

Ticket::Ticket(Ticket&& other) noexcept
    : principal_(std::move(other.principal_)),
      tokens_(other.tokens_),
      key_tokens_per_minute_(other.key_tokens_per_minute_),
      project_tokens_per_minute_(other.project_tokens_per_minute_) {}

Ticket& Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  release();
  principal_ = std::move(other.principal_);
  tokens_ = other.tokens_;
  key_tokens_per_minute_ = other.key_tokens_per_minute_;
  project_tokens_per_minute_ = other.project_tokens_per_minute_;
  return *this;
}

void Ticket::settle_tokens(std::uint64_t actual, std::uint64_t now_ns) noexcept {
  if (!principal_) return;
  actual = sane(actual);
  const auto more = static_cast<std::int64_t>(actual) - static_cast<std::int64_t>(tokens_);
  principal_->meter->tokens.adjust(more, key_tokens_per_minute_, now_ns);
  principal_->project->meter->tokens.adjust(more, project_tokens_per_minute_, now_ns);
  tokens_ = actual;
}

void Ticket::release() noexcept {
  if (!principal_) return;
  leave(*principal_->meter);
  leave(*principal_->project->meter);
  principal_.reset();
}

Result<Ticket> Admission::admit(const std::shared_ptr<const Principal>& principal, std::uint64_t tokens_estimate,
                                std::uint64_t now_ns, const Limits& key_default, const Limits& project_default) const {
  const Limits key = effective(principal->limits, key_default);
  const Limits project = effective(principal->project->limits, project_default);
  const std::uint64_t tokens = sane(tokens_estimate);
  Meter& of_key = *principal->meter;
  Meter& of_project = *principal->project->meter;
  Undo undo{of_key, of_project, key, project, static_cast<std::int64_t>(tokens)};

  if (!(undo.key_place = enter(of_key, key.concurrency)))
    return refused("requests at once", key.concurrency, "key", kConcurrencyRetryMs);
  if (!(undo.project_place = enter(of_project, project.concurrency)))
    return refused("requests at once", project.concurrency, "project", kConcurrencyRetryMs);
  if (const auto wait = of_key.requests.take(1, key.requests_per_minute, now_ns))
    return refused("requests per minute", key.requests_per_minute, "key", wait);
  undo.key_request = true;
  if (const auto wait = of_project.requests.take(1, project.requests_per_minute, now_ns))
    return refused("requests per minute", project.requests_per_minute, "project", wait);
  undo.project_request = true;
  if (const auto wait = of_key.tokens.take(tokens, key.tokens_per_minute, now_ns))
    return refused("tokens per minute", key.tokens_per_minute, "key", wait);
  undo.key_tokens = true;
  if (const auto wait = of_project.tokens.take(tokens, project.tokens_per_minute, now_ns))
    return refused("tokens per minute", project.tokens_per_minute, "project", wait);

  undo.keep = true;
  Ticket ticket;
  ticket.principal_ = principal;
  ticket.tokens_ = tokens;
  ticket.key_tokens_per_minute_ = key.tokens_per_minute;
  ticket.project_tokens_per_minute_ = project.tokens_per_minute;
  return ticket;
}

}  // namespace onechat::admission
