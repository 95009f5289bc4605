// The ledger's rules written down once more, the slow and obvious way: one map per noun, one op at a time, sums in 128
// bits, what a hold has left instead of counters. Tests compare real ledgers with it. With ledger_core it shares the
// ABI's structs, the names of accounts and the number of a grant, nothing else.
#pragma once
#include "reference_books.hpp"

namespace onechat::ledger_test {

class ReferenceLedger : public ReferenceBooks {
 public:
  using ReferenceBooks::ReferenceBooks;

  void apply(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n) {
    for (std::size_t at = 0; at < n;) {
      std::size_t end = at + 1;
      while (end < n && linked(ops[end - 1])) ++end;
      if (!linked(ops[at]))
        results[at] = one(ops[at]);
      else
        group(ops, results, at, end);
      at = end;
    }
  }

 private:
  // ---- groups

  void group(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t at, std::size_t end) {
    std::optional<std::size_t> refused;
    if (linked(ops[end - 1])) refused = end - 1;
    for (std::size_t i = at; i < end && !refused; ++i)
      if (ops[i].kind == OC_LOP_SWEEP) refused = i;
    if (refused) {
      results[*refused] = status(OC_E_INVALID);
    } else {
      const State before = s_;
      const auto open_before = open_;
      const std::size_t postings = postings_.size(), spent = spent_.size();
      touched_.emplace();
      for (std::size_t i = at; i < end && !refused; ++i) {
        results[i] = one(ops[i]);
        if (results[i].status < 0) refused = i;
      }
      if (refused) {
        s_ = before;
        open_ = open_before;
        postings_.resize(postings);
        spent_.resize(spent);
        for (const auto& [id, record] : *touched_) records_[id] = record;
      }
      touched_.reset();
    }
    for (std::size_t i = at; refused && i < end; ++i)
      if (i != *refused) results[i] = status(OC_E_LINKED);
  }

  // ---- operations

  oc_ledger_result one(const oc_ledger_op& op) {
    if (op.kind < 1 || op.kind > 18) return status(OC_E_UNSUPPORTED);
    if (op.amount < 0 || op.fee < 0) return status(OC_E_INVALID);
    switch (op.kind) {
      case OC_LOP_DEPOSIT: return deposit(op);
      case OC_LOP_WITHDRAW: return withdraw(op);
      case OC_LOP_TRANSFER: return transfer(op);
      case OC_LOP_GRANT: return grant(op);
      case OC_LOP_TERMS: return terms(op);
      case OC_LOP_REFUND: return refund(op);
      case OC_LOP_RESERVE: return reserve(op, false);
      case OC_LOP_LEASE: return reserve(op, true);
      case OC_LOP_EXTEND: return extend(op, false);
      case OC_LOP_LEASE_RENEW: return extend(op, true);
      case OC_LOP_SETTLE: return settle(op);
      case OC_LOP_VOID: return cancel(op, false);
      case OC_LOP_LEASE_CLOSE: return cancel(op, true);
      case OC_LOP_PROGRESS: return progress(op);
      case OC_LOP_LEASE_SETTLE: return lease_settle(op);
      case OC_LOP_SWEEP: return sweep(op);
      case OC_LOP_HEARTBEAT: return heartbeat(op);
      default: return epoch(op);
    }
  }

  oc_ledger_result deposit(const oc_ledger_op& op) {
    if (op.amount == 0 || op.fee != 0 || op.account == 0 || id_of(op.id) == Id{}) return status(OC_E_INVALID);
    if (auto known = seen(op)) return *known;
    const Wide pays = std::min<Wide>(debt(op.account), op.amount);
    const std::vector<Leg> legs{{ledger_core::kPspClearing, op.account2, op.amount, 0},
                                {ledger_core::kReceivable, op.account, 0, pays},
                                {ledger_core::kWallet, op.account, 0, op.amount - pays}};
    if (!fits(legs)) return status(OC_E_INVALID);
    post(legs);
    return moved(op, op.account);
  }

