// What money costs a request: holds and settles at a steady rate through the till, as the exchange makes them, on a real
// backend with a journal. Prints one line of JSON.
//
//   bench_ledger PLUGIN_FOLDER USE SETTINGS_JSON DATA_FOLDER direct|leased REQUESTS_PER_S SECONDS
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <cstdio>
#include <deque>
#include <iostream>

#include "ledger/till.hpp"
#include "plugin/instance.hpp"

namespace {

namespace asio = boost::asio;
using namespace onechat;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kWallet = 7;
constexpr std::int64_t kHeld = 2'000'000, kCost = 900'000, kFee = 90'000;  // nano-USD
constexpr std::chrono::milliseconds kTick{1}, kRequestLasts{50};
constexpr double kWarmUpSeconds = 10;  // a key has to be busy for two seconds to get a lease
constexpr std::uint32_t kSettleLingerMs = 25;  // as the gateway has it
constexpr std::size_t kRunningMax = 20'000;

double cpu_seconds(int who) {
  rusage use{};
  ::getrusage(who, &use);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

double us_since(Clock::time_point begin) { return std::chrono::duration<double, std::micro>(Clock::now() - begin).count(); }

double quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

class Load {
 public:
  Load(asio::io_context& loop, ledger::Till& till, double rate, double seconds)
      : till_(till), ids_(3, 12345), timer_(loop), loop_(loop), rate_(rate), seconds_(seconds) {}

  asio::awaitable<void> run() {
    const auto begin = Clock::now();
    double started = 0;
    for (;;) {
      const double at = us_since(begin) / 1e6;
      if (at >= kWarmUpSeconds + seconds_) break;
      if (!measuring_ && at >= kWarmUpSeconds) begin_to_measure();
      settle_what_is_over();
      for (; started < at * rate_; ++started) {
        if (running_ >= kRunningMax) {
          ++left_out_;
          continue;
        }
        asio::co_spawn(loop_, one(), asio::detached);
      }
      timer_.expires_after(kTick);
      co_await timer_.async_wait(asio::use_awaitable);
    }
    cpu_process_ = cpu_seconds(RUSAGE_SELF) - cpu_process_;
    cpu_loop_ = cpu_seconds(RUSAGE_THREAD) - cpu_loop_;
    measuring_ = false;
    while (running_ != 0) {
      settle_what_is_over();
      timer_.expires_after(kTick);
      co_await timer_.async_wait(asio::use_awaitable);
    }
  }

  void print(const std::string& backend, const std::string& mode) {
    const double n = static_cast<double>(reserve_us_.size());
    const double sync_us = till_us_ / std::max(1.0, n);
    std::printf("{\"backend\":\"%s\",\"mode\":\"%s\",\"requests_per_s\":%.0f,\"reserve_p50_us\":%.2f,\"reserve_p99_us\":%.2f,"
                "\"settle_p99_us\":%.2f,\"ledger_cpu_us\":%.2f,\"process_cpu_us\":%.2f,\"from_lease\":%.4f,\"refused\":%llu,"
                "\"left_out\":%llu}\n",
                backend.c_str(), mode.c_str(), n / seconds_, quantile(reserve_us_, 0.5), quantile(reserve_us_, 0.99),
                quantile(settle_us_, 0.99), (cpu_process_ - cpu_loop_) * 1e6 / std::max(1.0, n) + sync_us,
                cpu_process_ * 1e6 / std::max(1.0, n), static_cast<double>(from_lease_) / std::max(1.0, n),
                static_cast<unsigned long long>(refused_), static_cast<unsigned long long>(left_out_));
  }

 private:
  struct Running {
    Clock::time_point ends;
    ledger::Hold hold;
  };

  void begin_to_measure() {
    measuring_ = true;
    cpu_process_ = cpu_seconds(RUSAGE_SELF);
    cpu_loop_ = cpu_seconds(RUSAGE_THREAD);
  }
  asio::awaitable<void> one() {
    ++running_;
    ledger::Hold hold;
    hold.id = ids_.next(system_clock().unix_ms());
    hold.scopes.account = kWallet;
    hold.scopes.key_id = 5;
    hold.scopes.project_id = 6;
    hold.amount = kHeld;
    const bool counts = measuring_;
    const auto begin = Clock::now();
    bool held = till_.take(hold);
    if (counts) till_us_ += us_since(begin);
    const bool leased = held;
    if (!held) {
      const oc_ledger_result r = co_await till_.reserve(hold);
      held = r.status == OC_OK;
    }
    if (counts) {
      reserve_us_.push_back(us_since(begin));
      from_lease_ += leased ? 1 : 0;
      refused_ += held ? 0 : 1;
    }
    if (held)
      over_.push_back({Clock::now() + kRequestLasts, std::move(hold)});
    else
      --running_;
  }
  void settle_what_is_over() {
    const auto now = Clock::now();
    for (; !over_.empty() && over_.front().ends <= now; over_.pop_front()) {
      const auto begin = Clock::now();
      till_.settle(over_.front().hold, kCost, kFee, false);
      --running_;
      if (!measuring_) continue;
      settle_us_.push_back(us_since(begin));
      till_us_ += settle_us_.back();
    }
  }

  ledger::Till& till_;
  IdMaker ids_;
  asio::steady_timer timer_;
  asio::io_context& loop_;
  const double rate_, seconds_;
  bool measuring_ = false;
  std::uint64_t running_ = 0, from_lease_ = 0, refused_ = 0, left_out_ = 0;
  std::deque<Running> over_;
  std::vector<double> reserve_us_, settle_us_;
  double till_us_ = 0, cpu_process_ = 0, cpu_loop_ = 0;
};

int fail(const std::string& why) {
  std::cerr << why << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return fail("usage: bench_ledger PLUGIN_FOLDER USE SETTINGS_JSON DATA_FOLDER direct|leased REQUESTS_PER_S SECONDS");
  const std::string use = argv[2], mode = argv[5];
  plugin::Catalogue catalogue({argv[1]});
  auto found = catalogue.find(OC_KIND_LEDGER, use);
  if (!found) return fail(found.error().message);
  plugin::LoopServices services;
  services.clock = &system_clock();
  services.log = [](std::int32_t level, std::string_view, std::string_view text) {
    if (level >= OC_LOG_ERROR) std::cerr << text << "\n";
  };
  auto instance = plugin::Instance<oc_ledger_backend>::make(*found, services, use, argv[3]);
  if (!instance) return fail(instance.error().message);
  auto journal = ledger::Journal::open(argv[4], ledger::JournalLimits{}, system_clock());
  if (!journal) return fail(journal.error().message);
  ledger::EngineLimits limits;
  limits.post_linger_ms = kSettleLingerMs;
  ledger::LedgerEngine engine({&(*instance)->table(), (*instance)->self()}, limits, system_clock(), journal->get());
  ledger::TillOptions options;
  options.leases.reserves_per_s = mode == "leased" ? 50 : 0;
  ledger::Till till(engine, journal->get(), options, system_clock());
  if (auto begun = till.start(); !begun) return fail(begun.error().message);
  oc_ledger_op deposit{};
  deposit.kind = OC_LOP_DEPOSIT;
  deposit.id = {1, 1};
  deposit.account = kWallet;
  deposit.amount = INT64_MAX / 4;
  engine.apply_blocking(deposit);

  asio::io_context loop;
  Load load(loop, till, std::stod(argv[6]), std::stod(argv[7]));
  asio::co_spawn(loop, load.run(), asio::detached);
  loop.run();
  till.drain();
  engine.drain();
  load.print(use, mode);
  return 0;
}
