// The ledger's rules written down once more, the slow and obvious way: one map per noun, one op at a time, sums in
// 128 bits. Tests compare the real one with it. It shares nothing with ledger_core but the ABI structs.
#pragma once
#include <onechat/ledger.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace onechat::ledger_test {

class ReferenceLedger {
 public:
  std::int64_t now_ms = 1'000'000;

  oc_ledger_result apply(const oc_ledger_op& op) {
    if (op.flags & OC_LF_LINKED) return status(OC_E_UNSUPPORTED);
    switch (op.kind) {
      case OC_LOP_DEPOSIT: return deposit(op);
      case OC_LOP_RESERVE: return reserve(op);
      case OC_LOP_SETTLE: return settle(op);
      case OC_LOP_VOID: return cancel(op);
      case OC_LOP_SWEEP: return sweep(op);
      case OC_LOP_EPOCH: return epoch(op);
      case OC_LOP_LIMIT: return limit(op);
      default: return status(OC_E_UNSUPPORTED);
    }
  }

  __extension__ typedef __int128 Wide;
  using Id = std::pair<std::uint64_t, std::uint64_t>;
  struct Wallet {
    Wide deposited = 0, spent = 0, held = 0, debt = 0;
    Wide free() const { return deposited - spent - held + debt; }  // what is in the wallet; debt is owed beside it
  };
  std::map<std::uint64_t, Wallet> wallets;

 private:
  // Everything that asks for the same thing is equal in these.
  using Body = std::tuple<std::uint32_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t,
                          std::int64_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;
  static Body body(const oc_ledger_op& o) {
    return {o.kind,   o.account, o.account2, o.key_id, o.project_id, o.amount, o.fee, o.flags & OC_LF_ESTIMATED,
            o.ttl_ms, o.overage, o.code};
  }
  enum class State { kDeposit, kOpen, kVoided, kSwept, kZero, kSettled, kLateAlone };
  struct Record {
    State state = State::kOpen;
    std::optional<Body> first, close;  // RESERVE or DEPOSIT; SETTLE or VOID
    std::optional<Body> late;          // SETTLE after the end
    oc_ledger_result first_result{}, close_result{}, late_result{};
    std::uint64_t account = 0, key = 0, node = 0, epoch = 0;
    std::int64_t amount = 0, expires_ms = 0;
  };
  struct Key {
    Wide spent = 0, held = 0;
    std::optional<std::int64_t> limit;
    Id op{};
  };

  static oc_ledger_result status(oc_status s) {
    oc_ledger_result r{};
    r.status = s;
    return r;
  }
  static oc_ledger_result again(oc_ledger_result r) {
    r.status = OC_DUPLICATE;
    return r;
  }
  std::int64_t available(std::uint64_t account) {
    const Wallet& w = wallets[account];
    return static_cast<std::int64_t>(w.free() - w.debt);
  }

  oc_ledger_result deposit(const oc_ledger_op& op) {
    const Id id{op.id.hi, op.id.lo};
    if (op.amount <= 0 || op.fee != 0 || op.account == 0 || id == Id{}) return status(OC_E_INVALID);
    if (const auto it = records.find(id); it != records.end())
      return it->second.state == State::kDeposit && it->second.first == body(op) ? again(it->second.first_result)
                                                                                 : status(OC_E_CONFLICT);
    Wallet& w = wallets[op.account];
    const Wide pays = std::min<Wide>(w.debt, op.amount);
    w.deposited += op.amount;
    w.debt -= pays;
    oc_ledger_result r{};
    r.posted = op.amount;
    r.available = available(op.account);
    Record rec;
    rec.state = State::kDeposit;
    rec.first = body(op);
    rec.first_result = r;
    records[id] = rec;
    return r;
  }

  oc_ledger_result reserve(const oc_ledger_op& op) {
    const Id id{op.id.hi, op.id.lo};
    if (op.amount < 0 || op.fee != 0 || op.account == 0 || id == Id{}) return status(OC_E_INVALID);
    if (const auto it = records.find(id); it != records.end())
      return it->second.state != State::kDeposit && it->second.first == body(op) ? again(it->second.first_result)
                                                                                 : status(OC_E_CONFLICT);
    if (op.epoch < nodes[op.node].first) return status(OC_E_CONFLICT);
    Wallet& w = wallets[op.account];
    oc_ledger_result r{};
    r.available = available(op.account);
    r.status = w.free() < op.amount || w.debt > 0 ? OC_E_FUNDS : OC_OK;
    if (r.status != OC_OK) return r;
    if (op.key_id != 0) {
      Key& k = keys[op.key_id];
      if (k.limit && k.spent + k.held + op.amount > *k.limit) {
        r.status = OC_E_LIMIT;
        r.limit_scope = op.key_id;
        return r;
      }
      k.held += op.amount;
    }
    w.held += op.amount;
    r.available -= op.amount;
    Record rec;
    rec.first = body(op);
    rec.first_result = r;
    rec.account = op.account;
    rec.key = op.key_id;
    rec.node = op.node;
    rec.epoch = op.epoch;
    rec.amount = op.amount;
    rec.expires_ms = now_ms + (op.ttl_ms ? op.ttl_ms : 3'600'000);
    records[id] = rec;
    return r;
  }

  void free_hold(Record& rec) {
    wallets[rec.account].held -= rec.amount;
    if (rec.key) keys[rec.key].held -= rec.amount;
  }

