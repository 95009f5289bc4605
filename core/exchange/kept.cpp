// What outlives an answer: answers that a client may come back to by their id, and the reasoning state of tool calls.
// Both lie in the store, under the project that they belong to, and end by themselves.
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "exchange/exchange.hpp"

namespace onechat::exchange {

namespace asio = boost::asio;
using Documents = Result<std::vector<record::Document>>;

namespace {

constexpr char kAnswers[] = "answer", kStates[] = "state";
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kAnswerTtlMs = 30 * kDayMs;  // as long as OpenAI keeps them
constexpr std::int64_t kStateTtlMs = 7 * kDayMs;
constexpr std::size_t kIdMax = 256;

// A kept answer as it is stored: the provider that has it too ("" when it was translated), a line feed, the surface's document.
struct Kept {
  explicit Kept(std::string_view stored)
      : provider(stored.substr(0, stored.find('\n'))), document(stored.substr(std::min(stored.size(), provider.size() + 1))) {}
  static std::string text(std::string_view provider, std::string_view document) {
    return std::string(provider) + "\n" + std::string(document);
  }
  std::string_view provider, document;
};

// A wait on a loop for something that another thread brings.
template <class T>
struct Wait {
  explicit Wait(asio::io_context& loop) : bell(loop, asio::steady_timer::time_point::max()) {}
  asio::steady_timer bell;
  std::optional<T> result;
};

template <class T>
std::function<void(T)> bring(asio::io_context& loop, const std::shared_ptr<Wait<T>>& wait) {
  return [&loop, wait](T result) {
    asio::post(loop, [wait, result = std::move(result)]() mutable {
      wait->result.emplace(std::move(result));
      wait->bell.cancel();
    });
  };
}

template <class T>
asio::awaitable<T> brought(std::shared_ptr<Wait<T>> wait) {
  boost::system::error_code ec;
  while (!wait->result) co_await wait->bell.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  co_return std::move(*wait->result);
}

Error no_such_answer(std::string_view id, std::string_view field) {
  const bool previous = field == "previous_response_id";
  Error error(OC_E_NOT_FOUND, (previous ? "Previous response with id '" : "Response with id '") + std::string(id) + "' not found.",
              previous ? "previous_response_not_found" : "response_not_found", std::string(field));
  error.http_status = previous ? 400 : 404;
  return error;
}

}  // namespace

// Ids are the client's words: the project before them keeps one project out of the other's.
std::string Exchange::kept_key(std::string_view id) const {
  return std::to_string(principal_ ? principal_->project->id : 0) + "/" + std::string(id);
}

asio::awaitable<Documents> Exchange::load(std::string ns, std::vector<std::string> keys) {
  auto wait = std::make_shared<Wait<Documents>>(worker_.loop);
  node_.store.get_later(std::move(ns), std::move(keys), bring(worker_.loop, wait));
  co_return co_await brought(std::move(wait));
}

// The turns that the request continues, before its own.
asio::awaitable<Result<void>> Exchange::resume() {
  const std::string_view id = view(request_->previous_id);
  const oc_surface& table = match_.surface->table();
  if (id.empty() || table.resume == nullptr) co_return Result<void>();
  if (id.size() > kIdMax) co_return no_such_answer(id.substr(0, kIdMax), "previous_response_id");
  std::vector<std::string> keys{kept_key(id)};
  Documents found = co_await load(kAnswers, std::move(keys));
  if (!found) co_return found.error();
  if (found->empty()) co_return no_such_answer(id, "previous_response_id");
  const Kept answer(arena_.copy(found->front().value));
  const std::string_view kept = answer.document;
  const oc_request* whole = nullptr;
  if (table.resume(match_.surface->self(), this, surface_state_, &arena_, request_, bytes(kept), &whole) < 0 || whole == nullptr)
    co_return failed() ? failure_ : Error(OC_E_INTERNAL, "The previous response could not be continued.");
  if (whole != request_ && !take(*whole)) co_return Error(OC_E_INTERNAL, "The previous response could not be continued.");
  resumed_ = true;
  resumed_from_ = answer.provider;
  co_return Result<void>();
}

// Retrieve, delete, cancel and list the input of a kept answer.
asio::awaitable<void> Exchange::serve_kept() {
  const oc_surface& table = match_.surface->table();
  const std::string_view id = view(request_->previous_id);
  if (table.kept == nullptr || id.empty() || id.size() > kIdMax || !principal_) {
    co_await refuse(no_such_answer(id.substr(0, kIdMax), ""));
    co_return;
  }
  std::vector<std::string> keys{kept_key(id)};
  Documents found = co_await load(kAnswers, std::move(keys));
  if (!found || found->empty()) {
    const Error error = found ? no_such_answer(id, "") : found.error();
    co_await refuse(error);
    co_return;
  }
  if (request_->op == OC_OP_DELETE) {
    auto wait = std::make_shared<Wait<Result<void>>>(worker_.loop);
    node_.store.erase_later(kAnswers, kept_key(id), bring(worker_.loop, wait));
    const Result<void> erased = co_await brought(std::move(wait));
    if (!erased && erased.error().status != OC_E_NOT_FOUND) {
      co_await refuse(erased.error());
      co_return;
    }
  }
  if ((request_->flags & OC_REQ_STREAM) != 0) answer_.stream();
  const Kept answer(arena_.copy(found->front().value));
  const std::string_view kept = answer.document;
  if (table.kept(match_.surface->self(), this, surface_state_, &arena_, request_, bytes(kept), &answer_) < 0) {
    const Error error = failed() ? failure_ : Error(OC_E_INTERNAL, "The response could not be told.");
    co_await refuse(error);
    co_return;
  }
  http_status_ = answer_.status();
  worker_.metrics.answers_by_class[std::min(http_status_ / 100, 5u)].add();
  add_headers(false);
  if (!answer_.streaming()) {
    co_await answer_.send();
    co_return;
  }
  stream_begun_ = true;
  answer_.start_stream();
  if (co_await transaction_.flush()) co_await transaction_.finish_stream();
}

// Hands the answer to the store before its last bytes leave: whoever asks for it after them finds it.
void Exchange::keep(std::string_view answer_json) {
  const oc_surface& table = match_.surface->table();
  if ((request_->flags & OC_REQ_KEEP) == 0 || table.keep == nullptr || !principal_) return;
  oc_str id{};
  oc_bytes kept{};
  if (table.keep(match_.surface->self(), this, surface_state_, &arena_, str(answer_json), &id, &kept) < 0 || id.len == 0) return;
  const std::string_view provider = straight_ ? std::string_view(choices_[served_by_].target->provider_name) : std::string_view();
  node_.store.put_later(kAnswers, kept_key(view(id)), Kept::text(provider, view(kept)), node_.clock.unix_ms() + kAnswerTtlMs,
                        [](const Result<void>&) {});  // the store counts what fails
}

// Ids of state that some target wants and the client's dialect could not carry.
std::vector<std::string> Exchange::wanted_state() const {
  if ((match_.surface->table().flags & OC_SURF_CARRIES_STATE) != 0 || !principal_) return {};
  bool wanted = false;
  for (const Choice& c : choices_) {
    const ProviderRuntime& p = plan_->providers[c.target->provider];
    const bool same = p.codec && view(p.codec->table().dialect) == view(request_->dialect);
    wanted = wanted || (!same && (p.caps & OC_PROV_CAP_STATE) != 0);
  }
  return wanted ? conversation::missing_state(*request_) : std::vector<std::string>();
}

asio::awaitable<void> Exchange::recall_state(std::vector<std::string> ids) {
  std::vector<std::string> keys;
  for (const std::string& id : ids) keys.push_back(kept_key(std::string_view(id).substr(0, kIdMax)));
  const std::size_t prefix = kept_key("").size();
  Documents found = co_await load(kStates, std::move(keys));
  if (!found) co_return;  // the target is asked without it, and says so if it cannot do that
  std::vector<conversation::KeptState> states;
  for (record::Document& d : *found) states.push_back({d.key.substr(prefix), std::move(d.value)});
  if (!states.empty()) request_ = conversation::with_state(arena_, *request_, states);
}

void Exchange::remember_state() {
  if (!state_ || state_->key().empty() || !principal_) return;
  node_.store.put_later(kStates, kept_key(state_->key().substr(0, kIdMax)), state_->json(), node_.clock.unix_ms() + kStateTtlMs,
                        [](const Result<void>&) {});  // the store counts what fails
}

}  // namespace onechat::exchange
