// Which ids cannot be in the file, told without looking: most operations carry an id that was made a moment ago, and
// asking three tables for it would be most of their cost.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <cstddef>
#include <unordered_set>

namespace onechat::ledger_sqlite {

// Ids made by a host begin with their time, so new ones lie above everything stored; ids of other makes (deposits that
// are named from outside) may lie anywhere, and above `ceiling` nothing is known. Exact where it says yes; belongs to
// the one writer of the file, who notes every id that it stores. Memory is bounded: beyond kRememberedMax the line
// moves up.
class FreshIds {
 public:
  static constexpr std::size_t kRememberedMax = 16'384;

  // `newest`: no id of (newest, ceiling] is stored.
  void start(const oc_id128& newest, const oc_id128& ceiling) {
    line_ = highest_ = newest;
    ceiling_ = ceiling;
    since_.clear();
  }
  bool certainly_new(const oc_id128& id) const {
    return below(line_, id) && !below(ceiling_, id) && !since_.contains(id);
  }
  void note(const oc_id128& id) {
    if (!below(line_, id) || below(ceiling_, id)) return;
    since_.insert(id);
    if (below(highest_, id)) highest_ = id;
    if (since_.size() >= kRememberedMax) start(highest_, ceiling_);
  }

 private:
  static bool below(const oc_id128& a, const oc_id128& b) noexcept { return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo; }

  oc_id128 line_{}, highest_{}, ceiling_{};
  std::unordered_set<oc_id128, ledger_core::IdHash, ledger_core::IdEqual> since_;
};

}  // namespace onechat::ledger_sqlite
