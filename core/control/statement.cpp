#include "control/statement.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "control/date_text.hpp"
#include "control/money_text.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

constexpr std::int64_t kMinuteMs = 60'000, kDayMs = 86'400'000;
constexpr std::size_t kFewEntries = 500, kManyEntries = 5'000;  // of one slice

std::string bound_json(std::string_view kind, std::int64_t unix_ms, std::int64_t balance) {
  std::string out;
  oc_jsonw w(&out);
  w.object().key("time").string(to_time(unix_ms)).key("kind").string(kind);
  w.key("amount").string(to_usd(0)).key("balance").string(to_usd(balance)).close();
  return out;
}

std::string bound_csv(std::string_view kind, std::int64_t unix_ms, std::int64_t balance) {
  return to_time(unix_ms) + "," + std::string(kind) + ",," + to_usd(balance) + ",,,,,,,,\r\n";
}

}  // namespace

std::string_view entry_kind(const Entry& e) noexcept {
  switch (e.kind) {
    case OC_LOP_DEPOSIT: return "deposit";
    case OC_LOP_TRANSFER: return "transfer";
    case OC_LOP_REFUND: return "refund";
    case OC_LOP_SWEEP: return "expiry";
    case OC_LOP_WITHDRAW: return e.code == OC_WITHDRAW_CHARGEBACK ? "chargeback" : "withdrawal";
    case OC_LOP_GRANT: return "grant";
    default: return "settle";
  }
}

// Slices grow where little happens and shrink where much does; the first is a minute.
Result<void> for_each_entry(Books& books, std::uint64_t account, StatementPeriod period,
                            const std::function<bool(const Entry&)>& fn) {
  std::int64_t length = kMinuteMs;
  for (std::int64_t at = period.from_unix_ms; at < period.to_unix_ms;) {
    const std::int64_t end = std::min(period.to_unix_ms, at + length);
    const auto slice = books.entries(account, at, end);
    if (!slice) return slice.error();
    for (const Entry& e : *slice)
      if (!fn(e)) return {};
    if (slice->size() < kFewEntries) length = std::min(kDayMs, length * 2);
    if (slice->size() > kManyEntries) length = std::max<std::int64_t>(1'000, length / 2);
    at = end;
  }
  return {};
}

Result<Statement> Statement::open(Books& books, const Directory& directory, const Wallet& wallet,
                                  StatementPeriod period, std::int64_t now_unix_ms) {
  const std::int64_t born = wallet.created_unix_ms - kDayMs;  // clocks differ between nodes
  const std::int64_t end = now_unix_ms + kDayMs;
  Statement out(books, wallet);
  out.shown_ = {period.from_unix_ms == 0 ? wallet.created_unix_ms : period.from_unix_ms,
                period.to_unix_ms == 0 ? now_unix_ms : period.to_unix_ms};
  out.read_ = {std::max(born, period.from_unix_ms),
               period.to_unix_ms == 0 ? end : std::min(period.to_unix_ms, end)};
  const auto there = books.balance(wallet.account);  // books that cannot be asked are an error, not an empty answer
  if (!there) return there.error();
  const StatementPeriod before{born, std::min(out.read_.from_unix_ms, end)};
  const auto folded = for_each_entry(books, wallet.account, before, [&](const Entry& e) {
    out.opening_ += effect_on(e, wallet.account);
    return true;
  });
  if (!folded) return folded.error();
  for (const auto& k : directory.keys("")) out.keys_[k.number] = k.id;
  for (const auto& p : directory.projects()) out.projects_[p.id] = p.name;
  return out;
}

void Statement::write_json(std::ostream& out, bool bounds) const {
  std::int64_t balance = opening_;
  bool first = true;
  const auto put = [&](const std::string& line) {
    out << (first ? "[" : ",") << line;
    first = false;
    return out.good();
  };
  if (bounds) put(bound_json("opening", shown_.from_unix_ms, balance));
  const auto done = for_each_entry(*books_, wallet_.account, read_, [&](const Entry& e) {
    balance += effect_on(e, wallet_.account);
    return put(json_line(e, balance));
  });
  if (!done) return;
  if (bounds) put(bound_json("closing", shown_.to_unix_ms, balance));
  out << (first ? "[]" : "]");
}

void Statement::write_csv(std::ostream& out) const {
  std::int64_t balance = opening_;
  out << "time,kind,amount_usd,balance_usd,cost_usd,fee_usd,id,request,project,key,late,estimated\r\n"
      << bound_csv("opening", shown_.from_unix_ms, balance);
  const auto done = for_each_entry(*books_, wallet_.account, read_, [&](const Entry& e) {
    balance += effect_on(e, wallet_.account);
    out << csv_line(e, balance);
    return out.good();
  });
  if (done) out << bound_csv("closing", shown_.to_unix_ms, balance);
}

std::string Statement::name_of(const std::map<std::uint64_t, std::string>& names, std::uint64_t number) const {
  if (number == 0) return {};
  const auto found = names.find(number);
  return found == names.end() ? std::to_string(number) : found->second;
}

std::string Statement::json_line(const Entry& e, std::int64_t balance) const {
  std::string out;
  oc_jsonw w(&out);
  w.object().key("time").string(to_time(e.unix_ms)).key("kind").string(entry_kind(e)).key("id").string(to_hex(e.id));
  w.key("amount").string(to_usd(effect_on(e, wallet_.account))).key("balance").string(to_usd(balance));
  if (is_charge(e)) {
    w.key("cost").string(to_usd(e.amount)).key("fee").string(to_usd(e.fee));
    w.key("trace").string(to_hex(request_of(e))).key("key").string(name_of(keys_, e.key_id));
    w.key("project").string(name_of(projects_, e.project_id));
    w.key("late").boolean((e.flags & OC_LF_LATE) != 0).key("estimated").boolean((e.flags & OC_LF_ESTIMATED) != 0);
  }
  if (e.kind == OC_LOP_REFUND) w.key("trace").string(to_hex(request_of(e)));
  for (auto [name, nano] : {std::pair{"promo", e.promo_part}, {"debt", e.debt_part}, {"absorbed", e.absorbed_part}})
    if (nano != 0) w.key(name).string(to_usd(nano));
  w.close();
  return out;
}

std::string Statement::csv_line(const Entry& e, std::int64_t balance) const {
  const bool charge = is_charge(e);
  std::string out = to_time(e.unix_ms) + "," + std::string(entry_kind(e)) + "," + to_usd(effect_on(e, wallet_.account)) +
                    "," + to_usd(balance) + ",";
  out += charge ? to_usd(e.amount) + "," + to_usd(e.fee) + "," : ",,";
  out += to_hex(e.id) + "," + (charge || e.kind == OC_LOP_REFUND ? to_hex(request_of(e)) : std::string()) + ",";
  out += name_of(projects_, e.project_id) + "," + name_of(keys_, e.key_id) + ",";
  out += (e.flags & OC_LF_LATE) != 0 ? "late," : ",";
  out += (e.flags & OC_LF_ESTIMATED) != 0 ? "estimated\r\n" : "\r\n";
  return out;
}

}  // namespace onechat::control
