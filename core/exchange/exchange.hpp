// One request from its head to its settled charge. Start reading here.
//
// The coroutine run() walks the configured pipeline; each step lives in a function of its own. Everything is confined to
// the worker's loop. An exchange keeps the configuration it began with, whatever is reloaded meanwhile. However it ends,
// a hold that stands is settled or voided exactly once, and the client gets one answer in its own dialect or sees the
// connection end.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/container/small_vector.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conversation/state_memory.hpp"
#include "exchange/worker.hpp"
#include "net/server.hpp"
#include "surface/answer.hpp"
#include "upstream/attempt.hpp"

namespace onechat::exchange {

inline constexpr std::size_t kTraceBodyMax = 4u << 20;  // bytes of a body that a trace keeps
inline constexpr std::string_view kIdPrefix = "req_";

class Exchange final : public oc_call, public upstream::Downstream {
 public:
  Exchange(Worker& worker, net::Transaction& transaction);
  ~Exchange();
  boost::asio::awaitable<void> run();
  void log() const;  // after run(): one line, whatever became of it

  // oc_call: what plugins call.
  oc_status fail(oc_status status, std::uint32_t http_status, std::string_view message, std::string_view code,
                 std::string_view param) override;
  oc_status emit(const oc_event& event) override;
  oc_status dropped(std::string_view what) override;
  std::string_view request_id() const noexcept override { return request_id_; }
  boost::asio::io_context& loop() noexcept override { return worker_.loop; }

  // Downstream: what attempts call.
  void straight(bool is) override;
  void relay(std::string_view bytes) override;
  boost::asio::awaitable<bool> flush() override;
  std::optional<bool> flush_now() override;
  boost::asio::awaitable<bool> flush_rest() override;
  bool failed() const noexcept override { return failure_.status < 0; }
  bool committed() const noexcept override { return committed_; }
  std::size_t waiting_bytes() const noexcept override;
  void on_output(std::function<void()> bell) override { bell_ = std::move(bell); }
  void drop_output() noexcept override;

 private:
  // Steps (exchange.cpp). A Result's error is what the client gets.
  Result<void> authenticate();
  boost::asio::awaitable<Result<void>> read_request();
  bool read_now(Result<void>& done);  // false: the body is still to come, await read_request()
  Result<void> parse(oc_bytes body);
  Result<void> decide(StepKind kind);
  Result<void> admit();
  Result<void> may_begin() const;
  boost::asio::awaitable<Result<void>> wait_for(const Step& step);
  boost::asio::awaitable<Result<void>> hold();
  bool hold_now(Result<void>& done);  // false: something has to be waited for, await hold()
  boost::asio::awaitable<Result<void>> run_stage(const Stage& stage);
  Result<void> route();
  std::size_t best_door(std::size_t i) const;
  void trace();

  // The call (call_step.cpp).
  boost::asio::awaitable<void> call();
  boost::asio::awaitable<void> attempt(std::size_t position, upstream::AttemptOutcome& outcome);
  boost::asio::awaitable<void> answer(upstream::AttemptOutcome& outcome);
  boost::asio::awaitable<void> answer_whole(upstream::AttemptOutcome& outcome);
  bool try_again(const upstream::AttemptOutcome& outcome, std::size_t& position, std::uint64_t& wait_ms);
  void keep_for_trace();
  void watch_client();
  void lose_client();
  void account(const upstream::AttemptOutcome& outcome, std::size_t position);
  void settle_if_certain();

  boost::asio::awaitable<void> count_tokens_here();

  // What outlives an answer (kept.cpp): answers that clients come back to, and reasoning state.
  boost::asio::awaitable<Result<void>> resume();
  boost::asio::awaitable<void> serve_kept();
  void keep(std::string_view answer_json);
  std::vector<std::string> wanted_state() const;
  boost::asio::awaitable<void> recall_state(std::vector<std::string> ids);
  void remember_state();
  boost::asio::awaitable<Result<std::vector<record::Document>>> load(std::string ns, std::vector<std::string> keys);
  std::string kept_key(std::string_view id) const;

  // Refusals (refusal.cpp).
  boost::asio::awaitable<void> refuse(const Error& error);
  boost::asio::awaitable<void> end_stream_with(const Error& error);
  boost::asio::awaitable<void> list_models();
  void add_headers(bool settled);
  oc_event error_event(const Error& error) const;
  void mask_secrets(std::string& text) const;

  // Stages (stages.cpp) and their metering (exchange.cpp): the bill is for what the provider said, not for what a stage
  // made of it.
  void meter(const oc_event& event);
  bool take(const oc_request& instead);
  // What they make of one event, in place. False: it goes no further; when failed(), the answer does not either.
  bool through_stages(oc_event& event);
  void end_stages();
  bool same_dialect() const noexcept;  // of the client and the target that is being asked

