// Names are asked for once, kept for a while, and an old answer beats none.
#include "net/resolver.hpp"

#include <gtest/gtest.h>
#include <netdb.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>

#include "net/client_interrupt.hpp"

namespace onechat::net {
namespace {

using boost::asio::awaitable;
using boost::asio::ip::make_address;

class TestClock final : public Clock {
 public:
  std::uint64_t now_ns() const noexcept override { return now; }
  std::int64_t unix_ms() const noexcept override { return 0; }
  std::uint64_t now = 1'000'000'000;
};

class ResolverTest : public testing::Test {
 protected:
  // Starts a resolve whose outcome lands in `text`.
  void ask(std::string& text, Cancel& cancel, std::string name = "name.test") {
    boost::asio::co_spawn(loop_, one(text, cancel, std::move(name)), boost::asio::detached);
    poll();
  }
  awaitable<void> one(std::string& text, Cancel& cancel, std::string name) {
    Interrupt interrupt(watchdog_, cancel);
    auto found = co_await resolver_->resolve(std::move(name), interrupt);
    if (!found)
      text = std::string(status_name(found.error().status));
    else
      for (const auto& a : *found) text += a.to_string() + " ";
  }
  void poll() {
    loop_.restart();
    loop_.poll();
  }
  void answer(boost::system::error_code ec, const char* address = "") {
    const auto done = std::exchange(pending_, nullptr);
    ASSERT_TRUE(done);
    Resolver::Addresses found;
    if (*address != '\0') found.push_back(make_address(address));
    done(ec, found);
    poll();
  }

  boost::asio::io_context loop_{1};
  TestClock clock_;
  Watchdog watchdog_{loop_, system_clock()};
  Resolver::Done pending_;
  std::shared_ptr<Resolver> resolver_ = std::make_shared<Resolver>(
      loop_, 1'000, [this](const std::string&, Resolver::Done done) { pending_ = std::move(done); }, clock_);
};

const boost::system::error_code kNotFound = boost::asio::error::host_not_found;

TEST_F(ResolverTest, ALiteralAddressIsItsOwnAnswer) {
  Cancel cancel;
  std::string four, six;
  ask(four, cancel, "127.0.0.1");
  ask(six, cancel, "::1");
  EXPECT_EQ(four + six, "127.0.0.1 ::1 ");
  EXPECT_EQ(resolver_->queries(), 0u);
}

TEST_F(ResolverTest, OneQueryServesAllWhoWaitAndThoseWhoComeWithinItsTime) {
  Cancel cancels[3];
  std::string texts[3];
  ask(texts[0], cancels[0]);
  ask(texts[1], cancels[1]);
  EXPECT_EQ(resolver_->queries(), 1u);
  answer({}, "10.0.0.1");
  clock_.now += 900'000'000;
  ask(texts[2], cancels[2]);
  for (const auto& t : texts) EXPECT_EQ(t, "10.0.0.1 ");
  EXPECT_EQ(resolver_->queries(), 1u);
  clock_.now += 200'000'000;
  std::string later;
  ask(later, cancels[0]);
  EXPECT_EQ(resolver_->queries(), 2u);
  answer({}, "10.0.0.2");
  EXPECT_EQ(later, "10.0.0.2 ");
}

TEST_F(ResolverTest, AnOldAnswerServesWhileResolvingFails) {
  Cancel cancel;
  std::string first, stale, held, fresh;
  ask(first, cancel);
  answer({}, "10.0.0.1");
  clock_.now += 5'000'000'000;
  ask(stale, cancel);
  answer(kNotFound);
  EXPECT_EQ(stale, "10.0.0.1 ");
  ask(held, cancel);  // not asked again at once
  EXPECT_EQ(held, "10.0.0.1 ");
  EXPECT_EQ(resolver_->queries(), 2u);
  clock_.now += 2'000'000'000;
  ask(fresh, cancel);
  answer({}, "10.0.0.2");
  EXPECT_EQ(fresh, "10.0.0.2 ");
}

TEST_F(ResolverTest, AnOldAnswerServesWhenResolvingHangs) {
  Cancel cancel;
  std::string first, stale;
  ask(first, cancel);
  answer({}, "10.0.0.1");
  clock_.now += 5'000'000'000;
  ask(stale, cancel);
  EXPECT_EQ(stale, "");
  loop_.restart();
  loop_.run_for(std::chrono::milliseconds(Resolver::kPatienceMs + 300));
  EXPECT_EQ(stale, "10.0.0.1 ");
}

TEST_F(ResolverTest, AFailureWithoutAnOldAnswerIsAskedAgain) {
  Cancel cancel;
  std::string first, second, third;
  ask(first, cancel);
  answer(kNotFound);
  EXPECT_EQ(first, "io");
  ask(second, cancel);
  answer({});  // no error, no address
  EXPECT_EQ(second, "io");
  ask(third, cancel);
  answer({}, "10.0.0.1");
  EXPECT_EQ(third, "10.0.0.1 ");
}

TEST_F(ResolverTest, WhoIsCancelledLeavesTheOthersAlone) {
  Cancel gone, stays;
  std::string first, second;
  ask(first, gone);
  ask(second, stays);
  gone.request();
  poll();
  EXPECT_EQ(first, "cancelled");
  EXPECT_EQ(second, "");
  answer({}, "10.0.0.1");
  EXPECT_EQ(second, "10.0.0.1 ");
}

TEST_F(ResolverTest, AnAnswerAfterTheResolversEndIsIgnored) {
  Cancel cancel;
  std::string text;
  ask(text, cancel);
  cancel.request();
  poll();
  resolver_.reset();
  answer({}, "10.0.0.1");
  EXPECT_EQ(text, "cancelled");
}

// The operating system's resolver, on a name that needs no network.
TEST_F(ResolverTest, TheSystemKnowsLocalhost) {
  addrinfo* known = nullptr;
  if (::getaddrinfo("localhost", nullptr, nullptr, &known) != 0) GTEST_SKIP() << "no /etc/hosts: this system does not";
  ::freeaddrinfo(known);
  resolver_ = std::make_shared<Resolver>(loop_, 1'000, system_lookup(loop_));
  Cancel cancel;
  std::string text;
  ask(text, cancel, "localhost");
  for (int i = 0; i < 50 && text.empty(); ++i) {
    loop_.restart();
    loop_.run_for(std::chrono::milliseconds(100));
  }
  EXPECT_TRUE(text.find("127.0.0.1") != std::string::npos || text.find("::1") != std::string::npos) << text;
}

}  // namespace
}  // namespace onechat::net
