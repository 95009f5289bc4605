#include "admission/key_table.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace onechat::admission {
namespace {

std::shared_ptr<const Principal> principal_of(std::uint64_t number) {
  auto p = std::make_shared<Principal>();
  p->key_number = number;
  p->key_id = std::to_string(number);
  p->project = std::make_shared<Project>();
  return p;
}

Sha256 hash_of(std::uint64_t number) { return sha256(std::to_string(number)); }

TEST(KeyTable, FindsWhatWasPutAndNothingElse) {
  KeyTable table;
  EXPECT_EQ(table.find(hash_of(1)), nullptr);
  for (std::uint64_t i = 0; i < 1'000; ++i) table.put(hash_of(i), principal_of(i));
  EXPECT_EQ(table.size(), 1'000u);
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const auto found = table.find(hash_of(i));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->key_number, i);
  }
  EXPECT_EQ(table.find(hash_of(1'000)), nullptr);
}

TEST(KeyTable, AChangeIsSeenByTheNextLookUpAndHoldersKeepTheirs) {
  KeyTable table;
  table.put(hash_of(1), principal_of(1));
  const auto before = table.find(hash_of(1));
  table.put(hash_of(1), principal_of(2));
  EXPECT_EQ(table.find(hash_of(1))->key_number, 2u);
  table.erase(hash_of(1));
  EXPECT_EQ(table.find(hash_of(1)), nullptr);
  EXPECT_EQ(before->key_number, 1u);
  EXPECT_EQ(table.size(), 0u);
}

TEST(KeyTable, ReplacedAsAWholeItHoldsTheNewEntriesOnly) {
  KeyTable table;
  table.put(hash_of(1), principal_of(1));
  table.replace({{hash_of(2), principal_of(2)}, {hash_of(3), principal_of(3)}});
  EXPECT_EQ(table.find(hash_of(1)), nullptr);
  EXPECT_EQ(table.find(hash_of(3))->key_number, 3u);
  EXPECT_EQ(table.entries().size(), 2u);
}

// Readers never miss a key that is always there, and never see one half-changed.
TEST(KeyTable, ReadersAndAWriterAtOnce) {
  KeyTable table;
  for (std::uint64_t i = 0; i < 64; ++i) table.put(hash_of(i), principal_of(i));
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> wrong{0}, looked{0};
  {
    std::vector<std::jthread> readers;
    for (std::uint64_t r = 0; r < 3; ++r)
      readers.emplace_back([&, r] {
        for (std::uint64_t i = r; !stop.load(std::memory_order_relaxed); ++i) {
          const auto found = table.find(hash_of(i % 64));
          if (!found || found->key_number % 1'000 != i % 64 || std::to_string(found->key_number) != found->key_id)
            ++wrong;
          found->meter->in_flight.fetch_add(1, std::memory_order_relaxed);
          ++looked;
        }
      });
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    for (std::uint64_t i = 0; std::chrono::steady_clock::now() < end; ++i) {
      table.put(hash_of(i % 64), principal_of(i % 64 + 1'000 * (i % 7)));
      table.put(hash_of(100 + i), principal_of(1));
      table.erase(hash_of(100 + i));
    }
    stop = true;
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(looked, 100u);
}

}  // namespace
}  // namespace onechat::admission