  oc_ledger_result settle(const oc_ledger_op& op) {
    const Id id{op.ref.hi, op.ref.lo};
    const Wide total = Wide(op.amount) + op.fee;
    if (op.amount < 0 || op.fee < 0 || id == Id{} || total > std::numeric_limits<std::int64_t>::max() || op.overage > 2)
      return status(OC_E_INVALID);
    auto it = records.find(id);
    Record* rec = it != records.end() ? &it->second : nullptr;
    if (rec && rec->state == State::kDeposit) return status(OC_E_CONFLICT);
    if (rec && rec->late) return rec->late == body(op) ? again(rec->late_result) : status(OC_E_CONFLICT);
    if (rec && (rec->state == State::kSettled || rec->state == State::kZero))
      return rec->close == body(op) ? again(rec->close_result) : status(OC_E_CONFLICT);
    const bool open = rec && rec->state == State::kOpen;
    if (!open && op.account == 0) return status(OC_E_INVALID);
    if (open && ((op.account && op.account != rec->account) || (op.key_id && op.key_id != rec->key)))
      return status(OC_E_CONFLICT);
    const std::uint64_t account = open ? rec->account : op.account, key = open ? rec->key : op.key_id;
    Wallet& w = wallets[account];
    oc_ledger_result r{};
    r.status = open ? OC_OK : OC_LATE;
    r.flags = open ? 0 : OC_LF_LATE;
    r.posted = static_cast<std::int64_t>(total);
    if (open) {
      free_hold(*rec);
      r.released = static_cast<std::int64_t>(std::max<Wide>(0, rec->amount - total));
    }
    const Wide paid = std::min(total, w.free());
    r.shortfall = static_cast<std::int64_t>(total - paid);
    const bool absorb = op.overage == OC_OVERAGE_ABSORB;
    w.spent += absorb ? paid : total;
    if (!absorb) w.debt += total - paid;
    if (key && total > 0) keys[key].spent += total;
    r.available = available(account);
    if (open) {
      rec->state = total == 0 ? State::kZero : State::kSettled;
      rec->close = body(op);
      rec->close_result = r;
    } else if (total > 0) {
      if (!rec) {
        rec = &records[id];
        rec->state = State::kLateAlone;
      }
      rec->late = body(op);
      rec->late_result = r;
    }
    return r;
  }

  oc_ledger_result cancel(const oc_ledger_op& op) {
    const Id id{op.ref.hi, op.ref.lo};
    if (op.amount != 0 || op.fee != 0 || id == Id{}) return status(OC_E_INVALID);
    const auto it = records.find(id);
    if (it == records.end()) return status(OC_E_NOT_FOUND);
    Record& rec = it->second;
    if (rec.state == State::kVoided) return rec.close == body(op) ? again(rec.close_result) : status(OC_E_CONFLICT);
    if (rec.state == State::kSwept && !rec.late) {
      oc_ledger_result r = status(OC_LATE);
      r.flags = OC_LF_LATE;
      r.available = rec.close_result.available;
      return r;
    }
    if (rec.state != State::kOpen) return status(OC_E_CONFLICT);
    if (op.account && op.account != rec.account) return status(OC_E_CONFLICT);
    free_hold(rec);
    oc_ledger_result r{};
    r.released = rec.amount;
    r.available = available(rec.account);
    rec.state = State::kVoided;
    rec.close = body(op);
    rec.close_result = r;
    return r;
  }

  oc_ledger_result sweep(const oc_ledger_op& op) {
    if (op.amount < 0) return status(OC_E_INVALID);
    oc_ledger_result r{};
    const std::int64_t most = op.amount > 0 ? std::min<std::int64_t>(op.amount, 4096) : 4096;
    for (auto& [id, rec] : records) {
      if (rec.state != State::kOpen || r.available == most) continue;
      if (rec.expires_ms > now_ms && !(rec.node == op.node && rec.epoch < nodes[op.node].first)) continue;
      free_hold(rec);
      rec.state = State::kSwept;
      rec.close_result.available = available(rec.account);
      r.released += rec.amount;
      ++r.available;
    }
    return r;
  }

  oc_ledger_result epoch(const oc_ledger_op& op) {
    if (op.node == 0) return status(OC_E_INVALID);
    auto& [number, last] = nodes[op.node];
    const Id id{op.id.hi, op.id.lo};
    oc_ledger_result r{};
    if (id != Id{} && id == last) {
      r.status = OC_DUPLICATE;
    } else {
      ++number;
      last = id;
    }
    r.available = static_cast<std::int64_t>(number);
    return r;
  }

  oc_ledger_result limit(const oc_ledger_op& op) {
    if (op.key_id == 0) return status(OC_E_INVALID);
    Key& k = keys[op.key_id];
    const std::optional<std::int64_t> wanted = op.amount < 0 ? std::nullopt : std::optional(op.amount);
    const Id id{op.id.hi, op.id.lo};
    if (id != Id{} && id == k.op) return status(wanted == k.limit ? OC_DUPLICATE : OC_E_CONFLICT);
    k.limit = wanted;
    k.op = id;
    return status(OC_OK);
  }

  std::map<Id, Record> records;
  std::map<std::uint64_t, Key> keys;
  std::map<std::uint64_t, std::pair<std::uint64_t, Id>> nodes;
};

}  // namespace onechat::ledger_test
