// The rows of ledger_core in SQLite, by statements that are prepared once. Decides nothing.
//
// On the native handle: Poco prepares a statement anew at every execution, and a batch is often one or two operations.
// Rows that operations change again and again are remembered: open holds and budgets (all of them), balances, windows,
// grants and nodes. That is sound because nobody else writes the file, and every failure ends the store together with
// what it remembers.
#pragma once
#include <onechat/ledger_core.hpp>

#include <memory>
#include <memory_resource>
#include <optional>
#include <unordered_map>

#include "chain.hpp"
#include "database.hpp"
#include "fresh_ids.hpp"
#include "postings.hpp"

namespace onechat::ledger_sqlite {

class RowStore {
 public:
  RowStore(Database& db, std::int64_t now_ms);

  void begin(std::int64_t now_ms);  // before each batch
  std::pmr::memory_resource* batch_memory() {
    working_set_.release();
    return &working_set_;
  }
  void load_nodes(const std::vector<std::uint64_t>& ids, ledger_core::Batch& batch);
  void load_entries(const std::vector<oc_id128>& ids, ledger_core::Batch& batch);
  void load_sweep(const ledger_core::SweepQuery& query, ledger_core::Batch& batch);
  void load_budgets(const std::vector<ledger_core::BudgetKey>& keys, ledger_core::Batch& batch);
  void load_grants(const std::vector<std::uint64_t>& wallets, const std::vector<std::uint64_t>& numbers,
                   ledger_core::Batch& batch);
  void load_accounts(const std::vector<ledger_core::AccountKey>& keys, ledger_core::Batch& batch);
  void load_windows(const std::vector<ledger_core::WindowKey>& keys, ledger_core::Batch& batch);
  void load_refunds(const std::vector<oc_id128>& ids, ledger_core::Batch& batch);
  void write(const ledger_core::Writes& writes);
  void seal(std::uint64_t node, std::int64_t now_ms) {  // once, after the last write
    postings_.seal();
    chain_.seal(node, now_ms);
  }

  // Sets or (negative limit) removes a budget. `now`: its current window, which is counted anew.
  // Nothing was reserved in its scope before `unused_before_ms`; `counted` (may be null): as oc_ledger_budget::spent.
  void put_budget(const ledger_core::Budget& budget, const ledger_core::Span& now, std::int64_t unused_before_ms,
                  const oc_ledger_spent* counted);
  void drop_tombstones(std::int64_t older_than_ms);

  const ledger_core::Account& account(const ledger_core::AccountKey& key);  // zeros when it does not exist
  const std::vector<ledger_core::Grant>& open_grants(std::uint64_t wallet);
  const ledger_core::Window* window(const ledger_core::WindowKey& key);     // nullptr when it does not exist
  template <class Fn>
  void for_each_hold(Fn&& fn) const {
    for (const auto& [id, hold] : holds_) fn(hold);
  }
  template <class Fn>
  void for_each_budget(Fn&& fn) const {
    for (const auto& [key, budgets] : budgets_)
      for (const ledger_core::Budget& b : budgets) fn(b);
  }

 private:
  // A thousand ops' worth, kept from batch to batch: to give it back would be to ask the system for it each time.
  static constexpr std::size_t kWorkingSetBytes = 320u << 10;
  static constexpr std::size_t kRememberedMax = 65'536;  // of each; then all are forgotten and read anew
  template <class Value>
  using ById = std::unordered_map<oc_id128, Value, ledger_core::IdHash, ledger_core::IdEqual>;

  void look_up_newest(std::int64_t now_ms);
  bool is_left_behind(const ledger_core::Hold& hold, const ledger_core::SweepQuery& query);
  const ledger_core::Node* node(std::uint64_t id);  // nullptr when it does not exist
  void remember(const ledger_core::Budget& budget);
  void remember(const ledger_core::Grant& grant);
  void adopt_limit(const ledger_core::BudgetKey& key);

  Database& db_;
  Chain chain_;
  Postings postings_;
  Query find_node_, find_tombstone_, find_transfer_, find_account_, find_grant_, find_grants_, find_ended_grants_;
  Query find_window_, find_refund_, newest_transfer_, newest_tombstone_, prune_;
  Query put_account_, put_grant_, put_node_, put_window_, put_refund_, put_hold_, change_hold_, end_hold_;
  Query put_tombstone_;

  const std::unique_ptr<std::byte[]> working_set_bytes_{new std::byte[kWorkingSetBytes]};
  std::pmr::monotonic_buffer_resource working_set_{working_set_bytes_.get(), kWorkingSetBytes};
  ById<ledger_core::Hold> holds_;
  std::unordered_map<ledger_core::AccountKey, ledger_core::Account, ledger_core::AccountHash> accounts_;
  std::unordered_map<ledger_core::BudgetKey, std::vector<ledger_core::Budget>, ledger_core::BudgetHash> budgets_;
  std::unordered_map<ledger_core::WindowKey, std::optional<ledger_core::Window>, ledger_core::WindowHash> windows_;
  std::unordered_map<std::uint64_t, std::vector<ledger_core::Grant>> open_grants_;  // by wallet
  std::unordered_map<std::uint64_t, std::optional<ledger_core::Node>> nodes_;
  struct KeyLimit {
    std::int64_t limit = 0, spent = 0, held = 0;
  };
  std::unordered_map<std::uint64_t, KeyLimit> key_limits_;  // of keys whose wallet is not known yet
  bool any_grants_ = false;
  FreshIds fresh_;
  std::int64_t look_again_ms_ = 0;
  std::uint64_t last_seq_ = 0;
};

}  // namespace onechat::ledger_sqlite
