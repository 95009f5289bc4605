#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "base/arena.hpp"
#include "base/ids.hpp"
#include "base/mailbox.hpp"

namespace onechat {
namespace {

TEST(Arena, GivesAlignedMemoryThatDoesNotOverlap) {
  Arena arena;
  std::vector<std::pair<char*, std::size_t>> taken;
  for (std::size_t size : {1u, 7u, 64u, 20'000u, 3u, 16'384u, 100'000u, 5u})
    for (std::size_t align : {1u, 8u, 64u}) {
      auto* p = static_cast<char*>(arena.allocate(size, align));
      ASSERT_NE(p, nullptr);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % align, 0u);
      std::memset(p, static_cast<int>(taken.size()), size);
      taken.emplace_back(p, size);
    }
  for (std::size_t i = 0; i < taken.size(); ++i)
    for (std::size_t b = 0; b < taken[i].second; ++b) ASSERT_EQ(taken[i].first[b], static_cast<char>(i));
}

TEST(Arena, RefusesBeyondItsLimitAndKeepsOneBlockOnReset) {
  Arena arena(64 * 1024);
  EXPECT_EQ(arena.allocate(1 << 20), nullptr);
  EXPECT_NE(arena.allocate(30'000), nullptr);
  EXPECT_NE(arena.allocate(10), nullptr);
  arena.reset();
  EXPECT_LE(arena.bytes_held(), Arena::kBlockBytes);
  EXPECT_NE(arena.allocate(40'000), nullptr);
  EXPECT_THROW(arena.make_array<char>(1 << 20), std::bad_alloc);
}

TEST(Ids, GrowAlsoWhenTheClockRunsBack) {
  IdMaker maker(7, 42);
  oc_id128 last{};
  for (int i = 0; i < 100'000; ++i) {
    const oc_id128 id = maker.next(1'700'000'000'000 - i % 3 * 1000 + i / 1000);
    ASSERT_TRUE(id.hi > last.hi || (id.hi == last.hi && id.lo > last.lo)) << i;
    last = id;
  }
}

TEST(Ids, HexRoundTrip) {
  const oc_id128 id{0x0123456789abcdefu, 0xfedcba9876543210u};
  EXPECT_EQ(to_hex(id), "0123456789abcdeffedcba9876543210");
  const auto back = id_from_hex(to_hex(id));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->hi, id.hi);
  EXPECT_EQ(back->lo, id.lo);
  EXPECT_FALSE(id_from_hex("0123"));
  EXPECT_FALSE(id_from_hex("0123456789abcdeffedcba987654321g"));
}

TEST(Ids, Sha256OfTheStandardsExample) {  // FIPS 180-2, B.1
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Ids, RandomTextsDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random_text(20)).second);
}

TEST(Mailbox, KeepsEachProducersOrderAndLosesNothing) {
  struct Item {
    int producer, number;
    Item* next;
  };
  constexpr int kEach = 20'000;
  Mailbox<Item> box;
  std::vector<std::vector<Item>> items(4);
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    for (int i = 0; i < kEach; ++i) items[p].push_back({p, i, nullptr});
    producers.emplace_back([&, p] {
      for (auto& item : items[p]) box.put(&item);
    });
  }
  int next[4] = {};
  for (int got = 0; got < 4 * kEach;) {
    box.wait();
    for (Item* i = box.take_all(); i != nullptr; ++got) {
      Item* following = i->next;
      ASSERT_EQ(i->number, next[i->producer]++);
      i = following;
    }
  }
  for (auto& t : producers) t.join();
}

}  // namespace
}  // namespace onechat
