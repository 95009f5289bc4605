#include "exchange/exchange.hpp"

#include <algorithm>

#include "admission/authenticate.hpp"

namespace onechat::exchange {
namespace {

namespace asio = boost::asio;
using plugin::Timed;

// Operations on an answer that was given before.
bool is_about_kept(std::uint32_t op) noexcept {
  return op == OC_OP_RETRIEVE || op == OC_OP_DELETE || op == OC_OP_CANCEL || op == OC_OP_LIST_INPUT;
}

bool wants_strict(const net::HeadView& head) noexcept {
  const std::string_view v = head.header("x-1chat-strict");
  return !v.empty() && v != "0" && v != "false";
}

std::string_view operation_name(std::uint32_t op) noexcept {
  switch (op) {
    case OC_OP_EMBED: return "embed";
    case OC_OP_COUNT_TOKENS: return "count_tokens";
    default: return "generate";
  }
}

}  // namespace

Exchange::Exchange(Worker& worker, net::Transaction& transaction)
    : worker_(worker),
      node_(worker.node),
      plan_(worker.plan),
      transaction_(transaction),
      arena_(transaction.arena()),
      answer_(transaction),
      begin_ns_(node_.clock.now_ns()),
      begin_unix_ms_(node_.clock.unix_ms()) {
  usage_.struct_size = sizeof usage_;
  id_ = worker.ids.next(begin_unix_ms_);
  const auto text = arena_.make_array<char>(kIdPrefix.size() + kHexDigits);
  kIdPrefix.copy(text.data(), kIdPrefix.size());
  write_hex(id_, text.subspan<kIdPrefix.size(), kHexDigits>());
  request_id_ = {text.data(), text.size()};
}

Exchange::~Exchange() {
  settle();      // an exchange that was cut off still ends its hold
  if (!stages_run_.empty() && final_.status == OC_OK) final_ = Error(OC_E_CANCELLED);
  end_stages();  // and its stages
}

namespace {

// For load balancers, without a key: alive, and fit to serve (not draining, ledger and store at work).
bool is_probe(const net::HeadView& head) noexcept {
  return head.method == "GET" && (head.path == "/healthz" || head.path == "/readyz");
}

asio::awaitable<void> answer_probe(Worker& worker, net::Transaction& transaction) {
  const Node& node = worker.node;
  const bool fit = !worker.draining && node.store.available() && (node.till == nullptr || node.till->available());
  const bool ok = fit || transaction.head().path == "/healthz";
  transaction.start(ok ? 200 : 503, "application/json");
  co_await transaction.send(ok ? R"({"status":"ok"})" : R"({"status":"unavailable"})");
}

}  // namespace

asio::awaitable<void> serve(Worker& worker, net::Transaction& transaction) {
  if (is_probe(transaction.head())) {
    co_await answer_probe(worker, transaction);
    co_return;
  }
  // In the arena: a coroutine frame that holds it is too large to be recycled.
  void* const place = transaction.arena().allocate(sizeof(Exchange), alignof(Exchange));
  if (place == nullptr) throw std::bad_alloc();
  const auto destroy = [](Exchange* e) { std::destroy_at(e); };
  const std::unique_ptr<Exchange, decltype(destroy)> exchange(new (place) Exchange(worker, transaction), destroy);
  co_await exchange->run();
  exchange->log();
}

asio::awaitable<void> Exchange::run() {
  match_ = plan_->mounts->find(transaction_.head());
  Result<void> done = may_begin();
  if (!done) {
    co_await refuse(done.error());
    co_return;
  }
  bool parsed = false;
  for (const Step& step : plan_->pipeline) {
    if (!parsed && step.kind != StepKind::authenticate) {
      parsed = true;
      if (!read_now(done)) done = co_await read_request();
      if (done && request_ == nullptr) {
        co_await list_models();
        co_return;
      }
      if (done && is_about_kept(request_->op)) {
        co_await serve_kept();
        co_return;
      }
      if (done && request_->previous_id.len != 0) done = co_await resume();
      if (!done) break;
    }
    switch (step.kind) {
      case StepKind::authenticate:
      case StepKind::admit:
      case StepKind::route: done = decide(step.kind); break;
      case StepKind::stage:
      case StepKind::reserve:
        if (step.kind == StepKind::stage || !hold_now(done)) done = co_await wait_for(step);
        break;
      case StepKind::call: co_await call(); break;
      case StepKind::settle: settle(); break;
      case StepKind::trace: break;  // always last: below, for refused requests too
    }
    if (!done) break;
  }
  if (!done) {
    final_ = done.error();
    settle();
    co_await refuse(done.error());
  }
  trace();
  end_stages();
}

// What is refused before anything is looked at.
Result<void> Exchange::may_begin() const {
  if (worker_.draining) return Error(OC_E_UNAVAILABLE, "The gateway is shutting down. Please try again.");
  if (match_.op != 0) return {};
  Error unknown(match_.path_known ? OC_E_UNSUPPORTED : OC_E_NOT_FOUND,
                "Unknown request URL: " + std::string(transaction_.head().method) + " " +
                    std::string(transaction_.head().path) + ". Please check the URL for typos.",
                "unknown_url");
  unknown.http_status = match_.path_known ? 405 : 404;
  return unknown;
}

// Apart from run(), whose frame has a place for each result that it is given and must stay small enough to be recycled.
Result<void> Exchange::decide(StepKind kind) {
  if (kind == StepKind::authenticate) return authenticate();
  return kind == StepKind::admit ? admit() : route();
}

// No coroutine itself: run() awaits one result for both.
asio::awaitable<Result<void>> Exchange::wait_for(const Step& step) {
  return step.kind == StepKind::stage ? run_stage(*plan_->stages[step.stage]) : hold();
}

bool Exchange::hold_now(Result<void>& done) { return wanted_state().empty() && reserve_now(done); }

asio::awaitable<Result<void>> Exchange::hold() {
  if (auto ids = wanted_state(); !ids.empty()) {
    co_await recall_state(std::move(ids));
    Result<void> done;
    if (reserve_now(done)) co_return done;
  }
  co_return co_await reserve();
}

// --- who asks, and what for -----------------------------------------------------------------------------------------

Result<void> Exchange::authenticate() {
  const net::HeadView& head = transaction_.head();
  http_in_.struct_size = sizeof http_in_;
  http_in_.op = match_.op;
  http_in_.method = str(head.method);
  http_in_.path = str(match_.path);
  http_in_.query = str(head.query);
  http_in_.headers = head.headers.data();
  http_in_.n_headers = head.headers.size();
  oc_str key{};
  if (match_.surface->table().credential(match_.surface->self(), this, &http_in_, &key) < 0) {
    worker_.metrics.refused_auth.add();
    return failed() ? failure_ : Error(OC_E_AUTH, "No API key was given.", "invalid_api_key");
  }
  auto principal = admission::authenticate(node_.keys, view(key), begin_unix_ms_);
  if (!principal) {
    worker_.metrics.refused_auth.add();
    return principal.error();
  }
  principal_ = std::move(*principal);
  return {};
}

bool Exchange::read_now(Result<void>& done) {
  const auto body = transaction_.body_now();
  if (body) done = parse(*body);
  return body.has_value();
}

asio::awaitable<Result<void>> Exchange::read_request() {
  auto body = co_await transaction_.read_body();
  if (!body) {
    Error broken = body.error();
    if (broken.status == OC_E_TIMEOUT) broken.http_status = 408;
    co_return broken;
  }
  co_return parse(*body);
}

Result<void> Exchange::parse(oc_bytes body) {
  const auto argument = surface::percent_decode(arena_, match_.path_arg);
  if (!argument) return Error(OC_E_INVALID, "The path has a malformed percent-encoding.");
  http_in_.path_arg = str(*argument);
  http_in_.body = body;

  const oc_surface& table = match_.surface->table();
  surface_state_ = arena_.allocate(table.call_state_size + 16, 16);
  if (surface_state_ == nullptr) return Error(OC_E_TOO_LARGE, "The request is too large.");
  std::memset(surface_state_, 0, table.call_state_size);
  if (match_.op == OC_OP_LIST_MODELS || match_.op == OC_OP_GET_MODEL) return {};

  const oc_request* parsed = nullptr;
  const oc_status status = plugin::timed(match_.surface->times(Timed::parse), [&] {
    return table.parse(match_.surface->self(), this, surface_state_, &arena_, &http_in_, &parsed);
  });
  auto* own = arena_.make<oc_request>();
  if (status < 0 || parsed == nullptr || !plugin::normalise(parsed, *own))
    return failed() ? failure_ : Error(status < 0 ? status : OC_E_INTERNAL, "The request was not understood.");
  own->struct_size = sizeof *own;
  if (own->n == 0) own->n = 1;
  if (wants_strict(transaction_.head())) own->flags |= OC_REQ_STRICT;
  request_ = own;
  return {};
}

Result<void> Exchange::admit() {
  if (!principal_) return {};
  const std::uint64_t expected = request_->input_bytes / 4 + request_->max_output_tokens / 4;
  auto ticket =
      node_.admission.admit(principal_, expected, begin_ns_, plan_->shared->key_limits, plan_->shared->project_limits);
  if (!ticket) {
    worker_.metrics.refused_rate.add();
    return ticket.error();
  }
  ticket_.emplace(std::move(*ticket));
  return {};
}

// --- where to -------------------------------------------------------------------------------------------------------

// Of the doors to the same model: the one that speaks the client's dialect, else the first that is open.
std::size_t Exchange::best_door(std::size_t i) const {
  const std::uint32_t doors = model_->targets[i].doors;
  std::size_t first = i;
  bool found = false;
  for (std::size_t k = 0; k < model_->targets.size(); ++k) {
    if (model_->targets[k].doors != doors) continue;
    const ProviderRuntime& p = plan_->providers[model_->targets[k].provider];
    if (!p.disabled_why.empty()) continue;
    if (p.codec && view(p.codec->table().dialect) == view(request_->dialect)) return k;
    if (!found) first = k;
    found = true;
  }
  return first;
}

Result<void> Exchange::route() {
  model_ = plan_->shared->models.find(view(request_->model));
  if (model_ == nullptr)
    return Error(
        OC_E_NOT_FOUND,
        "The model `" + std::string(view(request_->model)) + "` does not exist or you do not have access to it.",
        "model_not_found", "model");
  const auto router_at = plan_->routers.find(model_->router);
  const Router& router = *(router_at != plan_->routers.end() ? router_at : plan_->routers.find(""))->second;

  const std::size_t n = model_->targets.size();
  auto views = arena_.make_array<oc_candidate>(n);
  auto pointers = arena_.make_array<const oc_candidate*>(n);
  std::size_t usable = 0;
  std::string disabled;
  for (std::size_t i = 0; i < n; ++i) {
    const routing::Target& t = model_->targets[i];
    const ProviderRuntime& p = plan_->providers[t.provider];
    if (t.doors != 0 && i != best_door(i)) continue;
    if (!p.disabled_why.empty()) {
      disabled = "provider '" + p.name + "' is not configured: " + p.disabled_why;
      continue;
    }
    oc_candidate& c = views[usable];
    c.struct_size = sizeof c;
    c.id = i;
    c.provider = str(t.provider_name);
    c.model = str(routing::target_model(*model_, t, view(request_->model), arena_));
    c.caps = p.caps;
    c.in_flight = t.health->in_flight();
    c.ewma_first_byte_ms = t.health->first_byte_ms();
    c.error_permille = t.health->error_permille();
    c.breaker_open = t.health->open(begin_ns_) ? 1 : 0;
    c.weight = t.weight;
    pointers[usable++] = &c;
  }
  if (usable == 0)
    return Error(OC_E_UNAVAILABLE,
                 "The model `" + std::string(view(request_->model)) + "` cannot be served now: " + disabled + ".",
                 "provider_not_configured", "model");

  oc_plan planned{};
  planned.struct_size = sizeof planned;
  const oc_status status = plugin::timed(router.times(Timed::plan), [&] {
    return router.table().plan(router.self(), this, &arena_, request_, pointers.data(), usable, &planned);
  });
  if (status < 0 || planned.n == 0)
    return failed() ? failure_ : Error(OC_E_UNAVAILABLE, "No target can serve this request.");
  route_reason_ = view(planned.reason);
  attempts_max_ = std::min(plan_->shared->attempts_max, planned.attempts_max != 0 ? planned.attempts_max + 1 : ~0u);

  for (std::uint64_t k = 0; k < planned.n; ++k) {
    if (planned.order[k] >= n) return Error(OC_E_INTERNAL, "The router chose a target that does not exist.");
    Choice choice;
    choice.target = &model_->targets[planned.order[k]];
    choice.model = routing::target_model(*model_, *choice.target, view(request_->model), arena_);
    auto tariff = plan_->shared->tariff(*model_, *choice.target, choice.model, begin_unix_ms_);
    if (!tariff) continue;  // no price: never called
    choice.tariff = *tariff;
    choices_.push_back(choice);
  }
  if (choices_.empty()) {
    worker_.metrics.unpriced.add();
    return Error(OC_E_UNSUPPORTED,
                 "The model `" + std::string(view(request_->model)) + "` has no price on this gateway.",
                 "model_not_priced", "model");
  }
  return {};
}

// --- what is left behind --------------------------------------------------------------------------------------------

void Exchange::trace() {
  const std::uint64_t total_us = (node_.clock.now_ns() - begin_ns_) / 1000;
  worker_.metrics.total.add(total_us);
  if (first_byte_us_ != 0) worker_.metrics.first_byte.add(first_byte_us_);
  const bool wanted = std::any_of(plan_->pipeline.begin(), plan_->pipeline.end(),
                                  [](const Step& s) { return s.kind == StepKind::trace; });
  if (!wanted || !principal_ || request_ == nullptr) return;

  auto record = node_.store.blank_trace();
  oc_trace& t = record->head;
  t.struct_size = sizeof t;
  t.id = id_;
  t.unix_ms = begin_unix_ms_;
  t.http_status = http_status_;
  t.stream = (request_->flags & OC_REQ_STREAM) != 0 ? 1 : 0;
  t.attempts = attempts_;
  t.first_byte_us = first_byte_us_;
  t.total_us = total_us;
  t.upstream_us = upstream_us_;
  t.usage = usage_;
  t.held_nano = held_nano_;
  t.cost_nano = cost_nano_;
  t.fee_nano = fee_nano_;
  record->project = principal_->project->name;
  record->key_id = principal_->key_id;
  record->surface = view(match_.surface->table().dialect);
  record->operation = operation_name(request_->op);
  record->model = view(request_->model);
  if (attempts_ > 0) {
    record->provider = choices_[served_by_].target->provider_name;
    record->target_model = choices_[served_by_].model;
  }
  record->status = status_name(final_.status);
  record->route_reason = route_reason_;
  record->finish = answer_text_.finish_of();
  std::string& turns = record->turns_json;
  turns.reserve(record::room_for_turns(*request_) + answer_text_.room());
  turns = "{\"request\":";
  record::append_turns(turns, *request_);
  turns += ",\"answer\":";
  answer_text_.append_to(turns);
  turns += '}';
  record->meta_json.reserve(attempts_json_.size() + 256);
  oc_jsonw w(&record->meta_json);
  w.object().key("straight").boolean(straight_).key("attempts").array().raw(attempts_json_).close();
  if (usage_estimated_) w.key("usage_estimated").boolean(true);
  if (clipped_to_ != 0) w.key("clipped_to").integer(static_cast<std::int64_t>(clipped_to_));
  if (!dropped_.empty()) {
    w.key("dropped").array();
    for (const std::string& what : dropped_) w.string(what);
    w.close();
  }
  if (final_.status < 0)
    w.key("error").object().key("code").string(final_.code).key("message").string(final_.message).close();
  w.close();
  if (plan_->shared->trace_bodies) {
    record->request_body = view(request_->raw).substr(0, kTraceBodyMax);
    record->response_body = std::move(response_body_);
  }
  node_.store.put_trace(std::move(record));
}

void Exchange::log() const {
  if (!node_.log) return;
  RequestLine line;
  line.request_id = request_id_;
  if (principal_) line.project = principal_->project->name;
  if (request_ != nullptr) line.model = view(request_->model);
  if (attempts_ > 0) line.provider = choices_[served_by_].target->provider_name;
  line.status = status_name(final_.status);
  // A provider's own words may quote what was asked; its code does not.
  const bool ours = attempts_ == 0 || final_.status == OC_E_IO || final_.status == OC_E_TIMEOUT;
  line.message = ours ? final_.message : final_.code;
  line.http_status = http_status_;
  line.attempts = attempts_;
  line.total_us = (node_.clock.now_ns() - begin_ns_) / 1000;
  line.failed = final_.status < 0;
  node_.log(line);
}

// --- what plugins and attempts tell ---------------------------------------------------------------------------------

oc_status Exchange::fail(oc_status status, std::uint32_t http_status, std::string_view message, std::string_view code,
                         std::string_view param) {
  if (failure_.status < 0) return failure_.status;  // the first word counts
  failure_ = Error(status < 0 ? status : OC_E_INTERNAL, std::string(message), std::string(code), std::string(param));
  failure_.http_status = http_status;
  return failure_.status;
}

void Exchange::meter(const oc_event& event) {
  switch (event.type) {
    case OC_EV_USAGE: {
      oc_usage reported;
      if (event.usage == nullptr || !plugin::normalise(event.usage, reported)) break;
      usage_ = reported;
      usage_.struct_size = sizeof usage_;
      usage_seen_ = true;
      usage_estimated_ = (reported.flags & OC_USAGE_ESTIMATED) != 0;
      break;
    }
    case OC_EV_FINISH: finished_ = true; break;
    case OC_EV_TEXT:
    case OC_EV_REASONING:
    case OC_EV_REFUSAL:
    case OC_EV_TOOL_ARGS:
      output_bytes_ += event.text.len;
      ++output_events_;
      break;
    default: break;
  }
}

bool Exchange::same_dialect() const noexcept {
  const ProviderRuntime& provider = plan_->providers[choices_[served_by_].target->provider];
  return provider.codec && view(provider.codec->table().dialect) == view(match_.surface->table().dialect);
}

bool Exchange::was_dropped(std::string_view what) const noexcept {
  return std::find(dropped_.begin(), dropped_.end(), what) != dropped_.end();
}

oc_status Exchange::dropped(std::string_view what) {
  constexpr std::size_t kDroppedMax = 64, kWordsMax = 128;
  const std::string_view words = what.substr(0, kWordsMax);
  if (dropped_.size() < kDroppedMax && std::find(dropped_.begin(), dropped_.end(), words) == dropped_.end())
    dropped_.emplace_back(words);
  if (request_ == nullptr || (request_->flags & OC_REQ_STRICT) == 0) return OC_OK;
  return fail(OC_E_UNSUPPORTED, 400, "The model's provider has no place for `" + std::string(words) + "`.", "unsupported",
              words);
}

oc_status Exchange::emit(const oc_event& said) {
  oc_event event;
  if (!plugin::normalise(&said, event)) return OC_E_INVALID;
  event.struct_size = sizeof event;
  if (failed()) {
    if (event.type == OC_EV_USAGE) meter(event);  // what a failed answer cost is known, if it comes at all
    return OC_E_CANCELLED;
  }
  worker_.metrics.stream_events.add();
  meter(event);
  const bool dropped = !stages_run_.empty() && !through_stages(event);
  if (failed()) return OC_E_CANCELLED;
  if (event.type == OC_EV_ERROR) {
    fail(event.status < 0 ? event.status : OC_E_UPSTREAM, event.http_status, view(event.text), view(event.code),
         view(event.param));
    failure_.retry_after_ms = event.retry_after_ms;
    if (same_dialect()) failure_json_ = view(event.ext_json);
    if (failure_json_.find_first_of("\r\n") != std::string::npos) failure_json_.clear();  // not one SSE line
    return OC_E_CANCELLED;
  }
  events_seen_ = true;
  if (state_) state_->add(event);
  if (event.type == OC_EV_ANSWER) {
    if (straight_) keep(view(event.ext_json));
    return OC_OK;
  }
  if (!dropped) answer_text_.add(event);
  if (!rendering_ || dropped) {
    if (bell_) worker_.scratch.reset();
    return OC_OK;
  }
  committed_ = true;
  const bool idle = waiting_bytes() == 0;
  plugin::timed(match_.surface->times(Timed::render), [&] {
    return match_.surface->table().event(match_.surface->self(), this, surface_state_,
                                         answer_.streaming() ? &worker_.scratch : &arena_, &event, &answer_);
  });
  if (bell_) worker_.scratch.reset();  // an active provider: no frame of a codec is under way
  if (idle && bell_ && waiting_bytes() != 0) bell_();
  return waiting_bytes() > 256 * 1024 ? OC_PAUSE : OC_OK;
}

}  // namespace onechat::exchange
