// Reading on a second thread while the first one applies.
#include <chrono>
#include <semaphore>
#include <thread>

#include "checks.hpp"
#include "report.hpp"
#include "traffic.hpp"

namespace onechat::conformance {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kBatches = 120;
constexpr seconds kPatience{5};

void post(Books& books, const Ops& ops) {
  Results results;
  if (books.apply(ops, results) != OC_OK) throw Broken("a batch failed beside a reader: " + books.last_error);
}

// A statement that stops at its first line until somebody says that it may go on.
struct SlowStatement {
  std::binary_semaphore reading{0}, go_on{0};
  std::size_t lines = 0;
  bool in_time = true;

  oc_status read(Books& books) {
    const auto each = [](void* self, const oc_ledger_entry*) {
      auto& me = *static_cast<SlowStatement*>(self);
      if (me.lines++ != 0) return;
      me.reading.release();
      me.in_time = me.go_on.try_acquire_for(kPatience);
    };
    return books.table().statement(books.self(), 1, 0, INT64_MAX, each, this);
  }
};

void check_statement(Books& books, const Ops& meanwhile) {
  const std::size_t before = books.statement(1, 0, INT64_MAX).size();
  SlowStatement slow;
  oc_status status = OC_E_INTERNAL;
  std::jthread reader([&] { status = slow.read(books); });
  if (!slow.reading.try_acquire_for(kPatience)) throw Broken("a statement of a wallet in use has no lines");
  post(books, meanwhile);
  slow.go_on.release();
  reader.join();
  if (!slow.in_time) throw Broken("nothing was posted until a statement was read");
  if (status != OC_OK) throw Broken("a statement answered status " + std::to_string(status));
  if (slow.lines != before) throw Broken("a statement has lines of what was posted while it was read");
  if (books.statement(1, 0, INT64_MAX).size() <= before) throw Broken("what was posted beside a statement is not there");
}

std::uint64_t check_verify(Books& books, const Traffic& traffic) {
  std::uint64_t checks = 0;
  std::string found;
  std::jthread reader([&](const std::stop_token& stop) {
    std::uint64_t transfers = 0;
    while ((!stop.stop_requested() || checks == 0) && found.empty()) {
      const Verified v = books.verify();
      if (!v.clean()) found = v.problems.empty() ? "status " + std::to_string(v.status) : v.problems.front();
      if (v.transfers < transfers) found = "fewer transfers than before";
      transfers = v.transfers;
      ++checks;
    }
  });
  for (std::uint64_t n = 1; n <= kBatches; ++n) post(books, traffic.batch(n));
  reader.request_stop();
  reader.join();
  if (!found.empty()) throw Broken("verify beside batches: " + found);
  return checks;
}

}  // namespace

std::string check_aside(Subject& subject, std::uint64_t seed) {
  if (!subject.can(OC_LEDGER_CAP_READ_ASIDE)) throw NotClaimed("no capability READ_ASIDE");
  auto opened = subject.open(subject.place());
  if (!opened) throw Broken(opened.error().message);
  Books& books = **opened;
  const Traffic traffic(seed);
  post(books, {op_of(OC_LOP_DEPOSIT, traffic.id(kBatches + 1, 0), 1, 5)});
  check_statement(books, {op_of(OC_LOP_DEPOSIT, traffic.id(kBatches + 1, 1), 1, 7)});
  const std::uint64_t checks = check_verify(books, traffic);
  return "seed " + std::to_string(seed) + ": " + std::to_string(checks) + " checks beside " + std::to_string(kBatches) +
         " batches";
}

}  // namespace onechat::conformance