  oc_ledger_result withdraw(const oc_ledger_op& op) {
    if (op.amount == 0 || op.fee != 0 || op.account == 0 || id_of(op.id) == Id{} || op.code > 1)
      return status(OC_E_INVALID);
    if (auto known = seen(op)) return *known;
    if (op.code == OC_WITHDRAW_PAYOUT && own_paid(op.account) < op.amount + debt(op.account))
      return no_funds(op.account);
    const Wide from_wallet = std::min<Wide>(own_paid(op.account), op.amount);
    const std::vector<Leg> legs{{ledger_core::kWallet, op.account, from_wallet, 0},
                                {ledger_core::kReceivable, op.account, op.amount - from_wallet, 0},
                                {ledger_core::kPspClearing, op.account2, 0, op.amount}};
    if (!fits(legs)) return status(OC_E_INVALID);
    post(legs);
    return moved(op, op.account, op.amount - from_wallet);
  }
  oc_ledger_result no_funds(std::uint64_t wallet) {
    oc_ledger_result r = status(OC_E_FUNDS);
    r.available = narrow(available(wallet));
    return r;
  }

  oc_ledger_result transfer(const oc_ledger_op& op) {
    if (op.amount == 0 || op.fee != 0 || op.account == 0 || op.account2 == 0 || op.account == op.account2 ||
        id_of(op.id) == Id{})
      return status(OC_E_INVALID);
    if (auto known = seen(op)) return *known;
    if (own_paid(op.account) < op.amount + debt(op.account)) return no_funds(op.account);
    const Wide pays = std::min<Wide>(debt(op.account2), op.amount);
    const std::vector<Leg> legs{{ledger_core::kWallet, op.account, op.amount, 0},
                                {ledger_core::kReceivable, op.account2, 0, pays},
                                {ledger_core::kWallet, op.account2, 0, op.amount - pays}};
    if (!fits(legs)) return status(OC_E_INVALID);
    post(legs);
    return moved(op, op.account);
  }

  oc_ledger_result grant(const oc_ledger_op& op) {
    if (op.amount == 0 || op.fee != 0 || op.account == 0 || id_of(op.id) == Id{} || op.epoch > std::uint64_t(INT64_MAX))
      return status(OC_E_INVALID);
    if (auto known = seen(op)) return *known;
    Grant g;
    g.id = id_of(op.id);
    g.wallet = op.account;
    g.priority = op.code;
    g.created = now_ms;
    g.expires = static_cast<std::int64_t>(op.epoch);
    const std::uint64_t number = ledger_core::grant_number(op.id);
    const std::vector<Leg> legs{{ledger_core::kPromoExpense, 0, op.amount, 0},
                                {ledger_core::kGrant, number, 0, op.amount}};
    if (is_over(g) || !fits(legs)) return status(OC_E_INVALID);
    s_.grants[number] = g;
    post(legs);
    return moved(op, op.account);
  }

  oc_ledger_result terms(const oc_ledger_op& op) {
    if (op.account == 0 || op.code > 1) return status(OC_E_INVALID);
    Wallet& w = s_.wallets[op.account];
    oc_ledger_result r{};
    r.available = narrow(available(op.account));
    if (id_of(op.id) != Id{} && id_of(op.id) == w.terms_op) {
      r.status =
          w.overdraft == op.amount && w.debt_limit == op.fee && w.flags == op.code ? OC_DUPLICATE : OC_E_CONFLICT;
      return r;
    }
    if (net(ledger_core::kWallet, op.account) - w.held + op.amount < 0) return no_funds(op.account);
    w.overdraft = op.amount;
    w.debt_limit = op.fee;
    w.flags = op.code;
    w.terms_op = id_of(op.id);
    r.available = narrow(available(op.account));
    return r;
  }

