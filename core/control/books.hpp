// What the control plane asks of the ledger: deposits, spend limits, balances, statements, verification.
//
// Thread-safe; every call may block on the ledger's thread. Without a ledger (`ledger: none`) every call is
// OC_E_UNSUPPORTED.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger_engine.hpp"

namespace onechat::control {

struct Deposited {
  bool duplicate = false;  // the same id with the same amount was there before; nothing was added
  std::int64_t available_nano = 0;
};

struct Balance {
  std::int64_t available_nano = 0, held_nano = 0, spent_nano = 0, deposited_nano = 0;
};

struct StatementLine {
  std::string kind;  // "deposit" or "settle"
  oc_id128 id{}, ref{};
  std::int64_t amount_nano = 0, fee_nano = 0, unix_ms = 0;
  std::uint64_t key_number = 0;
  bool late = false, estimated = false;
};

struct Verdict {
  std::uint64_t transfers = 0;
  struct Breach {
    std::string invariant, detail;
  };
  std::vector<Breach> breaches;  // empty: every invariant holds
};

class Books {
 public:
  explicit Books(ledger::LedgerEngine* engine) : engine_(engine) {}

  // `id` makes it happen once per account: the same id with another amount is OC_E_CONFLICT.
  Result<Deposited> deposit(std::uint64_t account, std::int64_t nano, std::string_view id);
  Result<void> set_spend_limit(std::uint64_t key_number, std::int64_t nano);
  Result<Balance> balance(std::uint64_t account);  // zeros for an account that never had a deposit
  // Oldest first; [from, to) in Unix ms, 0 = open.
  Result<std::vector<StatementLine>> statement(std::uint64_t account, std::int64_t from, std::int64_t to);
  Result<Verdict> verify();

  ledger::LedgerEngine* engine() const noexcept { return engine_; }

 private:
  ledger::LedgerEngine* engine_;
};

}  // namespace onechat::control
