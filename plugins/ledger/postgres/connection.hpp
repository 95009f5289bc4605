// One connection to PostgreSQL: opened with a deadline, and used in pipeline mode, so that the statements of a step
// travel together and are waited for once.
//
// Owned and called by one thread. Everything throws ServerError (ConfigError: an operator has to act); after one with
// connection_lost() the connection is of no more use. Messages never show the password.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "values.hpp"

namespace onechat::ledger_postgres {

struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class ServerError : public std::runtime_error {
 public:
  ServerError(const std::string& message, std::string sql_state)
      : std::runtime_error(message), sql_state_(std::move(sql_state)) {}
  const std::string& sql_state() const noexcept { return sql_state_; }  // "": from our side of the connection
  bool connection_lost() const noexcept;
  bool try_again() const noexcept;      // deadlock, lock timeout, serialization, somebody else was first
  bool is_constraint() const noexcept;  // a rule of the schema was broken

 private:
  std::string sql_state_;
};

// A statement that is prepared on a connection when it is first sent there. Its address is its identity.
struct Statement {
  std::string name, sql;
};

class Connection {
 public:
  // Errors: ConfigError when `url` is none; its text is never repeated, since a password may be anywhere in it.
  Connection(const std::string& url, int connect_timeout_s);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs plain SQL, many statements if need be, and waits. Outside of send()...sync() only. The first field of the last
  // statement's first row; "" when there is none.
  std::string execute(const std::string& sql);

  using Handler = std::function<void(const Rows&)>;
  // Queues an execution; `then` gets its rows during sync(). Parameters may be freed afterwards.
  void send(const Statement& statement, const Params& params, Handler then = {});
  // Waits for everything sent since the last sync(), then runs the handlers in order. Throws the first error; the
  // statements after it were not done.
  void sync();
  // send() and sync().
  void run(const Statement& statement, const Params& params, Handler then = {});
  // The same for any number of rows, one at a time; none is kept. What `each` throws leaves the connection of no use.
  void stream(const Statement& statement, const Params& params, const Handler& each);

  // Longest silence of the server before the connection is given up.
  static constexpr std::chrono::milliseconds kPatience{20'000};
  void patience(std::chrono::milliseconds most) noexcept { patience_ = most; }
  int server_pid() const noexcept { return PQbackendPID(handle_.get()); }

 private:
  struct Pending {
    Handler then;
    const Statement* prepares;  // or nullptr
  };
  using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

  [[noreturn]] void fail(const std::string& what) const;
  ServerError error_of(const PGresult* result) const;
  std::string redacted(std::string text) const;
  void check(int sent, const std::string& what) const;
  PGresult* next_result();
  void pipeline(bool on);
  void prepare(const Statement& statement);

  std::unique_ptr<PGconn, decltype(&PQfinish)> handle_;
  std::string password_;
  std::vector<Pending> pending_;
  std::vector<const Statement*> prepared_;
  std::chrono::milliseconds patience_ = kPatience;
  bool in_pipeline_ = false;
};

}  // namespace onechat::ledger_postgres
