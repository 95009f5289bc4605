#include "plugin/operation.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace onechat::plugin {
namespace {

TEST(Operation, CompletesOnceOnTheLoopAndIgnoresTheRest) {
  boost::asio::io_context loop(1);
  OperationPool pool(loop);
  int calls = 0;
  oc_status seen = OC_OK;
  oc_op* op = pool.open([&](oc_status s) {
    ++calls;
    seen = s;
  });
  EXPECT_TRUE(OperationPool::complete(op, OC_E_TIMEOUT));
  EXPECT_EQ(calls, 0) << "never inside complete()";
  EXPECT_FALSE(OperationPool::complete(op, OC_OK));
  loop.run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(seen, OC_E_TIMEOUT);
  EXPECT_FALSE(OperationPool::complete(op, OC_OK));
  EXPECT_EQ(pool.open_count(), 0u);
}

TEST(Operation, AnOldTokenDoesNotCompleteItsSuccessor) {
  boost::asio::io_context loop(1);
  OperationPool pool(loop);
  oc_op* first = pool.open([](oc_status) {});
  OperationPool::complete(first, OC_OK);
  loop.run();
  loop.restart();
  bool second_done = false;
  oc_op* second = pool.open([&](oc_status) { second_done = true; });  // the same slot again
  EXPECT_FALSE(OperationPool::complete(first, OC_OK));
  loop.run();
  EXPECT_FALSE(second_done);
  loop.restart();
  EXPECT_TRUE(OperationPool::complete(second, OC_OK));
  loop.run();
  EXPECT_TRUE(second_done);
}

TEST(Operation, RacingThreadsCompleteItOnce) {
  boost::asio::io_context loop(1);
  OperationPool pool(loop);
  for (int round = 0; round < 500; ++round) {
    int calls = 0;
    oc_op* op = pool.open([&](oc_status) { ++calls; });
    std::atomic<int> won{0};
    std::thread a([&] { won += OperationPool::complete(op, OC_OK); });
    std::thread b([&] { won += OperationPool::complete(op, OC_E_TIMEOUT); });
    a.join();
    b.join();
    loop.restart();
    loop.run();
    ASSERT_EQ(won, 1);
    ASSERT_EQ(calls, 1);
  }
}

}  // namespace
}  // namespace onechat::plugin
