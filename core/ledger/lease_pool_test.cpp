// Leases: who gets one, what it may give, and that it comes back. A small bank plays the books.
#include "ledger/lease_pool.hpp"

#include <gtest/gtest.h>

namespace onechat::ledger {
namespace {

constexpr std::uint64_t kMs = 1'000'000, kS = 1000 * kMs;

LeaseLimits limits() {
  LeaseLimits l;
  l.reserves_per_s = 10;
  l.ttl_ms = 10'000;
  l.spend_ms = 5'000;
  l.low_ms = 2'000;
  l.wallet_permille = 100;
  l.idle_ms = 5'000;
  return l;
}

class LeasePoolTest : public ::testing::Test {
 protected:
  using Part = LeasePool::Part;

  // One look of the pool at the clock; the bank answers at once unless it is shut.
  std::vector<oc_ledger_op> tick() {
    std::vector<oc_ledger_op> ops;
    pool_.tick(now_, ops);
    if (bank_open_)
      for (const auto& op : ops) pool_.answer(op, bank(op), now_);
    return ops;
  }
  oc_ledger_result bank(const oc_ledger_op& op) {
    oc_ledger_result r{};
    ++questions_;
    if (bank_away_) {
      r.status = OC_E_UNAVAILABLE;
      return r;
    }
    const std::uint64_t left_ms = window_end_ > now_ ? (window_end_ - now_) / kMs : 0;
    r.released = static_cast<std::int64_t>(std::min<std::uint64_t>(op.ttl_ms, left_ms));
    if (budget_is_used_up_ && op.amount > 0 && op.kind != OC_LOP_LEASE_CLOSE) {
      r.status = OC_E_LIMIT;
      r.available = wallet_;
      return r;
    }
    switch (op.kind) {
      case OC_LOP_LEASE_RENEW:
        if (lease_.lo == 0 || (left_ms == 0 && op.amount == 0)) r.status = OC_E_NOT_FOUND;
        if (r.status != OC_OK) break;
        [[fallthrough]];
      case OC_LOP_LEASE:
        if (op.amount > wallet_) r.status = OC_E_FUNDS;
        if (r.status == OC_OK) {
          wallet_ -= op.amount;
          leased_ += op.amount;
          if (op.kind == OC_LOP_LEASE) lease_ = op.id;
        }
        break;
      case OC_LOP_LEASE_CLOSE: {
        const std::int64_t back = std::max<std::int64_t>(0, leased_ - op.amount);
        wallet_ += back;
        leased_ -= back;
        if (op.amount == 0) lease_ = {};
        break;
      }
    }
    r.available = wallet_;
    return r;
  }
  // `n` requests a second, one after the other, each holding and spending so much, for `seconds`.
  void traffic(int n, int seconds, std::int64_t hold = 100, std::int64_t cost = 10) {
    for (int i = 0; i < n * seconds; ++i) {
      Part part = pool_.take(kKey, hold, now_);
      if (!part) pool_.saw(kKey, wallet_);
      if (part) {
        leased_ -= cost;  // what LEASE_SETTLE does
        LeasePool::give_back(part, cost);
      } else {
        wallet_ -= cost;
      }
      now_ += kS / static_cast<std::uint64_t>(n);
      tick();
    }
  }