  oc_ledger_result refund(const oc_ledger_op& op) {
    if (id_of(op.id) == Id{} || id_of(op.ref) == Id{} || op.amount == 0 || op.fee != 0 || op.code > 1)
      return status(OC_E_INVALID);
    if (auto known = seen(op)) return *known;
    const auto it = records_.find(id_of(op.ref));
    if (it == records_.end() || (!it->second.charge && it->second.is != Is::kMoved)) return status(OC_E_NOT_FOUND);
    if (!it->second.charge) return status(OC_E_INVALID);
    Charge c = *it->second.charge;
    if (other(op.account, c.scopes.account)) return status(OC_E_CONFLICT);
    const Wide total = c.cost + c.fee, refunded = c.refunded + op.amount;
    if (refunded > total - c.absorbed) return status(OC_E_INVALID);
    const Wide fee = refunded * c.fee / total - c.refunded_fee;
    // Who paid, last first, nano by nano: the first c.refunded of them have theirs back.
    std::vector<std::pair<AccountId, Wide>> payers{{{ledger_core::kReceivable, c.scopes.account}, c.debt},
                                                   {{ledger_core::kWallet, c.scopes.account}, c.wallet}};
    for (auto part = c.parts.rbegin(); part != c.parts.rend(); ++part)
      payers.push_back({{ledger_core::kGrant, part->first}, part->second});
    std::vector<Leg> legs;
    Wide passed = 0;
    for (const auto& [account, paid] : payers) {
      const Wide from = std::max(passed, c.refunded), to = std::min(passed + paid, refunded);
      passed += paid;
      if (to <= from) continue;
      if (account.first != ledger_core::kReceivable) {
        legs.push_back({account.first, account.second, 0, to - from});
        continue;
      }
      const Wide owed = std::min(debt(account.second), to - from);
      legs.push_back({ledger_core::kReceivable, account.second, 0, owed});
      legs.push_back({ledger_core::kWallet, account.second, 0, to - from - owed});
    }
    const bool provider = op.code == OC_REFUND_PROVIDER;
    legs.push_back({provider ? ledger_core::kProviderPayable : ledger_core::kAbsorbedOverage,
                    provider ? c.counter : op.node, op.amount - fee, 0});
    legs.push_back({ledger_core::kRevenueMarkup, op.node, fee, 0});
    if (!fits(legs)) return status(OC_E_INVALID);
    post(legs);
    c.refunded = refunded;
    c.refunded_fee += fee;
    record(id_of(op.ref)).charge = c;
    return moved(op, c.scopes.account);
  }

  bool is_blocked(std::uint64_t wallet) {
    const Wallet& w = s_.wallets[wallet];
    return (w.flags & OC_TERMS_FROZEN) != 0 || debt(wallet) > w.debt_limit;
  }

