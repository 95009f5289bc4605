// One SQLite file with one writing connection: opened, locked against other processes, migrated.
//
// Owned and called by one thread. Errors are thrown: ConfigError when an operator has to act, ConstraintError when a row
// breaks a rule of the schema and would again, any other std::exception when the file cannot be used now (busy, disk full,
// I/O) and a later attempt may succeed.
#pragma once
#include <Poco/Data/Session.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
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
struct ConstraintError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A prepared statement on the native handle: a reused Poco statement costs 9-11 us for one row, this under 1 us, and a
// batch makes up to three look-ups and three writes for each operation.
class Query {
 public:
  Query(sqlite3* db, const std::string& sql);
  ~Query() { sqlite3_finalize(statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <class... V>
  Query& with(V... values) {  // starts anew
    reset();
    int i = 0;
    (bind(++i, static_cast<std::int64_t>(values)), ...);
    return *this;
  }
  void bind(int i, std::int64_t v) {  // what is bound stays over a reset; most of a row is as in the row before
    std::optional<std::int64_t>& bound = bound_[static_cast<std::size_t>(i)];
    if (bound == v) return;
    sqlite3_bind_int64(statement_, i, v);
    bound = v;
  }
  // The bytes must stay until the statement was run.
  void bind(int i, const std::string& v) {
    sqlite3_bind_text(statement_, i, v.data(), static_cast<int>(v.size()), SQLITE_STATIC);
  }
  void bind(int i, const std::array<std::uint8_t, 32>& v) {
    sqlite3_bind_blob(statement_, i, v.data(), static_cast<int>(v.size()), SQLITE_STATIC);
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
  std::array<std::uint8_t, 32> bytes32(int i) const;  // zeros when it has another length

 private:
  sqlite3_stmt* statement_ = nullptr;
  std::vector<std::optional<std::int64_t>> bound_;  // by number of the parameter, numbers only
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

// How commits reach the disk. A ledger is as this says; others show a test of durability what it has to find.
enum class Durability { kFull, kNormal, kOff };
struct Tuning {
  Durability durability = Durability::kFull;
  int checkpoint_pages = 4000;  // of the log, which a checkpoint then copies into the file
  // What the log may grow to while somebody reads: as long as a reader needs what it had when the reader came, it cannot
  // begin anew. Our own readers end at half of it.
  int log_pages_max = 1'048'576;  // 4 GiB
};

// How long the log is that nobody has copied into the file yet. Thread-safe.
using LogPages = std::atomic<int>;

class Database {
 public:
  // Opens or creates `file` and applies what `migrations` the file has not had. `log_pages` is borrowed.
  Database(const std::string& file, const std::vector<Migration>& migrations, const Tuning& tuning, LogPages& log_pages);

  Poco::Data::Session& session() noexcept { return session_; }
  sqlite3* handle() const noexcept { return handle_; }
  void execute(const char* sql);
  // Before a transaction: throws when the log is as long as it may be and a reader still needs it.
  void make_room_in_log();

 private:
  void configure(const Tuning& tuning);
  void checkpoint();
  void migrate(const std::vector<Migration>& migrations);

  Poco::Data::Session session_;
  sqlite3* handle_;
  const Tuning tuning_;
  LogPages& log_pages_;
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

// A connection that only reads, in one transaction: it sees the file as it was when the reader was made, and never writes
// a checkpoint. For what streams over many rows; on any one thread, while the Database is used by its own. Its queries
// throw when the log grows beyond `log_pages_max`: what is written meanwhile matters more.
class Reader {
 public:
  Reader(const std::string& file, const LogPages& log_pages, int log_pages_max);
  ~Reader() { sqlite3_close_v2(handle_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  sqlite3* handle() const noexcept { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
  const LogPages& log_pages_;
  const int log_pages_max_, log_pages_at_first_;
};

}  // namespace onechat::ledger_sqlite
