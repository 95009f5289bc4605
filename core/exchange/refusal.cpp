#include "exchange/exchange.hpp"

namespace onechat::exchange {

namespace asio = boost::asio;

void Exchange::add_headers(bool settled) {
  answer_.header("x-request-id", request_id_);
  const std::string_view own_name = view(match_.surface->table().request_id_header);
  if (!own_name.empty()) answer_.header(own_name, request_id_);
  answer_.header("x-1chat-trace", request_id_.substr(kIdPrefix.size()));
  if (settled) answer_.header("x-1chat-cost", ledger::usd_text(cost_nano_ + fee_nano_));
  if (dropped_.empty()) return;
  std::string list;
  for (const std::string& what : dropped_) {
    if (!list.empty()) list += ", ";
    for (const char c : what) list += c > ' ' && c < 0x7F && c != ',' ? c : '_';
  }
  answer_.header("x-1chat-dropped", list);
}

oc_event Exchange::error_event(const Error& error) const {
  oc_event e{};
  e.struct_size = sizeof e;
  e.type = OC_EV_ERROR;
  e.status = error.status;
  e.http_status = error.http_status != 0 ? error.http_status : http_status_of(error.status);
  e.text = str(error.message);
  e.code = str(error.code);
  e.param = str(error.param);
  e.retry_after_ms = error.retry_after_ms;
  if (failed() && error.message == failure_.message) e.ext_json = str(failure_json_);
  return e;
}

// A whole answer that says no, in the dialect of the caller. Nothing of another answer has left.
asio::awaitable<void> Exchange::refuse(const Error& error) {
  if (final_.status == OC_OK) final_ = error;
  Error told = error;
  mask_secrets(told.message);
  mask_secrets(failure_json_);
  transaction_.stream_buffer().clear();
  answer_.clear();
  add_headers(false);
  const oc_event event = error_event(told);
  http_status_ = event.http_status;
  oc_arena* arena = &arena_;
  if (surface_state_ == nullptr) {
    surface_state_ = arena_.allocate(match_.surface->table().call_state_size + 16, 16);
    if (surface_state_ != nullptr) std::memset(surface_state_, 0, match_.surface->table().call_state_size);
  }
  match_.surface->table().error(match_.surface->self(), this, surface_state_, arena, &event, &answer_);
  http_status_ = answer_.status();  // a dialect may have a number of its own
  response_body_ = answer_.body();
  worker_.metrics.answers_by_class[client_gone_ ? 0 : std::min(http_status_ / 100, 5u)].add();
  if (!client_gone_) co_await answer_.send();
}

// The stream has begun: the error is told inside it, and the client must not take it for complete.
asio::awaitable<void> Exchange::end_stream_with(const Error& error) {
  final_ = error;
  Error told = error;
  mask_secrets(told.message);
  mask_secrets(failure_json_);
  const oc_event event = error_event(told);
  if (!stream_begun_) {
    stream_begun_ = true;
    add_headers(false);
    answer_.start_stream();
  }
  answer_.stream();
  match_.surface->table().stream_error(match_.surface->self(), this, surface_state_, &arena_, &event, &answer_);
  co_await transaction_.finish_stream();
}

asio::awaitable<void> Exchange::list_models() {
  const bool single = match_.op == OC_OP_GET_MODEL;
  std::vector<const oc_model*> models;
  const auto usable = [&](const routing::Model& m) {
    for (const auto& t : m.targets)
      if (plan_->providers[t.provider].disabled_why.empty()) return true;
    return false;
  };
  const auto add = [&](const routing::Model& m, std::string_view id) {
    auto* out = arena_.make_sized<oc_model>();
    out->id = str(id);
    out->owned_by = str(m.owned_by);
    out->created_s = plan_->shared->loaded_unix_s;
    const routing::Target& first = m.targets.front();
    const auto tariff = plan_->shared->tariff(m, first, routing::target_model(m, first, id, arena_), begin_unix_ms_);
    if (tariff) out->output_tokens_max = tariff->output_tokens_max;
    models.push_back(out);
  };
  if (single) {
    const std::string_view id = view(http_in_.path_arg);
    const routing::Model* m = plan_->shared->models.find(id);
    if (m == nullptr || !usable(*m)) {
      co_await refuse(Error(OC_E_NOT_FOUND, "The model '" + std::string(id) + "' does not exist.", "model_not_found", "model"));
      co_return;
    }
    add(*m, id);
  } else {
    for (const auto& m : plan_->shared->models.all())
      if (!routing::is_pattern(m->id) && usable(*m)) add(*m, m->id);
  }
  http_status_ = 200;
  match_.surface->table().models(match_.surface->self(), this, &arena_, &http_in_, models.data(), models.size(), &answer_);
  add_headers(false);
  worker_.metrics.answers_by_class[2].add();
  co_await answer_.send();
}

void Exchange::mask_secrets(std::string& text) const {
  if (attempts_ == 0) return;
  for (const Choice& c : choices_)
    for (const std::string& secret : plan_->providers[c.target->provider].secrets) {
      if (secret.size() < 4) continue;
      for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) text.replace(at, secret.size(), "***");
    }
}

}  // namespace onechat::exchange
