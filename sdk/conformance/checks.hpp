// The checks of a ledger. Each returns the words of its success, or throws what is broken (report.hpp).
#pragma once
#include <cstdint>
#include <string>

#include "subject.hpp"

namespace onechat::conformance {

std::string check_empty(Subject& subject);  // new books are empty
std::string check_edges(Subject& subject);  // the promises that matter most, one by one, at their exact limits
// Costs of 0.5, 1, 1.01 and 3 times the hold, wallets at the exact edge, every overage policy.
std::string check_overage(Subject& subject, std::uint64_t seed);
// 1000 keys under nested budgets while midnight passes in three time zones.
std::string check_rollover(Subject& subject, std::uint64_t seed);
// Random traffic of every kind against the reference, op by op; sums, balances, budgets and `verify` on the way.
std::string check_model(Subject& subject, std::uint64_t seed, std::uint64_t ops);
// Whole batches again: every answer is the first one, and no money moves.
std::string check_repeat(Subject& subject, std::uint64_t seed);
std::string check_copy(Subject& subject, std::uint64_t seed);    // dump and restore give the same books
std::string check_aside(Subject& subject, std::uint64_t seed);   // reading while batches are applied
std::string check_damage(Subject& subject, std::uint64_t seed);  // `verify` sees rows that were tampered with
// kill -9 of a process that applies batches; what it was told is there, whole, and adds up.
std::string check_crash(Subject& subject, std::uint64_t seed, unsigned kills);
// Files that cannot grow: refused with OC_E_UNAVAILABLE, nothing half done, goes on when they can.
std::string check_full(Subject& subject, std::uint64_t seed);
std::string check_speed(Subject& subject);  // how fast; never fails

// The process that check_crash kills: applies batch `first`, `first` + 1, ... and writes each answer to `out`.
// Returns when it cannot go on.
int write_until_killed(Subject& subject, const Place& place, std::uint64_t seed, std::uint64_t first, int out);

}  // namespace onechat::conformance