  oc_ledger_result reserve(const oc_ledger_op& op, bool lease) {
    if (id_of(op.id) == Id{} || op.account == 0 || op.fee != 0) return status(OC_E_INVALID);
    if (const auto it = records_.find(id_of(op.id)); it != records_.end() && it->second.is != Is::kUnknown) {
      const Record& r = it->second;
      if (r.is == Is::kMoved || r.first != body(op)) return status(OC_E_CONFLICT);
      oc_ledger_result first = again(r.first_result);
      first.released = lease && r.is == Is::kOpen ? std::max<std::int64_t>(0, r.hold.expires - now_ms) : 0;
      return first;
    }
    if (op.epoch < s_.nodes[op.node].epoch) return status(OC_E_FENCED);
    const Scopes scopes = scopes_of(op);
    if (is_blocked(op.account) || !is_funded(op.account) || std::max<Wide>(0, available(op.account)) < op.amount)
      return no_funds(op.account);
    if (const auto refused = refused_by_budget(scopes, now_ms, op.amount)) return *refused;
    Parts parts;
    const Wide paid = op.amount - draw(op.account, op.amount, parts);
    if (s_.wallets[op.account].held + paid > kMax) return status(OC_E_INVALID);
    Record& rec = record(id_of(op.id));
    rec.is = Is::kOpen;
    rec.first = body(op);
    Hold& h = rec.hold;
    h.lease = lease;
    h.scopes = scopes;
    h.node = op.node;
    h.epoch = op.epoch;
    h.created = now_ms;
    h.parts = parts;
    h.paid = paid;
    h.expires = now_ms + (op.ttl_ms != 0 ? op.ttl_ms : lease ? 60'000 : 3'600'000);
    keep(op.account, h.parts, h.paid);
    count(scopes, now_ms, op.amount, 0);
    open_[id_of(op.id)] = true;
    oc_ledger_result r{};
    if (lease) {
      h.drain = std::int64_t{op.code} * 1000;
      h.expires = std::min(h.expires, end_of_windows(scopes, now_ms));
      r.released = h.expires - now_ms;
    }
    r.available = narrow(available(op.account));
    rec.first_result = r;
    return r;
  }
  std::int64_t end_of_windows(const Scopes& s, std::int64_t at_ms) {
    std::int64_t end = INT64_MAX;
    for (const auto& [id, b] : s_.budgets)
      if (in_scope(id, s)) end = std::min(end, calendar_(std::get<3>(id), b.zone, at_ms).second);
    return end;
  }

  oc_ledger_result extend(const oc_ledger_op& op, bool lease) {
    if (id_of(op.id) == Id{} || id_of(op.ref) == Id{} || op.fee != 0) return status(OC_E_INVALID);
    const auto it = records_.find(id_of(op.ref));
    if (it == records_.end() || it->second.is != Is::kOpen) return status(OC_E_NOT_FOUND);
    {
      const Hold& h = it->second.hold;
      if (h.lease != lease || other(op.account, h.scopes.account) || (lease && op.node != h.node))
        return status(OC_E_CONFLICT);
      if (h.last_body && h.last_op == id_of(op.id)) {
        if (h.last_body != body(op)) return status(OC_E_CONFLICT);
        oc_ledger_result r = status(OC_DUPLICATE);
        r.available = h.last_available;
        r.released = lease ? std::max<std::int64_t>(0, h.expires - now_ms) : 0;
        return r;
      }
      if (op.epoch < s_.nodes[op.node].epoch) return status(OC_E_FENCED);
    }
    Hold h = it->second.hold;
    const std::uint64_t wallet = h.scopes.account;
    oc_ledger_result r{};
    std::int64_t until = 0;
    if (lease) {
      until = std::min(now_ms + (op.ttl_ms != 0 ? op.ttl_ms : 60'000), end_of_windows(h.scopes, h.created));
      if (until <= now_ms && op.amount == 0) return status(OC_E_NOT_FOUND);
    }
    Parts more;
    for (const auto& [number, left] : h.parts) more.push_back({number, 0});
    const Wide promo = draw(wallet, op.amount, more), paid = op.amount - promo;
    if (is_blocked(wallet) || std::max<Wide>(0, available(wallet)) < op.amount || paid > free_paid(wallet))
      return no_funds(wallet);
    if (const auto refused = refused_by_budget(h.scopes, h.created, op.amount)) return *refused;
    if (s_.wallets[wallet].held + paid > kMax || h.left() + op.amount > kMax) return status(OC_E_INVALID);
    keep(wallet, more, paid);
    count(h.scopes, h.created, op.amount, 0);
    for (std::size_t i = 0; i < more.size(); ++i)
      if (i < h.parts.size())
        h.parts[i].second += more[i].second;
      else
        h.parts.push_back(more[i]);
    h.paid += paid;
    if (lease) {
      h.expires = std::max(h.expires, until);
      r.released = std::max<std::int64_t>(0, until - now_ms);
    }
    r.available = narrow(available(wallet));
    h.last_op = id_of(op.id);
    h.last_body = body(op);
    h.last_available = r.available;
    record(id_of(op.ref)).hold = h;
    return r;
  }

  // Divides cost + fee of `c`: what `from` holds, then the rest of the wallet, then grants; debt or absorbed.
  void divide(Charge& c, Hold* from, std::uint32_t overage) {
    Wide need = c.cost + c.fee;
    if (from != nullptr) {
      for (const auto& [number, left] : from->parts) {
        c.parts.push_back({number, std::min(need, left)});
        need -= c.parts.back().second;
      }
      c.wallet = std::min(need, from->paid);
      need -= c.wallet;
    }
    const Wide more = std::min(need, free_paid(c.scopes.account));
    c.wallet += more;
    need -= more;
    need -= draw(c.scopes.account, need, c.parts);
    (overage == OC_OVERAGE_ABSORB ? c.absorbed : c.debt) = need;
  }
  std::vector<Leg> legs_of(const Charge& c, std::uint64_t node) {
    std::vector<Leg> legs{{ledger_core::kWallet, c.scopes.account, c.wallet, 0},
                          {ledger_core::kReceivable, c.scopes.account, c.debt, 0},
                          {ledger_core::kAbsorbedOverage, node, c.absorbed, 0},
                          {ledger_core::kProviderPayable, c.counter, 0, c.cost},
                          {ledger_core::kRevenueMarkup, node, 0, c.fee}};
    for (const auto& [number, amount] : c.parts) legs.push_back({ledger_core::kGrant, number, amount, 0});
    return legs;
  }
  bool windows_fit(const Charge& c) {
    bool fit = true;
    for_each_window(c.scopes, c.reserved, [&](const BudgetId&, Budget&, const auto& sums) {
      fit = fit && sums.first + c.cost + c.fee <= kMax;
    });
    return fit;
  }
  // Gives back everything that is held.
  Wide free_hold(Hold& h) {
    const Wide left = h.left();
    keep(h.scopes.account, minus(h.parts), -h.paid);
    count(h.scopes, h.created, -left, 0);
    h.parts.clear();
    h.paid = 0;
    return left;
  }
  Charge charge_of(const oc_ledger_op& op, const Scopes& scopes, std::int64_t reserved) {
    Charge c;
    c.scopes = scopes;
    c.counter = op.account2 != 0 ? op.account2 : op.node;
    c.cost = op.amount;
    c.fee = op.fee;
    c.reserved = reserved;
    return c;
  }
  oc_ledger_result charged(oc_status st, const Charge& c, Wide released) {
    oc_ledger_result r = status(st);
    r.flags = st == OC_LATE ? OC_LF_LATE : 0;
    r.posted = narrow(c.cost + c.fee);
    r.released = narrow(released);
    r.shortfall = narrow(c.debt + c.absorbed);
    r.available = narrow(available(c.scopes.account));
    return r;
  }
  oc_ledger_result nothing_late(std::int64_t available_then) {
    oc_ledger_result r = status(OC_LATE);
    r.flags = OC_LF_LATE;
    r.available = available_then;
    return r;
  }

  oc_ledger_result settle(const oc_ledger_op& op) {
    const Id id = id_of(op.ref);
    const Wide total = Wide(op.amount) + op.fee;
    if (id == Id{} || total > kMax || op.overage > 2) return status(OC_E_INVALID);
    const auto it = records_.find(id);
    const Is is = it != records_.end() ? it->second.is : Is::kUnknown;
    if (is == Is::kMoved || is == Is::kLeaseClosed || is == Is::kLeaseSwept) return status(OC_E_CONFLICT);
    if (is == Is::kSettled || is == Is::kZero)
      return it->second.close == body(op) ? again(it->second.close_result) : status(OC_E_CONFLICT);
    if (is == Is::kSweptCharged) return settle_swept(op, it->second);
    if (is == Is::kOpen) {
      const Hold& h = it->second.hold;
      if (h.lease || other(op.account, h.scopes.account) || other(op.key_id, h.scopes.key))
        return status(OC_E_CONFLICT);
      return settle_open(op, id, total);
    }
    return settle_late(op, id, total);
  }

  oc_ledger_result settle_open(const oc_ledger_op& op, const Id& id, Wide total) {
    Hold h = records_[id].hold;
    Charge c = charge_of(op, h.scopes, h.created);
    const Wide held = h.left();
    divide(c, &h, op.overage);
    if (!fits(legs_of(c, op.node)) || !windows_fit(c)) return status(OC_E_INVALID);
    Record& rec = record(id);
    free_hold(rec.hold);
    open_.erase(id);
    post(legs_of(c, op.node));
    count(c.scopes, c.reserved, 0, total);
    rec.is = total == 0 ? Is::kZero : Is::kSettled;
    if (total != 0) rec.charge = c;
    rec.close = body(op);
    rec.close_result = charged(OC_OK, c, std::max<Wide>(0, held - total));
    return rec.close_result;
  }

  oc_ledger_result settle_late(const oc_ledger_op& op, const Id& id, Wide total) {
    const auto it = records_.find(id);
    const bool known = it != records_.end() && it->second.is != Is::kUnknown;
    if (known && it->second.late)
      return it->second.late == body(op) ? again(it->second.late_result) : status(OC_E_CONFLICT);
    Scopes scopes = scopes_of(op);
    if (known) {
      if (other(op.account, it->second.hold.scopes.account)) return status(OC_E_CONFLICT);
      scopes.account = it->second.hold.scopes.account;
    }
    if (scopes.account == 0) return status(OC_E_INVALID);
    Charge c = charge_of(op, scopes, now_ms);
    divide(c, nullptr, op.overage);
    if (!fits(legs_of(c, op.node)) || !windows_fit(c)) return status(OC_E_INVALID);
    if (total == 0) return charged(OC_LATE, c, 0);
    post(legs_of(c, op.node));
    count(scopes, now_ms, 0, total);
    const oc_ledger_result r = charged(OC_LATE, c, 0);
    Record& rec = record(id);
    if (!known) {  // nobody reserved it: no RESERVE with this id is the same
      rec.is = Is::kSettled;
      rec.close = body(op);
      rec.close_result = r;
    } else {
      rec.late = body(op);
      rec.late_result = r;
    }
    rec.charge = c;
    return r;
  }

  // SWEEP charged what the node had told; only more than that is news.
  oc_ledger_result settle_swept(const oc_ledger_op& op, const Record& swept) {
    if (swept.late) return swept.late == body(op) ? again(swept.late_result) : status(OC_E_CONFLICT);
    if (other(op.account, swept.hold.scopes.account) || other(op.key_id, swept.hold.scopes.key))
      return status(OC_E_CONFLICT);
    const Wide more = Wide(op.amount) + op.fee - swept.charge->cost - swept.charge->fee;
    if (more <= 0) return nothing_late(narrow(available(swept.hold.scopes.account)));
    Charge c = charge_of(op, swept.hold.scopes, swept.charge->reserved);
    c.fee = std::min(more, std::max<Wide>(0, op.fee - swept.charge->fee));
    c.cost = more - c.fee;
    divide(c, nullptr, op.overage);
    if (!fits(legs_of(c, op.node)) || !windows_fit(c)) return status(OC_E_INVALID);
    post(legs_of(c, op.node));
    count(c.scopes, c.reserved, 0, more);
    Record& rec = record(id_of(op.ref));
    rec.late = body(op);
    rec.late_result = charged(OC_LATE, c, 0);
    return rec.late_result;
  }

  oc_ledger_result cancel(const oc_ledger_op& op, bool lease) {
    const Id id = id_of(op.ref);
    if ((op.amount != 0 && !lease) || op.fee != 0 || id == Id{}) return status(OC_E_INVALID);
    const auto it = records_.find(id);
    if (it == records_.end() || it->second.is == Is::kUnknown) return status(OC_E_NOT_FOUND);
    const Record& known = it->second;
    if (op.amount != 0 && known.is == Is::kLeaseClosed) return nothing_late(known.close_result.available);
    if (known.is == (lease ? Is::kLeaseClosed : Is::kVoided))
      return known.close == body(op) ? again(known.close_result) : status(OC_E_CONFLICT);
    if (known.is == (lease ? Is::kLeaseSwept : Is::kSwept) && !known.late)
      return nothing_late(known.close_result.available);
    if (known.is != Is::kOpen || known.hold.lease != lease || other(op.account, known.hold.scopes.account))
      return status(OC_E_CONFLICT);
    Record& rec = record(id);
    oc_ledger_result r{};
    if (op.amount != 0) {
      r.released = narrow(shrink(rec.hold, op.amount));
      r.available = narrow(available(rec.hold.scopes.account));
      return r;
    }
    r.released = narrow(free_hold(rec.hold));
    open_.erase(id);
    r.available = narrow(available(rec.hold.scopes.account));
    rec.is = lease ? Is::kLeaseClosed : Is::kVoided;
    rec.close = body(op);
    rec.close_result = r;
    return r;
  }

  // Gives back, last drawn first, what a lease has beyond `stays`.
  Wide shrink(Hold& h, Wide stays) {
    const Wide back = std::max<Wide>(0, h.left() - stays);
    Wide need = back;
    const auto take = [&](Wide& left, Wide& held) {
      const Wide part = std::min(need, left);
      left -= part;
      held -= part;
      need -= part;
    };
    take(h.paid, s_.wallets[h.scopes.account].held);
    for (auto part = h.parts.rbegin(); part != h.parts.rend(); ++part) take(part->second, s_.grants[part->first].held);
    count(h.scopes, h.created, -back, 0);
    return back;
  }

  oc_ledger_result progress(const oc_ledger_op& op) {
    const Id id = id_of(op.ref);
    if (id == Id{} || Wide(op.amount) + op.fee > kMax) return status(OC_E_INVALID);
    const auto it = records_.find(id);
    if (it == records_.end() || it->second.is == Is::kUnknown) return status(OC_E_NOT_FOUND);
    const Record& known = it->second;
    if (known.is == Is::kMoved) return nothing_late(known.first_result.available);
    if (known.is != Is::kOpen) {
      const bool charged_late = known.late && known.is != Is::kSweptCharged;
      return nothing_late(charged_late ? known.late_result.available : known.close_result.available);
    }
    if (known.hold.lease || other(op.account, known.hold.scopes.account)) return status(OC_E_CONFLICT);
    if (Wide(op.amount) + op.fee > known.hold.progress + known.hold.progress_fee) {
      Hold& h = record(id).hold;
      h.progress = op.amount;
      h.progress_fee = op.fee;
    }
    oc_ledger_result r{};
    r.available = narrow(available(known.hold.scopes.account));
    return r;
  }

  oc_ledger_result lease_settle(const oc_ledger_op& op) {
    const Wide total = Wide(op.amount) + op.fee;
    if (id_of(op.id) == Id{} || id_of(op.ref) == Id{} || total > kMax || op.overage > 2) return status(OC_E_INVALID);
    if (auto known = seen(op)) return *known;
    const auto it = records_.find(id_of(op.ref));
    const Is is = it != records_.end() ? it->second.is : Is::kUnknown;
    const bool open = is == Is::kOpen && it->second.hold.lease;
    const bool over = is == Is::kLeaseClosed || is == Is::kLeaseSwept;
    if (!open && !over && is != Is::kUnknown) return status(OC_E_CONFLICT);
    Scopes scopes = scopes_of(op);
    if (open || over) {
      const Scopes& of = it->second.hold.scopes;
      if (other(op.account, of.account)) return status(OC_E_CONFLICT);
      scopes.account = of.account;
      if (open) scopes = of;
    }
    if (scopes.account == 0) return status(OC_E_INVALID);
    Charge c = charge_of(op, scopes, open ? it->second.hold.created : now_ms);
    Hold h = open ? it->second.hold : Hold{};
    divide(c, open ? &h : nullptr, op.overage);
    if (total == 0) return charged(open ? OC_OK : OC_LATE, c, 0);
    if (!fits(legs_of(c, op.node)) || !windows_fit(c)) return status(OC_E_INVALID);
    if (open) use_up(id_of(op.ref), total);
    post(legs_of(c, op.node));
    count(scopes, c.reserved, 0, total);
    const oc_ledger_result r = charged(open ? OC_OK : OC_LATE, c, 0);
    Record& rec = record(id_of(op.id));
    rec.is = Is::kMoved;
    rec.first = body(op);
    rec.first_result = r;
    rec.charge = c;
    return r;
  }
  // Grants first, then paid money, as far as the lease goes.
  void use_up(const Id& lease, Wide need) {
    Hold& h = record(lease).hold;
    Wide used = 0;
    for (auto& [number, left] : h.parts) {
      const Wide take = std::min(need - used, left);
      left -= take;
      s_.grants[number].held -= take;
      used += take;
    }
    const Wide take = std::min(need - used, h.paid);
    h.paid -= take;
    s_.wallets[h.scopes.account].held -= take;
    count(h.scopes, h.created, -(used + take), 0);
  }

  oc_ledger_result sweep(const oc_ledger_op& op) {
    if (op.code > 2 || op.overage > 2) return status(OC_E_INVALID);
    const std::size_t most = op.amount > 0 ? static_cast<std::size_t>(std::min<std::int64_t>(op.amount, 4096)) : 4096;
    std::vector<Id> found;
    for (const auto& [id, unused] : open_)
      if (found.size() < most && nobody_ends(records_.at(id).hold, op)) found.push_back(id);
    std::map<Id, std::uint64_t> over;
    for (const auto& [number, g] : s_.grants)
      if (is_over(g) && net(ledger_core::kGrant, number) != 0) over[g.id] = number;
    Wide posted = 0, released = 0, shortfall = 0;
    std::int64_t n = 0;
    for (const Id& id : found) {
      Record& rec = record(id);
      const Hold h = rec.hold;
      const bool charge = !h.lease && op.code == OC_CRASH_PROGRESS && h.progress + h.progress_fee > 0;
      if (charge) {
        Charge c = charge_of(op, h.scopes, h.created);
        c.cost = h.progress;
        c.fee = h.progress_fee;
        Hold from = h;
        divide(c, &from, op.overage);
        if (!fits(legs_of(c, op.node)) || !windows_fit(c)) continue;
        const Wide held = free_hold(rec.hold);
        post(legs_of(c, op.node));
        count(c.scopes, c.reserved, 0, c.cost + c.fee);
        rec.is = Is::kSweptCharged;
        rec.charge = c;
        posted += c.cost + c.fee;
        released += std::max<Wide>(0, held - c.cost - c.fee);
        shortfall += c.debt + c.absorbed;
      } else {
        released += free_hold(rec.hold);
        rec.is = h.lease ? Is::kLeaseSwept : Is::kSwept;
      }
      rec.close_result.available = narrow(available(h.scopes.account));
      open_.erase(id);
      ++n;
    }
    std::size_t looked_at = 0;
    for (const auto& [id, number] : over) {
      if (looked_at++ == most) break;
      const Wide left = free_in(number);
      const std::vector<Leg> legs{{ledger_core::kGrant, number, left, 0}, {ledger_core::kBreakage, 0, 0, left}};
      if (left <= 0 || !fits(legs)) continue;
      post(legs);
      ++n;
    }
    oc_ledger_result r{};
    r.posted = narrow(posted);
    r.released = narrow(released);
    r.shortfall = narrow(shortfall);
    r.available = n;
    return r;
  }
  bool nobody_ends(const Hold& h, const oc_ledger_op& sweep) {
    if (h.lease) return h.expires + h.drain <= now_ms;
    if (sweep.code == OC_CRASH_HOLD) return false;
    const State::Node& node = s_.nodes[h.node];
    const std::int64_t silent = sweep.ttl_ms != 0 ? sweep.ttl_ms : 30'000;
    return h.expires <= now_ms || h.epoch < node.epoch || (node.heartbeat != 0 && now_ms - node.heartbeat > silent);
  }

  oc_ledger_result heartbeat(const oc_ledger_op& op) {
    if (op.node == 0) return status(OC_E_INVALID);
    State::Node& node = s_.nodes[op.node];
    if (op.epoch < node.epoch) return status(OC_E_FENCED);
    node.heartbeat = now_ms;
    oc_ledger_result r{};
    r.available = static_cast<std::int64_t>(node.epoch);
    return r;
  }

  oc_ledger_result epoch(const oc_ledger_op& op) {
    if (op.node == 0) return status(OC_E_INVALID);
    State::Node& node = s_.nodes[op.node];
    const Id id = id_of(op.id);
    oc_ledger_result r{};
    if (id != Id{} && id == node.op) {
      r.status = OC_DUPLICATE;
    } else {
      ++node.epoch;
      node.op = id;
      node.heartbeat = 0;
    }
    r.available = static_cast<std::int64_t>(node.epoch);
    return r;
  }
};

}  // namespace onechat::ledger_test
