// The ledger's state machine: what each operation means, once, for every backend.
//
// A backend brings a Store and calls apply() inside ONE transaction of its own. apply() asks, in this order and never
// twice for the same row; lists that are empty are not asked for:
//   store.load_nodes(ids, batch)               batch.add(Node) for each that exists
//   store.load_entries(ids, batch)             batch.add(Hold); when there is none, add(Tombstone) and add(Transfer)
//   store.load_sweep(query, batch)             instead of load_entries: add(Hold)..., add(Grant)...
//   store.load_entries(adjustments, batch)
//   store.load_grants(wallets, numbers, batch) add(Grant): the open grants of those wallets, and those of those numbers
//   store.load_budgets(keys, batch)            add(Budget): those keys, in all periods; their wallets were asked for before
//   store.load_accounts(keys, batch)           add(Account)
//   store.load_windows(keys, batch)            add(Window)
//   store.load_refunds(ids, batch)             add(RefundCap)
//   store.loaded(batch)                        if the store has it: whatever it put off must be added now
//   store.batch_memory()                       if the store has it, first: a std::pmr::memory_resource* for the batch's
//                                              working set; that of the batch before is not used any more
//   store.write(writes)
// and the backend commits durably before it answers. Ops take effect in array order with exact sequential results; a
// refused op changes nothing. Not thread-safe: one writer. Rules that callers rely on:
//
//  - Ids. DEPOSIT, TRANSFER, WITHDRAW, GRANT, REFUND, RESERVE, LEASE and LEASE_SETTLE are known by `id`; SETTLE, VOID
//    and LEASE_CLOSE by the hold `ref`: one hold is charged at most once, under whatever ids the ops came. The same
//    body again: OC_DUPLICATE and the first result (of a lease's life: what is left of it); another: OC_E_CONFLICT. An
//    id is used once, whatever for. EXTEND and LEASE_RENEW are remembered until the next one of the same hold, TERMS
//    and EPOCH until the next one of the wallet or node. PROGRESS, HEARTBEAT and SWEEP are harmless to repeat.
//  - Admission. A RESERVE draws on at most three grants, in their order, then on paid money. OC_E_FUNDS: frozen, debt
//    above the wallet's debt limit, never funded, or `available` is less. OC_E_LIMIT: a budget's spent + held + amount
//    would exceed it. OC_E_FENCED: the op's epoch is older than its node's.
//  - Facts. SETTLE and LEASE_SETTLE may exceed the hold and may come late (hold swept, voided or long gone; then the op
//    names the wallet and the scopes): usage is never dropped. It takes the held grants, the held paid money, more paid
//    money, more of grants (still at most three); the rest becomes debt, which the next DEPOSIT pays, or is absorbed.
//  - Budgets. A hold and what it costs count in the windows that contain the time it was made, whenever it ends. What
//    comes late and names the scopes itself counts in the windows of now. A REFUND changes no window.
//  - A lease ends with the first window it counts in. After expires + drain SWEEP takes it back; what then comes is
//  late.
//    LEASE_CLOSE with an amount keeps so much of it open and gives back the rest, last drawn first; on a lease that is
//    over it is late and does nothing.
//  - SWEEP resolves at most `amount` holds (0: kSweepHoldsMax) and as many grants. Answer: posted, released, shortfall
//    are sums; available is how many it resolved.
//  - Groups (OC_LF_LINKED): all or nothing. The op that was refused keeps its status, the others get OC_E_LINKED. A
//    group that the end of the batch cuts off, or with a SWEEP in it, is refused with OC_E_INVALID at that op.
#pragma once
#include <onechat/ledger_batch.hpp>
#include <onechat/ledger_holds.hpp>
#include <onechat/ledger_load.hpp>
#include <onechat/ledger_ops.hpp>
#include <onechat/ledger_sweep.hpp>

namespace onechat::ledger_core {

template <class Store>
auto finish_loading(Store& store, Batch& batch, int) -> decltype(store.loaded(batch)) {
  return store.loaded(batch);
}
template <class Store>
void finish_loading(Store&, Batch&, long) {}

template <class Store>
auto memory_for_batch(Store& store, int) -> decltype(store.batch_memory()) {
  return store.batch_memory();
}
template <class Store>
std::pmr::memory_resource* memory_for_batch(Store&, long) {
  return std::pmr::get_default_resource();
}

// Runs all ops in order; the caller wraps it in a transaction. What the store or the calendar throws passes through.
template <class Store>
void apply(Store& store, const Calendar& calendar, const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n,
           std::int64_t now_ms) {
  const auto load = [](const auto& wanted, auto&& from_store) {
    if (!wanted.empty()) from_store(wanted);
  };
  for (std::size_t done = 0; done < n;) {
    const std::size_t count = Batch::segment(ops + done, n - done);
    Batch batch(ops + done, count, now_ms, calendar, memory_for_batch(store, 0));
    load(batch.wanted_nodes(), [&](const auto& ids) { store.load_nodes(ids, batch); });
    if (batch.is_sweep())
      store.load_sweep(batch.wanted_sweep(), batch);
    else
      load(batch.wanted_entries(), [&](const auto& ids) { store.load_entries(ids, batch); });
    load(batch.wanted_adjustments(), [&](const auto& ids) { store.load_entries(ids, batch); });
    const std::vector<std::uint64_t> wallets = batch.wanted_wallets(), grants = batch.wanted_grants();
    if (!wallets.empty() || !grants.empty()) store.load_grants(wallets, grants, batch);
    load(batch.wanted_budgets(), [&](const auto& keys) { store.load_budgets(keys, batch); });
    load(batch.wanted_accounts(), [&](const auto& keys) { store.load_accounts(keys, batch); });
    load(batch.wanted_windows(), [&](const auto& keys) { store.load_windows(keys, batch); });
    load(batch.wanted_refunds(), [&](const auto& ids) { store.load_refunds(ids, batch); });
    finish_loading(store, batch, 0);
    batch.run(results + done);
    store.write(batch.writes());
    done += count;
  }
}

}  // namespace onechat::ledger_core
