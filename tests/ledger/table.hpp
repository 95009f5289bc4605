// The rules of the ledger as tables: one op a line, its expected answer behind an arrow.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <sstream>

#include "memory_store.hpp"
#include "test_calendar.hpp"

namespace onechat::ledger_test {

inline const std::map<std::string, oc_status> kStatuses{{"ok", OC_OK},
                                                        {"duplicate", OC_DUPLICATE},
                                                        {"late", OC_LATE},
                                                        {"invalid", OC_E_INVALID},
                                                        {"funds", OC_E_FUNDS},
                                                        {"limit", OC_E_LIMIT},
                                                        {"conflict", OC_E_CONFLICT},
                                                        {"not_found", OC_E_NOT_FOUND},
                                                        {"unsupported", OC_E_UNSUPPORTED},
                                                        {"fenced", OC_E_FENCED},
                                                        {"linked", OC_E_LINKED}};

inline std::string name_of(oc_status status) {
  for (const auto& [name, value] : kStatuses)
    if (value == status) return name;
  return std::to_string(status);
}

inline ledger_core::Calendar test_calendar() {
  return [](std::uint32_t period, const std::string& zone, std::int64_t at_ms) {
    const auto found = test_window(period, zone, at_ms);
    if (!found) throw std::runtime_error("no such window");
    return ledger_core::Span{found->first, found->second};
  };
}

// Reads and runs a table, its ops in batches of `every` lines. A line is "verb names numbers options -> answer":
//
//   deposit ID WALLET N         withdraw ID WALLET N [chargeback]    transfer ID WALLET OTHER N
//   grant ID WALLET N [prio= ends=]    terms WALLET OVERDRAFT [debt= frozen id=]    refund ID OF N [provider]
//   reserve ID WALLET N         extend ID HOLD N                     settle HOLD COST FEE
//   void HOLD                   progress HOLD COST FEE               lease ID WALLET N [ttl= drain=]
//   renew ID LEASE N            lsettle ID LEASE COST FEE            close LEASE [most=]
//   sweep [most= crash_void hold]    heartbeat NODE    epoch NODE    bogus
//   options of any: wallet= key= project= user= group= node= epoch= ttl= overage= absorb linked
//   answers: a status, then any of posted= released= shortfall= available= scope= flags=
//
// and without a batch: time +MS | budget WALLET SCOPE ID PERIOD LIMIT [report] [ZONE]; and questions with a number as
// answer: available|debt|held|promo|held_by_grants WALLET, net CODE OWNER (credits less debits),
// spent|counted_as_held WALLET SCOPE ID PERIOD, windows (how many rows there are).
class Table {
 public:
  explicit Table(std::size_t every) : every_(every) {}

  void run(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      line = line.substr(0, line.find('#'));
      const std::size_t arrow = line.find("->");
      Words words{split(line.substr(0, arrow))}, answer;
      if (words.all.empty()) continue;
      if (arrow != std::string::npos) answer.all = split(line.substr(arrow + 2));
      step(line, words, answer);
    }
    flush();
  }

  MemoryStore store;
  std::int64_t now_ms = 1'700'000'000'000;  // 2023-11-14 22:13:20 UTC, a Tuesday

  static oc_id128 id_of(const std::string& name) {
    oc_id128 id{};
    for (char c : name) id.hi = id.hi * 131 + static_cast<unsigned char>(c);
    id.lo = 7;
    return name == "0" ? oc_id128{} : id;
  }

