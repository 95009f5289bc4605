// A stage that makes up its mind later: from the loop's timer or from a thread of its own, once or twice.
#include <onechat/onechat.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace {

// A thread of the plugin's that does things when they are due; what is still waiting at the end is done at once.
class Later {
 public:
  ~Later() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    bell_.notify_one();
    thread_.join();
  }
  void after(std::chrono::milliseconds wait, std::function<void()> what) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace(Clock::now() + wait, std::move(what));
    }
    bell_.notify_one();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void run() {
    std::unique_lock lock(mutex_);
    while (!ending_ || !waiting_.empty()) {
      if (waiting_.empty()) {
        bell_.wait(lock);
      } else if (const auto due = waiting_.begin()->first; !ending_ && Clock::now() < due) {
        bell_.wait_until(lock, due);
      } else {
        const auto what = waiting_.extract(waiting_.begin());
        lock.unlock();
        what.mapped()();
        lock.lock();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable bell_;
  std::multimap<Clock::time_point, std::function<void()>> waiting_;
  bool ending_ = false;
  std::thread thread_{[this] { run(); }};
};

// One request under consideration, with the memory of what it is rewritten to. Lives until the stage's end().
struct Job {
  const oc_host* host;
  oc_call* call;
  oc_op* op;
  const oc_request** out;
  const std::string* verdict;
  const oc_request* given;
  Later* again;  // completes a second time; null: it does not
  oc_part part = oc::sized<oc_part>();
  oc_turn turn = oc::sized<oc_turn>();
  oc_request request{};
  const oc_part* parts[1]{&part};
  const oc_turn* turns[1]{&turn};
};

class Wait {
 public:
  struct State {
    Job* job;
  };
  static constexpr std::uint32_t kNeeds = OC_NEED_REQUEST | OC_NEED_END;

  Wait(const oc_host* host, oc::Json settings)
      : host_(host),
        from_(settings["from"].str()),
        verdict_(settings["then"].str()),
        twice_(settings["twice"].boolean()) {}

  std::int32_t request(const oc::Call& call, State& state, const oc_request& in, const oc_request** out, oc_op* async) {
    state.job = new Job{host_, call.handle, async, out, &verdict_, &in, twice_ ? &later_ : nullptr};
    if (from_ == "timer") host_->timer(host_->ctx, 5, decide, state.job);
    if (from_ == "offload")
      host_->offload(
          host_->ctx, [](void*) {}, decide, state.job);
    if (from_ == "thread") later_.after(std::chrono::milliseconds(2), [job = state.job] { decide(job); });
    return OC_STAGE_ASYNC;
  }
  void end(oc_call*, State& state, const oc_usage&, oc_status status) {
    delete state.job;
    const std::string line = "end " + std::to_string(status);
    host_->log(host_->ctx, OC_LOG_INFO, oc::str(line));
  }

 private:
  static void OC_CALL decide(void* arg) noexcept {
    Job& job = *static_cast<Job*>(arg);
    const std::string& verdict = *job.verdict;
    std::int32_t status = OC_STAGE_CONTINUE;
    if (verdict == "refuse") status = OC_STAGE_REFUSE;
    if (verdict == "unavailable") status = OC_E_UNAVAILABLE;
    if (verdict == "refuse with words") {
      status = OC_STAGE_REFUSE;
      job.host->fail(job.call, OC_E_INVALID, 422, oc::str("Not today."), oc::str("closed"), oc::str("messages"));
    }
    if (verdict == "rewrite") rewrite(job);
    const auto complete = job.host->complete;
    oc_op* const op = job.op;
    Later* const again = job.again;
    complete(op, status, nullptr);  // the job may be gone after it
    if (again != nullptr) again->after(std::chrono::milliseconds(30), [=] { complete(op, OC_E_INTERNAL, nullptr); });
  }
  static void rewrite(Job& job) noexcept {
    job.part.type = OC_PART_TEXT;
    job.part.text = oc::str("rewritten later");
    job.turn.role = OC_ROLE_USER;
    job.turn.parts = job.parts;
    job.turn.n_parts = 1;
    job.request = *job.given;
    job.request.raw = {};
    job.request.turns = job.turns;
    job.request.n_turns = 1;
    *job.out = &job.request;
  }

  const oc_host* host_;
  const std::string from_, verdict_;
  const bool twice_;
  Later later_;
};

constexpr char kSchema[] = R"({"type":"object","required":["from","then"],"additionalProperties":false,"properties":{
  "from":{"enum":["timer","offload","thread"]},
  "then":{"enum":["continue","refuse","refuse with words","unavailable","rewrite"]},
  "twice":{"type":"boolean"}}})";

}  // namespace

ONECHAT_STAGE(Wait, "stage.test_wait", "0.9.0", "Decides later", kSchema, 0)
