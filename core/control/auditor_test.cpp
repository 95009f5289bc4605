#include "control/auditor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "control/control_fixture.hpp"
#include "control/ledger_metrics.hpp"

namespace onechat::control {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class AuditorTest : public testing::Test, protected ControlFixture {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(plane->boot().has_value());
  }
  static std::string metrics(const Audit& audit, std::int64_t now) {
    MetricsText out;
    add_audit_metrics(out, audit, now);
    return out.text();
  }
};

TEST_F(AuditorTest, ChecksByItselfAndKeepsWhatItFound) {
  fake_ledger.breached = true;
  Auditor auditor(plane->books(), system_clock(), {.verify_every = 5ms});
  for (int i = 0; i < 1'000 && auditor.last().done < 3; ++i) std::this_thread::sleep_for(2ms);
  auditor.stop();
  const Audit last = auditor.last();
  EXPECT_GE(last.done, 3u);
  EXPECT_EQ(last.problems, 1u);
  EXPECT_EQ(last.transfers, 1u);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(auditor.last().done, last.done) << "nothing runs after stop()";
}

// A check of a large ledger may not keep its thread from commits.
TEST_F(AuditorTest, AChecksOwnBackendIsAskedWhereThereIsOne) {
  FakeLedger other;
  other.breached = true;
  bool there = true;
  Books books(&ledger, [&](const std::function<void(const ledger::Backend&)>& question) {
    if (there) question({FakeLedger::table(), &other});
    return there;
  });
  EXPECT_EQ(books.verify()->breaches.size(), 1u);
  there = false;
  EXPECT_TRUE(books.verify()->breaches.empty());
}

TEST_F(AuditorTest, WithoutAnIntervalOnlyOnDemand) {
  Auditor auditor(plane->books(), system_clock(), {});
  EXPECT_EQ(auditor.last().done, 0u);
  EXPECT_TRUE(auditor.verify()->breaches.empty());
  EXPECT_EQ(auditor.last().done, 1u);
}

TEST_F(AuditorTest, AgeAndProblemsAreToldOnceACheckHasRun) {
  EXPECT_THAT(metrics({}, 5'000), HasSubstr("onechat_ledger_verify_total{result=\"done\"} 0"));
  EXPECT_THAT(metrics({}, 5'000), Not(HasSubstr("problems")));
  Audit audit;
  audit.done = 2;
  audit.failed = 1;
  audit.ended_unix_ms = 1'000;
  audit.problems = 3;
  const std::string text = metrics(audit, 5'000);
  EXPECT_THAT(text, HasSubstr("onechat_ledger_verify_problems 3"));
  EXPECT_THAT(text, HasSubstr("onechat_ledger_verify_age_seconds 4"));
  EXPECT_THAT(text, HasSubstr("onechat_ledger_verify_total{result=\"failed\"} 1"));
}

}  // namespace
}  // namespace onechat::control