 private:
  struct Words {
    std::vector<std::string> all;
    std::size_t at = 0;
    std::string word() { return all.at(at++); }
    std::int64_t number() { return std::stoll(word()); }
    std::uint64_t whole() { return std::stoull(word()); }
    bool more() const { return at < all.size(); }
  };
  static std::vector<std::string> split(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string w; in >> w;) out.push_back(w);
    return out;
  }
  static std::uint32_t code_of(const std::vector<std::string>& names, const std::string& name) {
    const auto it = std::find(names.begin(), names.end(), name);
    EXPECT_NE(it, names.end()) << name;
    return static_cast<std::uint32_t>(it - names.begin());
  }
  static std::uint32_t scope(const std::string& name) {
    return code_of({"", "org", "project", "key", "user", "group"}, name);
  }
  static std::uint32_t period(const std::string& name) {
    return code_of({"total", "hour", "day", "week", "month"}, name);
  }

  void step(const std::string& line, Words& words, Words& answer) {
    const std::string verb = words.word();
    if (verb == "time") {
      flush();
      now_ms += words.number();
    } else if (verb == "budget") {
      flush();
      put_budget(words);
    } else if (const auto known = look_up(verb, words)) {
      EXPECT_EQ(*known, answer.number()) << line;
    } else {
      ops_.push_back(make(verb, words));
      expected_.push_back({line, answer});
      if (ops_.size() >= every_ && (ops_.back().flags & OC_LF_LINKED) == 0) flush();
    }
  }

  void put_budget(Words& words) {
    ledger_core::Budget b;
    b.key.account = words.whole();
    b.key.scope = scope(words.word());
    b.key.scope_id = words.whole();
    b.period = period(words.word());
    b.limit = words.number();
    for (; words.more(); ++words.at)
      if (words.all[words.at] == "report")
        b.action = OC_BUDGET_REPORT;
      else
        b.time_zone = words.all[words.at];
    store.put_budget(b, test_calendar(), now_ms);
  }

  std::optional<std::int64_t> look_up(const std::string& what, Words& words) {
    static const std::vector<std::string> questions{
        "available", "debt", "held", "promo", "held_by_grants", "net", "spent", "counted_as_held", "windows"};
    if (std::find(questions.begin(), questions.end(), what) == questions.end()) return std::nullopt;
    flush();
    if (what == "windows") return std::int64_t(store.windows.size());
    if (what == "net") {
      const auto code = static_cast<std::uint32_t>(words.whole());
      const ledger_core::Account a = store.account(code, words.whole());
      return a.credits - a.debits;
    }
    if (what == "spent" || what == "counted_as_held") {
      ledger_core::Budget b;
      b.key.account = words.whole();
      b.key.scope = scope(words.word());
      b.key.scope_id = words.whole();
      b.period = period(words.word());
      b.time_zone = store.budgets[MemoryStore::id_of(b.key, b.period)].time_zone;
      const ledger_core::Span span = test_calendar()(b.period, b.time_zone, now_ms);
      const auto& w = store.windows[{MemoryStore::id_of(b.key, b.period), span.begin_ms}];
      return what == "spent" ? w.spent : w.held;
    }
    const std::uint64_t wallet = words.whole();
    const ledger_core::Standing s = store.standing(wallet, now_ms);
    const std::int64_t held_paid = store.account(ledger_core::kWallet, wallet).pending;
    return what == "available" ? s.available
           : what == "debt"    ? s.debt
           : what == "promo"   ? s.promo
           : what == "held"    ? s.held
                               : s.held - held_paid;
  }

  oc_ledger_op make(const std::string& verb, Words& w) {
    static const std::map<std::string, std::uint32_t> kinds{{"deposit", OC_LOP_DEPOSIT},
                                                            {"withdraw", OC_LOP_WITHDRAW},
                                                            {"transfer", OC_LOP_TRANSFER},
                                                            {"grant", OC_LOP_GRANT},
                                                            {"terms", OC_LOP_TERMS},
                                                            {"refund", OC_LOP_REFUND},
                                                            {"reserve", OC_LOP_RESERVE},
                                                            {"extend", OC_LOP_EXTEND},
                                                            {"settle", OC_LOP_SETTLE},
                                                            {"void", OC_LOP_VOID},
                                                            {"progress", OC_LOP_PROGRESS},
                                                            {"lease", OC_LOP_LEASE},
                                                            {"renew", OC_LOP_LEASE_RENEW},
                                                            {"lsettle", OC_LOP_LEASE_SETTLE},
                                                            {"close", OC_LOP_LEASE_CLOSE},
                                                            {"sweep", OC_LOP_SWEEP},
                                                            {"heartbeat", OC_LOP_HEARTBEAT},
                                                            {"epoch", OC_LOP_EPOCH},
                                                            {"bogus", 99}};
    oc_ledger_op op{};
    op.node = 1;
    op.kind = kinds.at(verb);
    switch (op.kind) {
      case OC_LOP_DEPOSIT:
      case OC_LOP_WITHDRAW:
      case OC_LOP_GRANT:
      case OC_LOP_RESERVE:
      case OC_LOP_LEASE:
      case OC_LOP_TRANSFER:
        op.id = id_of(w.word());
        op.account = w.whole();
        if (op.kind == OC_LOP_TRANSFER) op.account2 = w.whole();
        op.amount = w.number();
        break;
      case OC_LOP_TERMS:
        op.account = w.whole();
        op.amount = w.number();
        break;
      case OC_LOP_REFUND:
      case OC_LOP_EXTEND:
      case OC_LOP_LEASE_RENEW:
      case OC_LOP_LEASE_SETTLE: op.id = id_of(w.word()); [[fallthrough]];
      case OC_LOP_SETTLE:
      case OC_LOP_PROGRESS:
      case OC_LOP_VOID:
      case OC_LOP_LEASE_CLOSE:
        op.ref = id_of(w.word());
        if (op.kind == OC_LOP_VOID || op.kind == OC_LOP_LEASE_CLOSE) break;
        op.amount = w.number();
        if (op.kind == OC_LOP_LEASE_SETTLE || op.kind == OC_LOP_SETTLE || op.kind == OC_LOP_PROGRESS)
          op.fee = w.number();
        break;
      case OC_LOP_HEARTBEAT:
      case OC_LOP_EPOCH: op.node = w.whole(); break;
      default: break;
    }
    for (; w.more(); ++w.at) option(op, w.all[w.at]);
    return op;
  }

  void option(oc_ledger_op& op, const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const std::string value = equals != std::string::npos ? text.substr(equals + 1) : "";
    const auto number = [&] { return std::stoull(value); };
    const auto small = [&] { return static_cast<std::uint32_t>(std::stoul(value)); };
    const std::map<std::string, std::function<void()>> options{
        {"linked", [&] { op.flags |= OC_LF_LINKED; }},
        {"absorb", [&] { op.overage = OC_OVERAGE_ABSORB; }},
        {"overdraft", [&] { op.overage = OC_OVERAGE_OVERDRAFT; }},
        {"chargeback", [&] { op.code = OC_WITHDRAW_CHARGEBACK; }},
        {"provider", [&] { op.code = OC_REFUND_PROVIDER; }},
        {"frozen", [&] { op.code = OC_TERMS_FROZEN; }},
        {"hold", [&] { op.code = OC_CRASH_HOLD; }},
        {"crash_void", [&] { op.code = OC_CRASH_VOID; }},
        {"most", [&] { op.amount = std::stoll(value); }},
        {"id", [&] { op.id = id_of(value); }},
        {"ends", [&] { op.epoch = static_cast<std::uint64_t>(now_ms + std::stoll(value)); }},
        {"prio", [&] { op.code = small(); }},
        {"code", [&] { op.code = small(); }},
        {"drain", [&] { op.code = small(); }},
        {"debt", [&] { op.fee = std::stoll(value); }},
        {"fee", [&] { op.fee = std::stoll(value); }},
        {"wallet", [&] { op.account = number(); }},
        {"counter", [&] { op.account2 = number(); }},
        {"key", [&] { op.key_id = number(); }},
        {"project", [&] { op.project_id = number(); }},
        {"user", [&] { op.user_id = number(); }},
        {"group", [&] { op.group_id = small(); }},
        {"ttl", [&] { op.ttl_ms = small(); }},
        {"node", [&] { op.node = number(); }},
        {"epoch", [&] { op.epoch = number(); }},
        {"overage", [&] { op.overage = small(); }}};
    const auto it = options.find(name);
    if (it == options.end())
      ADD_FAILURE() << "unknown option " << text;
    else
      it->second();
  }

  static void check(const std::string& line, Words& answer, const oc_ledger_result& r) {
    EXPECT_EQ(name_of(r.status), answer.word()) << line;
    const std::map<std::string, std::int64_t> fields{
        {"posted", r.posted},       {"released", r.released}, {"shortfall", r.shortfall},
        {"available", r.available}, {"flags", r.flags},       {"scope", static_cast<std::int64_t>(r.limit_scope)}};
    for (; answer.more(); ++answer.at) {
      const std::string& text = answer.all[answer.at];
      EXPECT_EQ(fields.at(text.substr(0, text.find('='))), std::stoll(text.substr(text.find('=') + 1)))
          << line << ": " << text;
    }
  }

  void flush() {
    std::vector<oc_ledger_result> results(ops_.size());
    ledger_core::apply(store, test_calendar(), ops_.data(), results.data(), ops_.size(), now_ms);
    for (std::size_t i = 0; i < ops_.size(); ++i) check(expected_[i].first, expected_[i].second, results[i]);
    ops_.clear();
    expected_.clear();
  }

  std::size_t every_;
  std::vector<oc_ledger_op> ops_;
  std::vector<std::pair<std::string, Words>> expected_;
};

// Batches change how much is loaded and written at once, never what comes out.
inline void check(const std::string& text) {
  for (const std::size_t every : {1, 2, 3, 1000}) {
    SCOPED_TRACE("ops in a batch: " + std::to_string(every));
    Table table(every);
    table.run(text);
  }
}

}  // namespace onechat::ledger_test
