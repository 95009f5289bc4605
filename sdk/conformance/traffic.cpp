#include "traffic.hpp"

namespace onechat::conformance {

std::string text(const oc_ledger_op& op) {
  static constexpr const char* kNames[] = {"op",           "DEPOSIT",     "TRANSFER",  "RESERVE",  "EXTEND",
                                           "SETTLE",       "VOID",        "REFUND",    "LEASE",    "LEASE_RENEW",
                                           "LEASE_SETTLE", "LEASE_CLOSE", "SWEEP",     "HEARTBEAT", "PROGRESS",
                                           "EPOCH",        "WITHDRAW",    "GRANT",     "TERMS"};
  const bool known = op.kind < sizeof kNames / sizeof kNames[0];
  return std::string(kNames[known ? op.kind : 0]) + " of " + std::to_string(op.amount) +
         (op.fee != 0 ? " + " + std::to_string(op.fee) : "");
}

std::string text(const oc_ledger_result& r) {
  return "status " + std::to_string(r.status) + " flags " + std::to_string(r.flags) + " posted " +
         std::to_string(r.posted) + " released " + std::to_string(r.released) + " shortfall " +
         std::to_string(r.shortfall) + " available " + std::to_string(r.available) +
         (r.limit_scope != 0 ? " scope " + std::to_string(r.limit_scope) : "");
}

}  // namespace onechat::conformance
