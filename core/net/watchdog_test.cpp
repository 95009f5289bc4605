// A deadline is met late rather than early, and moving it costs no timer.
#include "net/watchdog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

namespace onechat::net {
namespace {

using Milliseconds = std::chrono::milliseconds;

struct Alarm : Watchdog::Entry {
  std::function<void()> act;
  int rung = 0;
  std::chrono::steady_clock::time_point at;

 private:
  void on_deadline() override {
    ++rung;
    at = std::chrono::steady_clock::now();
    if (act) act();
  }
};

class WatchdogTest : public ::testing::Test {
 protected:
  boost::asio::io_context loop{1};
  Watchdog dog{loop, system_clock(), 10};
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  Milliseconds after(const Alarm& a) const { return std::chrono::duration_cast<Milliseconds>(a.at - begin); }
};

TEST_F(WatchdogTest, RingsOnceNotBeforeItsTimeAndThenLetsTheLoopEnd) {
  Alarm a, b;
  dog.arm(a, 35);
  dog.arm(b, 5);
  loop.run();  // returns: nothing keeps the timer going
  EXPECT_EQ(a.rung, 1);
  EXPECT_EQ(b.rung, 1);
  EXPECT_GE(after(a), Milliseconds(35));
  EXPECT_GE(after(b), Milliseconds(5));
}

TEST_F(WatchdogTest, TheLastArmCountsWhetherLaterOrEarlier) {
  Alarm later, earlier;
  dog.arm(later, 10);
  dog.arm(later, 80);
  dog.arm(earlier, 60'000);
  dog.arm(earlier, 20);
  loop.run();
  EXPECT_EQ(later.rung, 1);
  EXPECT_GE(after(later), Milliseconds(80));
  EXPECT_EQ(earlier.rung, 1);
  EXPECT_LT(after(earlier), Milliseconds(2'000));
}

TEST_F(WatchdogTest, ADisarmedEntryStaysSilent) {
  Alarm a;
  dog.arm(a, 20);
  dog.disarm(a);
  loop.run();
  EXPECT_EQ(a.rung, 0);
}

TEST_F(WatchdogTest, AnAlarmMayArmAgainAndMayDestroyOthersOfItsSlot) {
  Alarm again;
  again.act = [&] {
    if (again.rung < 3) dog.arm(again, 10);
  };
  auto victim = std::make_unique<Alarm>();
  Alarm killer;
  killer.act = [&] { victim.reset(); };
  dog.arm(again, 10);
  dog.arm(killer, 30);
  dog.arm(*victim, 30);
  loop.run();
  EXPECT_EQ(again.rung, 3);
  EXPECT_EQ(killer.rung, 1);
  EXPECT_EQ(victim, nullptr);
}

TEST_F(WatchdogTest, ADeadlineBeyondTheWheelIsMetToo) {
  Watchdog fast(loop, system_clock(), 1);  // one turn of the wheel is about half a second
  Alarm a;
  fast.arm(a, 700);
  loop.run();
  EXPECT_EQ(a.rung, 1);
  EXPECT_GE(after(a), Milliseconds(700));
}

}  // namespace
}  // namespace onechat::net