  struct Choice {  // one target of the plan, priced
    const routing::Target* target = nullptr;
    std::string_view model;  // the target's own name for what was asked
    Tariff tariff;
    oc_request* request = nullptr;
  };

  // Money (money.cpp).
  struct Extension {  // of the hold, while the books are asked for it
    bool asking = true;
    oc_status refused = OC_OK;
    std::uint64_t limit_scope = 0, covers = 0;  // covers: output tokens, when granted
    std::int64_t amount = 0;
  };
  bool reserve_now(Result<void>& done);  // from a lease; false: the books have to be asked, await reserve()
  boost::asio::awaitable<Result<void>> reserve();
  Result<void> set_hold_amount();
  void settle();
  Result<std::int64_t> price_of_all(std::uint64_t output_max) const;
  std::uint64_t expected_output() const;
  std::uint64_t affordable_output(std::int64_t nano) const;
  bool clip(std::int64_t available);
  Error refusal_of(const oc_ledger_result& result);
  oc_usage usage_so_far() const;
  void watch_money();
  void extend_if_needed();
  void ask_lease();
  static boost::asio::awaitable<void> ask_more(ledger::Till& till, oc_id128 hold, std::uint64_t account,
                                               std::shared_ptr<Extension> extension);

  // What it may cost, and what it did (rating_step.cpp).
  ledger::Terms terms_of(const Choice& choice) const;
  Result<ledger::Rated> rated(const Choice& choice, const oc_usage& usage) const;
  Result<ledger::Rated> worst_case(const Choice& choice, std::uint64_t output_max) const;
  void charge(std::size_t position);
  bool was_dropped(std::string_view what) const noexcept;

  Worker& worker_;
  Node& node_;
  std::shared_ptr<const WorkerPlan> plan_;
  net::Transaction& transaction_;
  Arena& arena_;
  surface::Match match_;
  oc_http_in http_in_{};
  void* surface_state_ = nullptr;
  surface::Answer answer_;

  oc_id128 id_{};
  std::string_view request_id_;  // as clients see it: "req_" and the id in hex
  std::uint64_t begin_ns_ = 0;
  std::int64_t begin_unix_ms_ = 0;

  std::shared_ptr<const admission::Principal> principal_;
  std::optional<admission::Ticket> ticket_;
  const oc_request* request_ = nullptr;
  const routing::Model* model_ = nullptr;
  boost::container::small_vector<Choice, 2> choices_;
  std::uint32_t attempts_max_ = 1;
  std::string route_reason_;
  bool must_translate_ = false;  // a stage rewrites
  bool resumed_ = false;         // turns of a kept answer stand before the request's own
  std::string resumed_from_;     // provider that keeps that answer too; "": none does
  std::vector<std::string> dropped_;
  std::optional<conversation::StateCollector> state_;  // only where state came and the client cannot carry it

  // Money.
  std::int64_t held_nano_ = 0, cost_nano_ = 0, fee_nano_ = 0;
  ledger::Hold hold_;
  const ledger::HoldRules* hold_rules_ = nullptr;  // the project's, from reserve on
  std::uint64_t covered_output_ = ~0ull;         // tokens that the hold pays for; ~0: all there can be
  std::uint64_t clipped_to_ = 0;                 // 0: the client's own limit stands
  std::uint64_t noted_ns_ = 0, told_ns_ = 0;     // when the journal, and the books, last heard what it cost so far
  std::shared_ptr<Extension> extension_;
  bool settled_ = false, charge_known_ = false;
  std::string rating_json_;  // of the attempt that is being accounted for

  // The answer as it happens.
  Error failure_{OC_OK};       // the current attempt's, as its plugin told it
  std::string failure_json_;   // the same as the upstream wrote it
  Error final_{OC_OK};         // how the exchange ended
  bool committed_ = false, straight_ = false, stream_begun_ = false, rendering_ = false;
  bool client_gone_ = false, usage_seen_ = false, usage_estimated_ = false, finished_ = false, events_seen_ = false;
  oc_usage usage_{};
  std::uint64_t output_bytes_ = 0, output_events_ = 0;
  std::uint64_t first_byte_us_ = 0, upstream_us_ = 0;
  unsigned http_status_ = 0;
  std::uint32_t attempts_ = 0;
  std::size_t served_by_ = 0;
  record::AnswerText answer_text_;
  std::string attempts_json_;
  std::string response_body_;
  std::shared_ptr<net::Cancel> cancel_ = std::make_shared<net::Cancel>();  // a late timer may still hold it
  std::function<void()> bell_;
  std::optional<boost::asio::steady_timer> drain_timer_;
  std::vector<void*> stage_states_;
  std::vector<const Stage*> stages_run_;
};

// The server's handler: one exchange per transaction.
boost::asio::awaitable<void> serve(Worker& worker, net::Transaction& transaction);

}  // namespace onechat::exchange
