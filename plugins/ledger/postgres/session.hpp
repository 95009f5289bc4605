// A connection made ready for the ledger: its settings, the schema at the version this plugin knows, and the locks that
// keep two processes from being one node.
//
// Owned and called by one thread. Throws ConfigError when an operator has to act, NodeTaken, ServerError.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "connection.hpp"

namespace onechat::ledger_postgres {

struct Settings {
  std::string url;
  std::string schema = "onechat";
  std::string runtime_role;  // "": the URL's user does everything
  int connect_timeout_s = 5;
};

struct Migration {
  int number = 0;
  std::string name, sql;
};
const std::vector<Migration>& embedded_migrations();  // in order of number

// Another process works as this node.
struct NodeTaken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Who we were to the server: what is left of a session that we lost may still hold locks.
struct SessionName {
  int pid = 0;
  std::string began;  // the server's clock
};

class Session {
 public:
  // `before`: the session that this one replaces, if any; the server is told to end it.
  Session(const Settings& settings, const std::vector<Migration>& migrations, const SessionName& before);

  Connection& connection() noexcept { return connection_; }
  const SessionName& name() const noexcept { return name_; }

  // Takes the node's number until the session ends. Repeating it does nothing. Throws NodeTaken.
  void claim(std::uint64_t node);

  std::uint64_t budgets_lock() const noexcept { return lock_key(2, 0); }

 private:
  std::uint64_t lock_key(std::uint64_t what, std::uint64_t number) const noexcept;
  void check_server();
  void replace(const SessionName& before);
  void migrate(const std::vector<Migration>& migrations);
  int schema_version();
  void use_role();

  Settings settings_;
  Connection connection_;
  SessionName name_;
  std::vector<std::uint64_t> nodes_;
};

}  // namespace onechat::ledger_postgres
