// The step `call`: attempts at the planned targets until one answers, and the answer on its way to the client.
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "exchange/exchange.hpp"

namespace onechat::exchange {

namespace asio = boost::asio;
using upstream::AttemptOutcome;

namespace {

constexpr std::uint64_t kRetryWaitMaxMs = 2'000;  // a longer retry-after is the client's to wait for

}  // namespace

asio::awaitable<void> Exchange::call() {
  if (request_->op == OC_OP_COUNT_TOKENS &&
      (plan_->providers[choices_.front().target->provider].caps & OC_PROV_CAP_COUNT_TOKENS) == 0) {
    co_await count_tokens_here();
    co_return;
  }
  worker_.retries.request();
  watch_client();
  if ((request_->flags & OC_REQ_STREAM) != 0) worker_.metrics.streams.add();
  std::size_t position = 0;
  while (position + 1 < choices_.size() && !choices_[position].target->health->may_try(node_.clock.now_ns())) {
    worker_.metrics.breaker_skips.add();
    ++position;
  }
  for (;;) {
    AttemptOutcome outcome;
    co_await attempt(position, outcome);
    account(outcome, position);
    std::uint64_t wait_ms = 0;
    if (outcome.error.status == OC_OK || !try_again(outcome, position, wait_ms)) {
      co_await answer(outcome);
      co_return;
    }
    if (wait_ms == 0) continue;
    asio::steady_timer pause(worker_.loop, std::chrono::milliseconds(wait_ms));
    boost::system::error_code ec;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
}

asio::awaitable<void> Exchange::attempt(std::size_t position, AttemptOutcome& outcome) {
  Choice& choice = choices_[position];
  const ProviderRuntime& provider = plan_->providers[choice.target->provider];
  failure_ = Error(OC_OK);
  failure_json_.clear();
  transaction_.stream_buffer().clear();
  events_seen_ = false;
  served_by_ = position;
  ++attempts_;
  worker_.metrics.attempts.add();
  if (choice.request == nullptr) {
    choice.request = arena_.make<oc_request>();
    *choice.request = *request_;
    choice.request->model = str(choice.model);
  }
  upstream::AttemptInput in;
  in.call = this;
  in.request = choice.request;
  in.arena = &arena_;
  in.frame_arena = &worker_.scratch;
  // What a request continues is known to the gateway, and to a provider only if it gave that answer itself.
  in.straight_ok = !must_translate_ && (!resumed_ || resumed_from_ == provider.name) && provider.codec &&
                   view(request_->dialect) == view(provider.codec->table().dialect);
  in.cancel = cancel_.get();
  in.down = this;
  in.clock = &node_.clock;
  in.operations = &worker_.operations;
  straight(false);  // until the codec says otherwise
  if ((request_->flags & OC_REQ_STREAM) != 0) answer_.stream();
  choice.target->health->began();
  if (provider.codec)
    co_await upstream::attempt_codec(*provider.codec, *provider.client, std::move(in), outcome);
  else
    co_await upstream::attempt_active(*provider.active, std::move(in), outcome);
  if (failed() && (outcome.error.status == OC_OK || outcome.error.status == OC_E_CANCELLED || outcome.upstream_status / 100 == 2)) {
    // What the plugin said is more precise than what the transport saw.
    if (!client_gone_) outcome.error = failure_;
    outcome.target_at_fault = failure_.status == OC_E_UPSTREAM || failure_.status == OC_E_RATE ||
                              failure_.status == OC_E_UNAVAILABLE || failure_.status == OC_E_TIMEOUT;
    outcome.retryable = outcome.target_at_fault && !committed_;
  }
  if (client_gone_) outcome.retryable = false;
  choice.target->health->ended(outcome.target_at_fault && !client_gone_,
                               static_cast<std::uint32_t>(outcome.first_byte_us / 1000), node_.clock.now_ns());
}

// Whether, where and when to try again; moves `position` on.
bool Exchange::try_again(const AttemptOutcome& outcome, std::size_t& position, std::uint64_t& wait_ms) {
  if (committed_ || client_gone_) return false;
  const bool not_found = outcome.upstream_status == 400 || outcome.upstream_status == 404;
  if (outcome.straight && resumed_ && !resumed_from_.empty() && not_found) {
    resumed_from_.clear();  // it may have forgotten the answer: the same once more, with everything said in full
    wait_ms = 0;
    return true;
  }
  if (!outcome.retryable || attempts_ >= attempts_max_) return false;
  std::size_t next = position + 1;
  const std::uint64_t now = node_.clock.now_ns();
  while (next + 1 < choices_.size() && !choices_[next].target->health->may_try(now)) {
    worker_.metrics.breaker_skips.add();
    ++next;
  }
  const bool other = next < choices_.size();
  const unsigned status = outcome.upstream_status;
  // The same target again helps only against what passes by itself.
  const bool same = status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
  if (!other && (!same || outcome.error.retry_after_ms > kRetryWaitMaxMs)) return false;
  if (!other && outcome.error.status == OC_E_TIMEOUT) return false;
  if (!worker_.retries.take_retry()) return false;
  worker_.metrics.retries.add();
  if (other) {
    worker_.metrics.fallbacks.add();
    position = next;
    wait_ms = 0;
  } else {
    wait_ms = std::max<std::uint64_t>(outcome.error.retry_after_ms, plan_->shared->backoff_ms << (attempts_ - 1));
  }
  return true;
}

// The target cannot count: an estimate, and a free one.
asio::awaitable<void> Exchange::count_tokens_here() {
  straight(false);
  oc_usage estimate{};
  estimate.struct_size = sizeof estimate;
  estimate.flags = OC_USAGE_ESTIMATED | OC_USAGE_FINAL;
  estimate.input = std::max<std::uint64_t>(1, request_->input_bytes / 4);
  oc_event event{};
  event.struct_size = sizeof event;
  event.type = OC_EV_USAGE;
  event.usage = &estimate;
  emit(event);
  AttemptOutcome counted;
  co_await answer(counted);
}

void Exchange::straight(bool is) {
  straight_ = is;
  rendering_ = !is;
  state_.reset();
  const bool carried = is || (match_.surface->table().flags & OC_SURF_CARRIES_STATE) != 0;
  const std::uint64_t caps = plan_->providers[choices_[served_by_].target->provider].caps;
  if (!carried && (caps & OC_PROV_CAP_STATE) != 0) state_.emplace();
  if (is && (request_->flags & OC_REQ_JSON_ARRAY) != 0) answer_.framing(OC_OUT_JSON_ARRAY);
}

// Turns what the attempt used into money, and notes it for the trace.
void Exchange::account(const AttemptOutcome& outcome, std::size_t position) {
  upstream_us_ += outcome.total_us;
  const bool answered = outcome.error.status == OC_OK;
  const bool to_charge = !charge_known_ && request_->op != OC_OP_COUNT_TOKENS;
  if (to_charge && (answered ? !usage_seen_ : output_events_ > 0)) {
    // Nobody told, or not all: count what went over the wire. Never void after the first token (ledger.md 6).
    const bool estimated = usage_estimated_;
    usage_ = usage_so_far();
    usage_seen_ = true;
    usage_estimated_ = (usage_.flags & OC_USAGE_ESTIMATED) != 0;
    if (usage_estimated_ && !estimated) worker_.metrics.usage_estimated.add();
  }
  if (to_charge && usage_seen_) charge(position);

  attempts_json_.reserve(attempts_json_.size() + rating_json_.size() + 192);
  oc_jsonw w(&attempts_json_);
  if (!attempts_json_.empty()) attempts_json_ += ',';
  w.object().key("provider").string(choices_[position].target->provider_name).key("model").string(choices_[position].model);
  w.key("status").string(status_name(outcome.error.status)).key("http_status").integer(outcome.upstream_status);
  w.key("us").integer(static_cast<std::int64_t>(outcome.total_us));
  if (!rating_json_.empty()) w.key("rating").raw(rating_json_);
  w.close();
  rating_json_.clear();

  if (!to_charge || !usage_seen_) return;
  if (!answered && !committed_) {  // a failed try that cost money: paid, and the next one starts clean
    usage_ = oc_usage{};
    usage_.struct_size = sizeof usage_;
    usage_seen_ = finished_ = false;
    output_bytes_ = output_events_ = 0;
    answer_text_.clear();
    state_.reset();
    return;
  }
  charge_known_ = true;
}

// A stream whose usage is final is paid before its last bytes leave.
void Exchange::settle_if_certain() {
  watch_money();
  if (request_->op == OC_OP_COUNT_TOKENS) return;
  if (charge_known_ || settled_ || !finished_ || !usage_seen_ || (usage_.flags & OC_USAGE_FINAL) == 0) return;
  charge(served_by_);
  charge_known_ = true;
  settle();
}

asio::awaitable<void> Exchange::answer(AttemptOutcome& outcome) {
  const bool ok = outcome.error.status == OC_OK;
  if (!ok) final_ = outcome.error;
  settle();
  if (client_gone_) {
    worker_.metrics.client_gone.add();
    worker_.metrics.answers_by_class[0].add();
    final_ = Error(OC_E_CANCELLED, "The client closed the connection.");
    http_status_ = 499;
    if (transaction_.head_sent()) transaction_.abort_stream();
    co_return;
  }
  if (!ok && committed_ && answer_.streaming()) {
    http_status_ = 200;
    worker_.metrics.answers_by_class[2].add();
    co_await end_stream_with(outcome.error);
    co_return;
  }
  if (outcome.has_whole) {
    co_await answer_whole(outcome);
    co_return;
  }
  if (!ok) {
    Error told = outcome.error;
    if (outcome.upstream_status == 401 || outcome.upstream_status == 403 ||
        (outcome.upstream_status != 0 && told.status == OC_E_AUTH)) {  // our key, not the client's
      told.status = OC_E_UPSTREAM;
      told.http_status = 502;
      told.message = "The provider refused the gateway's credentials.";
      told.code = "provider_auth_failed";
    }
    co_await refuse(told);
    co_return;
  }
  http_status_ = 200;
  worker_.metrics.answers_by_class[2].add();
  if (rendering_) {
    match_.surface->table().finish(match_.surface->self(), this, surface_state_, &arena_, &answer_);
    keep({});
    remember_state();
  }
  if (answer_.streaming()) {
    committed_ = true;
    if (co_await flush()) co_await transaction_.finish_stream();
    co_return;
  }
  add_headers(!plan_->shared->ledger_none);
  first_byte_us_ = (node_.clock.now_ns() - begin_ns_) / 1000;
  if (!answer_.send_now()) co_await answer_.send_rest();
  keep_for_trace();
}

// The body that went out, without a copy.
void Exchange::keep_for_trace() {
  if (!plan_->shared->trace_bodies) return;
  response_body_ = answer_.take_body();
  if (response_body_.size() > kTraceBodyMax) response_body_.resize(kTraceBodyMax);
}

// A straight exchange passes on what the upstream said as it said it: answers, and its own errors too.
asio::awaitable<void> Exchange::answer_whole(AttemptOutcome& outcome) {
  upstream::WholeAnswer& whole = outcome.whole;
  http_status_ = whole.status;
  worker_.metrics.answers_by_class[std::min(http_status_ / 100, 5u)].add();
  if (outcome.error.status != OC_OK) mask_secrets(whole.body);
  transaction_.stream_buffer().clear();
  answer_.clear();
  answer_.head(whole.status, whole.content_type);
  for (const auto& [name, value] : whole.headers) answer_.header(name, value);
  add_headers(outcome.error.status == OC_OK && !plan_->shared->ledger_none);
  answer_.raw_body(std::move(whole.body));
  first_byte_us_ = (node_.clock.now_ns() - begin_ns_) / 1000;
  if (!answer_.send_now()) co_await answer_.send_rest();
  keep_for_trace();
}

void Exchange::watch_client() {
  transaction_.watch_client([this] { lose_client(); });
}

// Told by whoever notices first, the watch or a write.
void Exchange::lose_client() {
  if (std::exchange(client_gone_, true)) return;
  const std::uint64_t caps = attempts_ == 0 ? 0 : plan_->providers[choices_[served_by_].target->provider].caps;
  if ((caps & OC_PROV_CAP_CANCEL_STOPS_BILLING) != 0 || plan_->shared->drain_on_disconnect_ms == 0) return cancel_->request();
  // Closing would not stop the cost: read on for a while, to learn what it was.
  drain_timer_.emplace(worker_.loop, std::chrono::milliseconds(plan_->shared->drain_on_disconnect_ms));
  drain_timer_->async_wait([cancel = cancel_](const boost::system::error_code& ec) {
    if (!ec) cancel->request();
  });
}

// --- Downstream -----------------------------------------------------------------------------------------------------

void Exchange::relay(std::string_view bytes) {
  transaction_.stream_buffer().append(bytes);
  answer_.relayed();
  // Comments alone do not commit: a target that only kept the line warm may still give way to the next.
  committed_ = committed_ || events_seen_;
}

asio::awaitable<bool> Exchange::flush() {
  if (const auto flushed = flush_now()) co_return *flushed;
  co_return co_await flush_rest();
}

std::optional<bool> Exchange::flush_now() {
  if (!answer_.streaming() || !committed_) return !cancel_->requested();
  settle_if_certain();
  std::string& out = transaction_.stream_buffer();
  if (client_gone_) {
    out.clear();
    return !cancel_->requested();
  }
  if (out.empty()) return true;
  if (!stream_begun_) {
    stream_begun_ = true;
    first_byte_us_ = (node_.clock.now_ns() - begin_ns_) / 1000;
    add_headers(false);
    answer_.start_stream();
  }
  if (plan_->shared->trace_bodies && response_body_.size() + out.size() <= kTraceBodyMax) response_body_.append(out);
  const std::optional<bool> flushed = transaction_.flush_now();
  if (!flushed || *flushed) return flushed;
  lose_client();
  return !cancel_->requested();
}

asio::awaitable<bool> Exchange::flush_rest() {
  const bool flushed = co_await transaction_.flush_rest();
  if (flushed) co_return true;
  lose_client();
  co_return !cancel_->requested();
}


std::size_t Exchange::waiting_bytes() const noexcept { return answer_.streaming() ? transaction_.stream_buffer().size() : 0; }

void Exchange::drop_output() noexcept { transaction_.stream_buffer().clear(); }

}  // namespace onechat::exchange
