// Which ids cannot be in the file, told without looking: most operations carry an id that was made a moment ago, and
// asking three tables for it would be most of their cost.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <cstddef>
#include <utility>
#include <vector>

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
    slots_.assign(slots_.size(), {});
    n_ = 0;
  }
  bool certainly_new(const oc_id128& id) const {
    return below(line_, id) && !below(ceiling_, id) && is_free(slots_[place_of(id)]);
  }
  void note(const oc_id128& id) {
    if (!below(line_, id) || below(ceiling_, id)) return;
    if (below(highest_, id)) highest_ = id;
    if (!put(id)) return;
    if (++n_ >= kRememberedMax)
      start(highest_, ceiling_);
    else if (2 * n_ > slots_.size())
      grow();
  }

 private:
  static constexpr std::size_t kSlotsMin = 64;  // a power of two; at most half of the slots are used

  static bool below(const oc_id128& a, const oc_id128& b) noexcept { return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo; }
  static bool is_free(const oc_id128& slot) noexcept { return ledger_core::is_zero(slot); }  // no stored id is zero
  // Where the id is, or the free slot where it would be.
  std::size_t place_of(const oc_id128& id) const {
    std::size_t at = ledger_core::IdHash()(id) & (slots_.size() - 1);
    while (!is_free(slots_[at]) && !ledger_core::same_id(slots_[at], id)) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  bool put(const oc_id128& id) {
    oc_id128& slot = slots_[place_of(id)];
    const bool is_new = is_free(slot);
    slot = id;
    return is_new;
  }
  void grow() {
    const std::vector<oc_id128> old = std::move(slots_);
    slots_.assign(2 * old.size(), {});
    for (const oc_id128& id : old)
      if (!is_free(id)) put(id);
  }

  oc_id128 line_{}, highest_{}, ceiling_{};
  // By hash, without nodes: those would be an allocation for each id.
  std::vector<oc_id128> slots_ = std::vector<oc_id128>(kSlotsMin);
  std::size_t n_ = 0;
};

}  // namespace onechat::ledger_sqlite
