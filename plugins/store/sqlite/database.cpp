#include "database.hpp"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/Utility.h>
#include <Poco/Exception.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "migrations.hpp"

namespace onechat::store_sqlite {
namespace {

constexpr int kBusyMs = 5'000;  // another process that writes is waited for
constexpr char kPragmas[] =
    "PRAGMA page_size=8192;"  // of a new file: a usual trace is just too large for two to share 4 KiB (README.md)
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL;"
    "PRAGMA wal_autocheckpoint=2000;"  // pages: 16 MB, so that a checkpoint writes each page once for many commits
    "PRAGMA journal_size_limit=67108864;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA secure_delete=ON;";  // what was erased is overwritten, whatever SQLite was built for
constexpr char kSchemaTable[] =
    "CREATE TABLE IF NOT EXISTS store_schema ("
    "version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_unix_ms INTEGER NOT NULL)";

constexpr std::size_t kOpenSecondsMax = 2;  // Poco tries again until then

// SQLite would make it by the umask, and gives -wal and -shm the rights of the file. Only a file that was not there is
// touched: closing another descriptor of an open database would drop its locks.
void make_private(const std::string& file) {
  const int fd = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
  } else if (errno != EEXIST || ::access(file.c_str(), R_OK | W_OK) != 0) {
    throw ConfigError("cannot open the store \"" + file + "\": " + std::generic_category().message(errno) +
                      "; check that its folder exists and that both are writable");
  }
}

// A connection belongs to one thread, and nobody asks SQLite how much memory it uses: it need not lock for either. Of
// the whole process, so only before its first use; SQLite refuses it afterwards, and all goes on with locks.
void spare_locks() noexcept {
  sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

Poco::Data::Session open_session(const std::string& file) {
  if (file.empty()) throw ConfigError("\"file\" is empty: name the file that the store keeps its data in");
  make_private(file);
  spare_locks();
  Poco::Data::SQLite::Connector::registerConnector();
  try {
    return Poco::Data::Session(Poco::Data::SQLite::Connector::KEY, file, kOpenSecondsMax);
  } catch (const Poco::Exception& e) {
    throw ConfigError("cannot open the store \"" + file + "\": " + e.displayText());
  }
}

}  // namespace

Statement::Statement(sqlite3* handle, std::string_view sql) {
  sqlite3_stmt* made = nullptr;
  const int code =
      sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  if (code != SQLITE_OK) throw DatabaseError(code, sqlite3_errmsg(handle));
  statement_.reset(made);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(get(), next_++, value));
  return *this;
}

Statement& Statement::bind(oc_str text) {
  check(sqlite3_bind_text64(get(), next_++, text.len != 0 ? text.ptr : "", text.len, SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(oc_bytes blob) {
  static constexpr std::uint8_t kNothing = 0;
  check(sqlite3_bind_blob64(get(), next_++, blob.len != 0 ? blob.ptr : &kNothing, blob.len, SQLITE_STATIC));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(code);
  return false;
}

std::int64_t Statement::run() {
  while (step()) {
  }
  const auto changed = sqlite3_changes64(sqlite3_db_handle(get()));
  reset();
  return changed;
}

void Statement::reset() noexcept {
  sqlite3_reset(get());
  next_ = 1;
}

oc_str Statement::text(int column) const noexcept {
  const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(get(), column));
  return {p, static_cast<std::uint64_t>(sqlite3_column_bytes(get(), column))};
}

oc_bytes Statement::blob(int column) const noexcept {
  const auto* p = static_cast<const std::uint8_t*>(sqlite3_column_blob(get(), column));
  return {p, static_cast<std::uint64_t>(sqlite3_column_bytes(get(), column))};
}

void Statement::fail(int code) {
  const DatabaseError error(code, sqlite3_errmsg(sqlite3_db_handle(get())));
  reset();
  throw error;
}

Database::Database(const std::string& file, std::int64_t unix_ms) : session_(open_session(file)) {
  handle_ = Poco::Data::SQLite::Utility::dbHandle(session_);
  sqlite3_busy_timeout(handle_, kBusyMs);
  try {
    run(kPragmas);
    migrate(file, unix_ms);
  } catch (const DatabaseError& e) {
    throw ConfigError("cannot use \"" + file + "\" as a store: " + e.what());
  }
}

void Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw DatabaseError(code, sqlite3_errmsg(handle_));
}

void Database::set_durable(bool durable) {
  if (durable == durable_) return;
  run(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  durable_ = durable;
}

bool Database::empty_log() noexcept {
  sqlite3_busy_timeout(handle_, 0);
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(handle_, kBusyMs);
  return code == SQLITE_OK;
}

int Database::schema_version() {
  Statement newest(handle_, "SELECT coalesce(max(version), 0) FROM store_schema");
  newest.step();
  return static_cast<int>(newest.integer(0));
}

void Database::migrate(const std::string& file, std::int64_t unix_ms) {
  set_durable(true);
  Transaction transaction(*this);  // taken before looking: two starts at once apply each migration once
  run(kSchemaTable);
  const int have = schema_version();
  const int known = kMigrationCount == 0 ? 0 : kMigrations[kMigrationCount - 1].version;
  if (have > known)
    throw ConfigError("the store \"" + file + "\" has schema " + std::to_string(have) + ", this version knows up to " +
                      std::to_string(known) + ": start the newer 1chat that wrote it, or restore a backup");
  for (std::size_t i = 0; i < kMigrationCount; ++i) {
    const Migration& m = kMigrations[i];
    if (m.version <= have) continue;
    run(m.sql);
    const std::string_view name = m.name;
    Statement done(handle_, "INSERT INTO store_schema VALUES (?, ?, ?)");
    done.bind(m.version).bind(oc_str{name.data(), name.size()}).bind(unix_ms);
    done.run();
  }
  transaction.commit();
}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself.
  if (!done_ && sqlite3_get_autocommit(db_.handle()) == 0)
    sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  db_.run("COMMIT");
  done_ = true;
}

}  // namespace onechat::store_sqlite
