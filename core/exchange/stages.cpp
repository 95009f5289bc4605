#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "exchange/exchange.hpp"

namespace onechat::exchange {

namespace asio = boost::asio;
using plugin::Timed;

namespace {

Error refusal(std::int32_t said, const char* what) {
  if (said < 0) return Error(said, std::string(what) + " could not be checked. Please try again.", "stage_failed");
  return Error(OC_E_INVALID, std::string(what) + " was refused by a guardrail.", "content_policy");
}

}  // namespace

asio::awaitable<Result<void>> Exchange::run_stage(const Stage& stage) {
  const oc_stage& table = stage.table();
  void* state = arena_.allocate(table.call_state_size + 16, 16);
  if (state == nullptr) co_return Error(OC_E_TOO_LARGE, "The request is too large.");
  std::memset(state, 0, table.call_state_size);
  stages_run_.push_back(&stage);
  stage_states_.push_back(state);
  must_translate_ = must_translate_ || (table.needs & OC_NEED_REWRITE) != 0;
  if ((table.needs & OC_NEED_REQUEST) == 0) co_return Result<void>();

  asio::steady_timer bell(worker_.loop, asio::steady_timer::time_point::max());
  bool completed = false;
  oc_status verdict = OC_OK;
  oc_op* op = worker_.operations.open([&](oc_status s) {
    completed = true;
    verdict = s;
    bell.cancel();
  });
  const oc_request* rewritten = nullptr;  // an asynchronous stage fills it until it completes
  std::int32_t said = plugin::timed(stage.times(Timed::request), [&] {
    return table.request(stage.self(), this, state, &arena_, request_, &rewritten, op);
  });
  if (said != OC_STAGE_ASYNC) plugin::OperationPool::complete(op, OC_OK);
  boost::system::error_code ec;
  while (!completed) co_await bell.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (said == OC_STAGE_ASYNC) said = verdict;
  if (failed()) co_return failure_;  // whatever it said: not let through
  if (said == OC_STAGE_REFUSE || said < 0) co_return refusal(said, "The request");
  if (rewritten != nullptr) {
    if (!take(*rewritten)) co_return Error(OC_E_INTERNAL, "A stage gave an impossible request.");
    must_translate_ = true;  // the client's bytes say something else now
  }
  co_return Result<void>();
}

bool Exchange::take(const oc_request& instead) {
  auto* own = arena_.make<oc_request>();
  if (!plugin::normalise(&instead, *own)) return false;
  own->struct_size = sizeof *own;
  if (own->n == 0) own->n = 1;
  own->model = str(arena_.copy(view(own->model)));  // the log line tells it after the stages' end()
  request_ = own;
  return true;
}

bool Exchange::through_stages(oc_event& event) {
  for (std::size_t i = 0; i < stages_run_.size(); ++i) {
    const oc_stage& table = stages_run_[i]->table();
    if ((table.needs & OC_NEED_EVENTS) == 0) continue;
    const oc_event* rewritten = nullptr;
    const std::int32_t said = plugin::timed(stages_run_[i]->times(Timed::event), [&] {
      return table.event(stages_run_[i]->self(), this, stage_states_[i], &worker_.scratch, &event, &rewritten);
    });
    if (!failed() && (said == OC_STAGE_REFUSE || said < 0)) failure_ = refusal(said, "The answer");
    if (failed()) return false;
    if ((table.needs & OC_NEED_REWRITE) == 0) continue;  // it reads: the same on either lane
    if (said == OC_STAGE_DROP) return false;
    if (rewritten == nullptr) continue;
    oc_event next;
    if (!plugin::normalise(rewritten, next)) {
      failure_ = Error(OC_E_INTERNAL, "A stage gave an impossible event.");
      return false;
    }
    event = next;
    event.struct_size = sizeof event;
  }
  return true;
}

void Exchange::end_stages() {
  for (std::size_t i = 0; i < stages_run_.size(); ++i) {
    const oc_stage& table = stages_run_[i]->table();
    if ((table.needs & OC_NEED_END) != 0) table.end(stages_run_[i]->self(), this, stage_states_[i], &usage_, final_.status);
  }
  stages_run_.clear();
}

}  // namespace onechat::exchange
