#include "control/books.hpp"

#include "base/ids.hpp"

#include <limits>

namespace onechat::control {
namespace {

Error no_ledger() { return Error(OC_E_UNSUPPORTED, "this gateway keeps no books (ledger: none)", "no_ledger"); }

Error refused(oc_status status, const std::string& what) {
  switch (status) {
    case OC_E_CONFLICT: return Error(status, "the ledger has another " + what + " under this id", "id_conflict", "id");
    case OC_E_INVALID:
      return Error(status, "the ledger refused the " + what + ": its amount is not possible", "invalid_amount");
    case OC_E_UNAVAILABLE: return Error(status, "the ledger is not available, try again", "ledger_unavailable");
    default: return Error(status, "the ledger refused the " + what, std::string(status_name(status)));
  }
}

void add_line(void* arg, const oc_ledger_entry* entry) {
  StatementLine line;
  line.kind = entry->kind == OC_LOP_DEPOSIT ? "deposit" : "settle";
  line.id = entry->id;
  line.ref = entry->ref;
  line.amount_nano = entry->amount;
  line.fee_nano = entry->fee;
  line.unix_ms = entry->unix_ms;
  line.key_number = entry->key_id;
  line.late = (entry->flags & OC_LF_LATE) != 0;
  line.estimated = (entry->flags & OC_LF_ESTIMATED) != 0;
  static_cast<std::vector<StatementLine>*>(arg)->push_back(std::move(line));
}

void add_breach(void* arg, const oc_ledger_problem* problem) {
  static_cast<Verdict*>(arg)->breaches.push_back(
      {std::string(view(problem->invariant)), std::string(view(problem->detail))});
}

}  // namespace

Result<Deposited> Books::deposit(std::uint64_t account, std::int64_t nano, std::string_view id) {
  if (!engine_) return no_ledger();
  if (nano <= 0) return Error(OC_E_INVALID, "a deposit must be more than 0", "invalid_amount", "usd");
  if (id.empty() || id.size() > 200)
    return Error(OC_E_INVALID, "a deposit needs an id of 1 to 200 bytes", "invalid_id", "id");
  oc_ledger_op op{};
  op.kind = OC_LOP_DEPOSIT;
  op.id = id_from_text("deposit/" + std::to_string(account) + "/" + std::string(id));
  op.account = account;
  op.amount = nano;
  const oc_ledger_result result = engine_->apply_blocking(op);
  if (result.status < 0) return refused(result.status, "deposit");
  return Deposited{result.status == OC_DUPLICATE, result.available};
}

Result<void> Books::set_spend_limit(std::uint64_t key_number, std::int64_t nano) {
  if (!engine_) return no_ledger();
  oc_ledger_op op{};
  op.kind = OC_LOP_LIMIT;
  op.id = id_from_text("limit/" + std::to_string(key_number) + "/" + random_text(16));
  op.key_id = key_number;
  op.amount = nano;
  const oc_ledger_result result = engine_->apply_blocking(op);
  if (result.status < 0) return refused(result.status, "spend limit");
  return {};
}

Result<Balance> Books::balance(std::uint64_t account) {
  if (!engine_) return no_ledger();
  oc_ledger_balance out{};
  out.struct_size = sizeof out;
  oc_status status = OC_E_UNAVAILABLE;
  engine_->run([&](const ledger::Backend& b) { status = b.table->balance(b.instance, account, &out); });
  if (status == OC_E_NOT_FOUND) return Balance{};
  if (status < 0) return refused(status, "question");
  return Balance{out.available, out.held, out.spent, out.deposited};
}

Result<std::vector<StatementLine>> Books::statement(std::uint64_t account, std::int64_t from, std::int64_t to) {
  if (!engine_) return no_ledger();
  std::vector<StatementLine> lines;
  oc_status status = OC_E_UNAVAILABLE;
  const std::int64_t end = to == 0 ? std::numeric_limits<std::int64_t>::max() : to;
  engine_->run([&](const ledger::Backend& b) {
    status = b.table->statement(b.instance, account, from, end, &add_line, &lines);
  });
  if (status < 0 && status != OC_E_NOT_FOUND) return refused(status, "question");
  return lines;
}

Result<Verdict> Books::verify() {
  if (!engine_) return no_ledger();
  Verdict verdict;
  oc_status status = OC_E_UNAVAILABLE;
  engine_->run([&](const ledger::Backend& b) {
    status = b.table->verify(b.instance, &add_breach, &verdict, &verdict.transfers);
  });
  if (status < 0) return refused(status, "verification");
  return verdict;
}

}  // namespace onechat::control