  static constexpr Scopes kKey{7, 1, 2, 0, 0};
  std::uint64_t now_ = 100 * kS, next_ = 0;
  std::int64_t wallet_ = 1'000'000, leased_ = 0;
  oc_id128 lease_{};
  std::uint64_t window_end_ = 1'000'000 * kS;  // of a budget that counts the key's requests
  bool bank_open_ = true, bank_away_ = false, budget_is_used_up_ = false;
  std::uint64_t questions_ = 0;
  LeasePool pool_{limits(), 3, [this] { return oc_id128{1, ++next_}; }};
};

TEST_F(LeasePoolTest, ABusyKeyHasALeaseAgainAfterBooksThatWereAway) {
  traffic(50, 20);
  bank_away_ = true;
  questions_ = 0;
  traffic(50, 60);
  EXPECT_LE(questions_, 70u) << "asked once a second, not with every tick";
  bank_away_ = false;
  traffic(50, 30);
  EXPECT_EQ(pool_.counters().open, 1u);
}

TEST_F(LeasePoolTest, ABusyKeyHasALeaseAgainInTheNextWindowOfItsBudget) {
  traffic(50, 20);
  budget_is_used_up_ = true;
  traffic(50, 120);
  EXPECT_EQ(pool_.counters().open, 0u);
  budget_is_used_up_ = false;
  traffic(50, 40);
  EXPECT_EQ(pool_.counters().open, 1u);
}

TEST_F(LeasePoolTest, ALeaseWhoseWindowIsOverGivesBackWhatIsFreeInIt) {
  window_end_ = now_ + 6 * kS;
  traffic(50, 4);
  ASSERT_GT(leased_, 0);
  for (int i = 0; i < 400; ++i, now_ += 10 * kMs) tick();  // no request comes
  EXPECT_EQ(leased_, 0);
  EXPECT_EQ(lease_.lo, 0u);
}

TEST_F(LeasePoolTest, AQuietKeyHoldsDirectly) {
  traffic(8, 10);
  EXPECT_EQ(leased_, 0);
  EXPECT_EQ(pool_.counters().granted, 0u);
}

TEST_F(LeasePoolTest, ABurstOfASecondIsNotABusyKey) {
  traffic(100, 1);
  now_ += 3 * kS;
  tick();
  EXPECT_EQ(pool_.counters().granted, 0u);
}

TEST_F(LeasePoolTest, ABusyKeyIsServedFromALeaseAsLargeAsItsSpending) {
  traffic(50, 20);
  const LeaseCounters c = pool_.counters();
  EXPECT_EQ(c.granted, 1u);
  EXPECT_GT(c.hits, 800u);
  EXPECT_EQ(c.held_nano, 0);
  EXPECT_EQ(c.free_nano, leased_);  // the pool and the books agree
  const std::int64_t spend_per_s = 50 * 10;
  EXPECT_GE(leased_, 2 * spend_per_s);
  EXPECT_LE(leased_, 4 * 6 * spend_per_s);
}

TEST_F(LeasePoolTest, ALeaseIsASmallShareOfTheWallet) {
  wallet_ = 10'000;
  traffic(50, 5, 100, 10);
  EXPECT_GT(pool_.counters().hits, 0u);
  EXPECT_LE(leased_, 1'000);
}

TEST_F(LeasePoolTest, AWalletNearItsEndIsAskedDirectlySoThatNothingIsStranded) {
  wallet_ = 900;  // a tenth of it is less than one request holds
  traffic(50, 3, 100, 1);
  EXPECT_EQ(pool_.counters().granted, 0u);
  wallet_ += 100'000;
  traffic(50, 3, 100, 1);
  EXPECT_EQ(pool_.counters().open, 1u);
  wallet_ = 0;
  traffic(50, 20, 100, 0);  // what the books say of the wallet comes with the next renewal
  EXPECT_EQ(pool_.counters().open, 0u);
  EXPECT_EQ(leased_, 0);
}

TEST_F(LeasePoolTest, NeverGivesMoreThanItWasGranted) {
  traffic(50, 4);
  bank_open_ = false;
  std::int64_t held = 0;
  std::vector<Part> parts;
  for (Part p = pool_.take(kKey, 100, now_); p; p = pool_.take(kKey, 100, now_)) {
    held += p.amount;
    parts.push_back(std::move(p));
  }
  EXPECT_LE(held, leased_);
  EXPECT_GT(held + 100, leased_);
  for (Part& p : parts) LeasePool::give_back(p, 0);
}

TEST_F(LeasePoolTest, ARequestThatIsTooLargeForTheLeaseHoldsDirectlyAndTheLeaseStays) {
  traffic(50, 4);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(pool_.take(kKey, 900'000, now_));
    traffic(50, 1);
  }
  EXPECT_EQ(pool_.counters().open, 1u);
  EXPECT_EQ(pool_.counters().granted, 1u);
}

// L2, L3: counted from before it was asked for, whatever the answer's way took; what runs runs on.
TEST_F(LeasePoolTest, AdmitsNothingAfterNineTenthsOfItsLifeFromTheQuestion) {
  traffic(50, 4);
  tick();
  bank_open_ = false;
  Part running = pool_.take(kKey, 10, now_);
  ASSERT_TRUE(running);
  std::uint64_t last = now_;
  for (const std::uint64_t begin = now_; now_ < begin + 20 * kS; now_ += 10 * kMs)
    if (Part p = pool_.take(kKey, 10, now_)) {
      last = now_;
      LeasePool::give_back(p, 0);
    }
  EXPECT_LE(last, 104 * kS + 9 * kS);
  EXPECT_FALSE(pool_.grow(running, 1, now_));
  LeasePool::give_back(running, 10);
}

// A request that outgrows its part gets what the wallet has, not only what happens to lie free in the lease.
TEST_F(LeasePoolTest, MoreThanTheLeaseHasIsAskedOfTheBooksForTheRequestThatNeedsIt) {
  traffic(50, 4);
  Part part = pool_.take(kKey, 100, now_);
  const std::int64_t more = leased_ * 3;
  EXPECT_FALSE(pool_.grow(part, more, now_));
  EXPECT_FALSE(pool_.grow(part, more, now_));  // one question, however often it is looked for
  const std::int64_t before = leased_;
  tick();
  EXPECT_EQ(leased_, before + more);
  std::vector<Part> others;  // nobody else takes it
  for (Part p = pool_.take(kKey, 100, now_); p; p = pool_.take(kKey, 100, now_)) others.push_back(std::move(p));
  EXPECT_LE(static_cast<std::int64_t>(others.size()) * 100, before);
  const auto said = pool_.grow(part, more, now_);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->status, OC_OK);
  EXPECT_EQ(part.amount, 100 + more);
  for (Part& p : others) LeasePool::give_back(p, 0);
  leased_ -= 100 + more;
  LeasePool::give_back(part, 100 + more);
  const LeaseCounters c = pool_.counters();
  EXPECT_EQ(c.held_nano, 0);
  EXPECT_EQ(c.free_nano, leased_);
}

TEST_F(LeasePoolTest, OfWishesTogetherTooLargeThoseAreGrantedThatFit) {
  traffic(50, 4);
  Part modest = pool_.take(kKey, 100, now_), greedy = pool_.take(kKey, 100, now_), last = pool_.take(kKey, 100, now_);
  EXPECT_FALSE(pool_.grow(modest, 100'000, now_));
  EXPECT_FALSE(pool_.grow(greedy, 10'000'000, now_));
  EXPECT_FALSE(pool_.grow(last, 50'000, now_));
  for (int i = 0; i < 4; ++i) tick();
  EXPECT_EQ(pool_.grow(modest, 100'000, now_)->status, OC_OK);
  EXPECT_EQ(pool_.grow(greedy, 10'000'000, now_)->status, OC_E_FUNDS);
  EXPECT_EQ(pool_.grow(last, 50'000, now_)->status, OC_OK);
  EXPECT_EQ(greedy.amount, 100);
  EXPECT_EQ(pool_.counters().held_nano, 300 + 150'000);
  for (Part* p : {&modest, &greedy, &last}) LeasePool::give_back(*p, 0);
  EXPECT_EQ(pool_.counters().held_nano, 0);
}

TEST_F(LeasePoolTest, AWishOfARequestThatIsOverHoldsNothing) {
  traffic(50, 4);
  Part before_the_question = pool_.take(kKey, 100, now_), before_the_answer = pool_.take(kKey, 100, now_),
       after_it = pool_.take(kKey, 100, now_);
  EXPECT_FALSE(pool_.grow(before_the_question, 70'000, now_));
  LeasePool::give_back(before_the_question, 0);
  EXPECT_FALSE(pool_.grow(before_the_answer, 80'000, now_));
  EXPECT_FALSE(pool_.grow(after_it, 90'000, now_));
  std::vector<oc_ledger_op> ops;
  pool_.tick(now_, ops);
  ASSERT_EQ(ops.size(), 1u);
  EXPECT_EQ(ops[0].amount, 170'000);
  LeasePool::give_back(before_the_answer, 0);
  pool_.answer(ops[0], bank(ops[0]), now_);
  EXPECT_EQ(pool_.counters().held_nano, 100 + 90'000);
  LeasePool::give_back(after_it, 0);
  const LeaseCounters c = pool_.counters();
  EXPECT_EQ(c.held_nano, 0);
  EXPECT_EQ(c.free_nano, leased_);
}

TEST_F(LeasePoolTest, AStreamGrowsAlsoWhenItsKeyIsQuietAndItsLeaseHasEnded) {
  traffic(50, 4);
  Part stream = pool_.take(kKey, 100, now_);
  now_ += 6 * kS;
  tick();
  ASSERT_EQ(pool_.counters().open, 0u);
  EXPECT_FALSE(pool_.grow(stream, 5'000, now_));
  tick();
  EXPECT_EQ(pool_.grow(stream, 5'000, now_)->status, OC_OK);
  EXPECT_EQ(pool_.counters().held_nano, 5'100);
  LeasePool::give_back(stream, 0);
  tick();
  EXPECT_EQ(leased_, 0);
}

TEST_F(LeasePoolTest, AStreamGrowsAlsoWhenTheWindowIsOverThatItsLeaseCountsIn) {
  traffic(50, 4);
  Part stream = pool_.take(kKey, 100, now_);
  window_end_ = now_ + 2 * kS;
  now_ += 11 * kS;
  pool_.take(kKey, 1, now_);
  tick();
  ASSERT_EQ(pool_.counters().lost, 1u);
  EXPECT_FALSE(pool_.grow(stream, 5'000, now_));
  tick();
  EXPECT_EQ(pool_.grow(stream, 5'000, now_)->status, OC_OK);
  EXPECT_EQ(stream.amount, 5'100);
  LeasePool::give_back(stream, 0);
}

TEST_F(LeasePoolTest, NearTheEndOfAWindowALeaseIsNotRenewedAgainAndAgain) {
  traffic(50, 4);
  window_end_ = now_ + 5 * kS;
  int renewals = 0;
  for (; now_ < window_end_; now_ += 20 * kMs) {
    Part part = pool_.take(kKey, 100, now_);
    LeasePool::give_back(part, 0);
    for (const auto& op : tick()) renewals += op.kind == OC_LOP_LEASE_RENEW ? 1 : 0;
  }
  EXPECT_LE(renewals, 30);  // one, and some after nine tenths of what it was given
}

// What goes back is answered before more is asked for, also of a lease that admits nothing any more; and who waits for
// more does not wait for ever.
TEST_F(LeasePoolTest, AnEndingLeaseHasOneQuestionAtATimeAndNobodyWaitsForEver) {
  traffic(50, 4);
  Part stream = pool_.take(kKey, 100, now_);
  now_ += 6 * kS;
  bank_open_ = false;
  const auto back = tick();
  ASSERT_EQ(back.size(), 1u);
  ASSERT_EQ(back[0].kind, std::uint32_t(OC_LOP_LEASE_CLOSE));
  EXPECT_FALSE(pool_.grow(stream, 5'000, now_));
  EXPECT_TRUE(tick().empty()) << "not before it is known what went back";
  now_ += 6 * kS;
  tick();
  EXPECT_EQ(pool_.grow(stream, 5'000, now_)->status, OC_E_UNAVAILABLE);
  pool_.answer(back[0], bank(back[0]), now_);
  bank_open_ = true;
  EXPECT_FALSE(pool_.grow(stream, 5'000, now_));
  tick();
  EXPECT_EQ(pool_.grow(stream, 5'000, now_)->status, OC_OK);
  LeasePool::give_back(stream, 0);
}

TEST_F(LeasePoolTest, ALateAnswerIsNoLongerLease) {
  bank_open_ = false;
  for (int i = 0; i < 300; ++i) {
    pool_.take(kKey, 100, now_);
    pool_.saw(kKey, wallet_);
    now_ += 20 * kMs;
    const auto ops = tick();
    if (ops.empty()) continue;
    now_ += 12 * kS;  // the answer of a lease of 10 s
    pool_.answer(ops[0], bank(ops[0]), now_);
    break;
  }
  EXPECT_GT(leased_, 0);
  EXPECT_FALSE(pool_.take(kKey, 1, now_));
  bank_open_ = true;
  tick();  // renewed, or given back
  EXPECT_TRUE(pool_.take(kKey, 1, now_) || leased_ == 0);
}

TEST_F(LeasePoolTest, AnIdleLeaseGoesBackWhole) {
  traffic(50, 4);
  ASSERT_GT(leased_, 0);
  for (int i = 0; i < 70; ++i, now_ += 100 * kMs) tick();
  EXPECT_EQ(leased_, 0);
  EXPECT_EQ(pool_.counters().open, 0u);
}

// Requests come between the look at the clock and the look at their key, the more often the busier they are.
TEST_F(LeasePoolTest, ARequestOfAfterTheTicksTimeDoesNotMakeItsLeaseIdle) {
  traffic(50, 4);
  for (int i = 0; i < 10; ++i) {
    Part part = pool_.take(kKey, 100, now_ + 1);
    ASSERT_TRUE(part);
    LeasePool::give_back(part, 0);
    tick();
    now_ += 50 * kMs;
  }
  EXPECT_EQ(pool_.counters().granted, 1u);
  EXPECT_EQ(pool_.counters().open, 1u);
}

TEST_F(LeasePoolTest, AnIdleLeaseKeepsWhatARunningRequestHolds) {
  traffic(50, 4);
  Part running = pool_.take(kKey, 70, now_);
  for (int i = 0; i < 70; ++i, now_ += 100 * kMs) tick();
  EXPECT_EQ(leased_, 70);
  leased_ -= 60;
  LeasePool::give_back(running, 60);
  tick();
  EXPECT_EQ(leased_, 0);
  EXPECT_EQ(lease_.lo, 0u);
}

TEST_F(LeasePoolTest, WhatIsFreeCanBeHadBackForARequestThatWasRefused) {
  traffic(50, 4);
  Part running = pool_.take(kKey, 70, now_);
  std::vector<oc_ledger_op> back;
  pool_.reclaim({8, 1, 2, 0, 0}, OC_SCOPE_ORG, back);
  EXPECT_TRUE(back.empty()) << "another account's";
  pool_.reclaim({7, 1, 3, 0, 0}, OC_SCOPE_KEY, back);
  EXPECT_TRUE(back.empty()) << "another key's, whose budget is used up";
  pool_.reclaim({7, 1, 3, 0, 0}, OC_SCOPE_PROJECT, back);
  ASSERT_EQ(back.size(), 1u);
  bank(back[0]);
  EXPECT_EQ(leased_, 70);
  EXPECT_FALSE(pool_.take(kKey, 1, now_));
  LeasePool::give_back(running, 0);
}

// One question about a lease at a time: a batch that is submitted again finds nothing that came after it.
TEST_F(LeasePoolTest, NothingGoesBackWhileMoreIsAskedFor) {
  traffic(50, 4);
  bank_open_ = false;
  std::vector<Part> parts;
  while (Part p = pool_.take(kKey, 100, now_)) parts.push_back(std::move(p));
  LeasePool::give_back(parts.back(), 0);
  now_ += kS / 10;
  const auto renewal = tick();
  ASSERT_EQ(renewal.size(), 1u);
  ASSERT_EQ(renewal[0].kind, std::uint32_t(OC_LOP_LEASE_RENEW));
  ASSERT_GT(renewal[0].amount, 0);
  std::vector<oc_ledger_op> back;
  pool_.reclaim(kKey, OC_SCOPE_ORG, back);
  EXPECT_TRUE(back.empty());
  pool_.answer(renewal[0], bank(renewal[0]), now_);
  EXPECT_EQ(pool_.counters().free_nano + pool_.counters().held_nano, leased_);
  pool_.reclaim(kKey, OC_SCOPE_ORG, back);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_TRUE(tick().empty()) << "and no more is asked for while money goes back";
  for (Part& p : parts) LeasePool::give_back(p, 0);
}

TEST_F(LeasePoolTest, ALeaseTheBooksTookBackIsForgotten) {
  traffic(50, 4);
  Part running = pool_.take(kKey, 10, now_);
  lease_ = {};
  now_ += 8 * kS;
  pool_.take(kKey, 10, now_);
  tick();
  EXPECT_EQ(pool_.counters().lost, 1u);
  EXPECT_FALSE(pool_.take(kKey, 1, now_));
  LeasePool::give_back(running, 10);
}

TEST_F(LeasePoolTest, AFrozenWalletStopsItsLeaseAtTheNextRenewal) {
  traffic(50, 4);
  bank_open_ = false;
  oc_ledger_op renewal{};
  for (int i = 0; i < 1000 && renewal.kind == 0; ++i, now_ += 10 * kMs) {
    if (Part p = pool_.take(kKey, 1, now_)) LeasePool::give_back(p, 0);
    for (const auto& op : tick())
      if (op.kind == OC_LOP_LEASE_RENEW) renewal = op;
  }
  oc_ledger_result frozen{};
  frozen.status = OC_E_FUNDS;
  frozen.available = 100'000;
  renewal.amount = 0;
  pool_.answer(renewal, frozen, now_);
  EXPECT_FALSE(pool_.take(kKey, 1, now_));
  bank_open_ = true;
  tick();
  EXPECT_EQ(leased_, 0);
}

TEST_F(LeasePoolTest, AtTheEndEverythingGoesBack) {
  traffic(50, 4);
  Part running = pool_.take(kKey, 10, now_);
  std::vector<oc_ledger_op> ops;
  EXPECT_FALSE(pool_.close_all(ops));
  for (const auto& op : ops) pool_.answer(op, bank(op), now_);
  EXPECT_EQ(leased_, 10);
  LeasePool::give_back(running, 0);
  ops.clear();
  EXPECT_TRUE(pool_.close_all(ops));
  for (const auto& op : ops) bank(op);
  EXPECT_EQ(leased_, 0);
  EXPECT_FALSE(pool_.take(kKey, 1, now_));
}

TEST_F(LeasePoolTest, SwitchedOffItDoesNothing) {
  LeaseLimits off = limits();
  off.reserves_per_s = 0;
  LeasePool pool(off, 1, [] { return oc_id128{1, 1}; });
  for (int i = 0; i < 1000; ++i, now_ += kMs) EXPECT_FALSE(pool.take(kKey, 1, now_));
  std::vector<oc_ledger_op> ops;
  EXPECT_FALSE(pool.tick(now_, ops));
  EXPECT_TRUE(ops.empty());
}

}  // namespace
}  // namespace onechat::ledger
