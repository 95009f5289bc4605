// Random traffic against the reference ledger.
#include "checks.hpp"
#include "report.hpp"
#include "tests/ledger/model_run.hpp"
#include "tests/ledger/test_calendar.hpp"

namespace onechat::conformance {
namespace {

// Ops of one seed; then new books, so that a world does not outlive what a backend has to remember.
constexpr long kOpsPerSeed = 25'000;

ledger_test::ReferenceLedger::Window calendar(std::uint32_t period, const std::string& zone, std::int64_t at_ms) {
  return ledger_test::test_window(period, zone, at_ms).value();
}

}  // namespace

std::string check_model(Subject& subject, std::uint64_t seed, std::uint64_t ops) {
  const bool lasting = subject.can(OC_LEDGER_CAP_DURABLE_ACK) && subject.has_places();
  const std::int64_t noon = now_ms();
  unsigned reopened = 0;
  long done = 0;
  std::set<std::pair<std::uint32_t, oc_status>> seen;
  for (std::uint64_t s = seed; done < static_cast<long>(ops); ++s) {
    const Place place = subject.place();
    auto books = subject.open(place);
    if (!books) throw Broken(books.error().message);
    ledger_test::ModelOptions options;
    options.seed = s;
    options.ops = std::min(kOpsPerSeed, static_cast<long>(ops) - done);
    for (const auto& zone : ledger_test::kTestZones) options.zones.emplace_back(zone.name);
    ledger_test::ModelRun* running = nullptr;
    if (lasting)
      options.between = [&] {
        books->reset();
        books = subject.reopen(place);
        if (!books) throw Broken("seed " + std::to_string(s) + ": cannot be opened again: " + books.error().message);
        running->instance = (*books)->self();
        ++reopened;
      };
    ledger_test::ModelRun run(options, calendar, now_ms());
    running = &run;
    run.backend = &(*books)->table();
    const oc_ledger_backend table = *run.backend;  // the same for every instance; the books themselves may change
    run.backend = &table;
    run.instance = (*books)->self();
    if (const std::string what = run.run(); !what.empty())
      throw Broken(what + ((*books)->last_error.empty() ? "" : " (it logged: " + (*books)->last_error + ")"));
    done += run.ops_done();
    seen.insert(run.seen.begin(), run.seen.end());
  }
  now_ms() = std::max(noon, now_ms());
  return "seed " + std::to_string(seed) + ": " + std::to_string(done) + " ops answered as by the reference, " +
         std::to_string(seen.size()) + " kinds of answers, " + std::to_string(reopened) + " times opened again";
}

}  // namespace onechat::conformance
