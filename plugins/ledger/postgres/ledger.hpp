// The books in one schema of a PostgreSQL database, as one instance of the plugin has them: connected when needed, and
// applying batches.
//
// Owned and called by one thread. Everything throws: ConfigError, NodeTaken, ServerError, or what the calendar throws.
// After any of them close(): the next call connects anew.
#pragma once
#include <onechat/host.h>

#include <memory>
#include <string>

#include "chain.hpp"
#include "row_store.hpp"
#include "session.hpp"

namespace onechat::ledger_postgres {

class Ledger {
 public:
  Ledger(const oc_host* host, Settings settings);  // connects

  // One transaction. A deadlock, a lock that was waited for too long, and somebody else making the same row first are
  // tried again a few times; so is a connection that was lost before COMMIT was sent.
  void apply(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n);

  Connection& connection();  // opens it
  std::uint64_t budgets_lock();
  const ledger_core::Calendar& calendar() const noexcept { return calendar_; }
  std::int64_t now_ms() const noexcept { return host_->unix_ms(); }

  void close() noexcept;
  void log(std::int32_t level, const std::string& text) const noexcept;

 private:
  void open();
  bool claim_again(Session& session, std::uint64_t node) const;
  void claim_nodes(const oc_ledger_op* ops, std::size_t n);
  enum class Try { done, again };
  Try try_apply(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n, int attempt);

  const oc_host* host_;
  Settings settings_;
  ledger_core::Calendar calendar_;
  SessionName last_;
  std::vector<std::uint64_t> nodes_;  // that this instance works as
  Chain chain_;
  std::unique_ptr<Session> session_;
};

}  // namespace onechat::ledger_postgres
