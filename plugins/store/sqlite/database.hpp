// One SQLite file: opened through Poco::Data, then used through the native handle of its session, which is the cheaper
// of the two (README.md has the numbers). Belongs to one thread.
#pragma once
#include <onechat/abi.h>

#include <Poco/Data/Session.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace onechat::store_sqlite {

// The file cannot be used as configured; what() is for the operator.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// SQLite failed (disk full, I/O, locked): the transaction is lost.
struct DatabaseError : std::runtime_error {
  DatabaseError(int code, const std::string& what) : std::runtime_error(what), sqlite_code(code) {}
  int sqlite_code;
};

class Statement {
 public:
  Statement(sqlite3* handle, std::string_view sql);

  // Parameters are 1, 2, ... in the order of the calls; texts and blobs must live until step() is done with them.
  Statement& bind(std::int64_t value);
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::uint32_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(int value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(oc_str text);
  Statement& bind(oc_bytes blob);

  bool step();         // true: a row; false: the end. DatabaseError otherwise.
  std::int64_t run();  // steps to the end, resets, gives the number of rows changed
  void reset() noexcept;

  std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(get(), column); }
  oc_str text(int column) const noexcept;
  oc_bytes blob(int column) const noexcept;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
  };
  sqlite3_stmt* get() const noexcept { return statement_.get(); }
  [[noreturn]] void fail(int code);
  void check(int code) {
    if (code != SQLITE_OK) fail(code);
  }
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;
};

// A statement that is used again: reset when the use ends, however it ends.
class Use {
 public:
  explicit Use(Statement& s) : statement_(s) {}
  ~Use() { statement_.reset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Statement* operator->() noexcept { return &statement_; }

 private:
  Statement& statement_;
};

class Database {
 public:
  // Opens or makes the file (readable by its owner only) and brings it to the newest schema. Throws ConfigError.
  Database(const std::string& file, std::int64_t unix_ms);

  sqlite3* handle() const noexcept { return handle_; }
  void run(const char* sql);
  // What the next transactions cost: durable ones are on the disk when they return, the others after the next durable
  // one or checkpoint. Not inside a transaction.
  void set_durable(bool durable);
  // Moves the log into the file and cuts it, so that no older content is left in it. Waits for nobody; false: someone is
  // reading. Not inside a transaction.
  bool empty_log() noexcept;

 private:
  int schema_version();
  void migrate(const std::string& file, std::int64_t unix_ms);

  Poco::Data::Session session_;
  sqlite3* handle_ = nullptr;
  bool durable_ = false;
};

// Commits when told to, else takes everything back.
class Transaction {
 public:
  explicit Transaction(Database& db) : db_(db) { db_.run("BEGIN IMMEDIATE"); }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& db_;
  bool done_ = false;
};

}  // namespace onechat::store_sqlite
