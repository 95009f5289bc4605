// One SQLite file with one writing connection: opened, locked against other processes, migrated.
//
// Owned and called by one thread. Errors are thrown: ConfigError when an operator has to act, any other std::exception
// when the file cannot be used now (busy, disk full, I/O) and a later attempt may succeed.
#pragma once
#include <Poco/Data/Session.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace onechat::ledger_sqlite {

struct Migration {
  int number = 0;
  std::string name, sql;
};
const std::vector<Migration>& embedded_migrations();                   // in order of number
std::vector<Migration> read_migrations(const std::string& directory);  // ledger_NNNN_*.sql; throws ConfigError

struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A prepared statement on the native handle: a reused Poco statement costs 9-11 us for one row, this under 1 us, and a
// batch makes up to three look-ups and three writes for each operation.
class Query {
 public:
  Query(sqlite3* db, const char* sql);
  ~Query() { sqlite3_finalize(statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <class... V>
  Query& with(V... values) {  // starts anew
    sqlite3_reset(statement_);
    int i = 0;
    (sqlite3_bind_int64(statement_, ++i, static_cast<sqlite3_int64>(values)), ...);
    return *this;
  }
  template <class... V>
  void run(V... values) {  // for a statement that gives no rows
    with(values...);
    while (next()) continue;
  }
  bool next();  // the next row; false at the end, and then the statement holds no lock
  void reset() { sqlite3_reset(statement_); }  // when the rest of the rows is not wanted
  std::int64_t column(int i) const { return sqlite3_column_int64(statement_, i); }
  std::uint64_t word(int i) const { return static_cast<std::uint64_t>(column(i)); }
  std::string text(int i) const;

 private:
  sqlite3_stmt* statement_ = nullptr;
};

// Keeps a second process off the file for as long as it lives.
class FileLock {
 public:
  explicit FileLock(const std::string& path);  // throws ConfigError when another process has it
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_;
};

class Database {
 public:
  // Opens or creates `file` and applies what `migrations` the file has not had.
  Database(const std::string& file, const std::vector<Migration>& migrations);

  Poco::Data::Session& session() noexcept { return session_; }
  sqlite3* handle() const noexcept { return handle_; }
  void execute(const char* sql);

 private:
  void configure();
  void migrate(const std::vector<Migration>& migrations);

  Poco::Data::Session session_;
  sqlite3* handle_;
};

// BEGIN IMMEDIATE; rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& db) : db_(db) { db_.execute("BEGIN IMMEDIATE"); }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() { db_.execute("COMMIT"); }

 private:
  Database& db_;
};

}  // namespace onechat::ledger_sqlite
