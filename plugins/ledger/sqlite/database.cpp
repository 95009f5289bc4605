#include "database.hpp"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/Utility.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace onechat::ledger_sqlite {
namespace {

constexpr int kBusyMs = 2000;
constexpr int kReaderSteps = 1'000;  // of SQLite's virtual machine, between two looks at the log

[[noreturn]] void fail(sqlite3* db, const std::string& what) {
  const int code = sqlite3_extended_errcode(db);
  if ((code & 0xff) == SQLITE_INTERRUPT)
    throw std::runtime_error("given up, since so much was written meanwhile that the write-ahead log has half of what "
                             "wal_mb_max allows; ask at a quieter time, or allow more");
  const std::string text = what + ": " + sqlite3_errmsg(db) + " (" + std::to_string(code) + ")";
  if ((code & 0xff) == SQLITE_CONSTRAINT) throw ConstraintError(text);
  throw std::runtime_error(text);
}

// A connection belongs to one thread, and nobody asks SQLite how much memory it uses: it need not lock for either. Of the
// whole process, so only before its first use; SQLite refuses it afterwards, and all goes on with locks.
void spare_locks() noexcept {
  sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

Poco::Data::Session connect(const std::string& file) {
  spare_locks();
  Poco::Data::SQLite::Connector::registerConnector();
  return Poco::Data::Session("SQLite", file);
}

}  // namespace

std::vector<Migration> read_migrations(const std::string& directory) {
  std::vector<Migration> out;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = file.path().filename().string();
    if (name.rfind("ledger_", 0) != 0 || file.path().extension() != ".sql") continue;
    Migration m;
    m.name = name;
    const char* first = name.data() + 7;
    if (std::from_chars(first, name.data() + name.size(), m.number).ec != std::errc() || m.number <= 0) continue;
    std::ifstream in(file.path(), std::ios::binary);
    m.sql.assign(std::istreambuf_iterator<char>(in), {});
    out.push_back(std::move(m));
  }
  if (error) throw ConfigError("migrations: cannot read the folder '" + directory + "': " + error.message());
  if (out.empty()) throw ConfigError("migrations: no ledger_NNNN_*.sql in '" + directory + "'; leave the setting out");
  std::sort(out.begin(), out.end(), [](const Migration& a, const Migration& b) { return a.number < b.number; });
  return out;
}

Query::Query(sqlite3* db, const std::string& sql) {
  if (sqlite3_prepare_v3(db, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) != SQLITE_OK) fail(db, sql);
  bound_.resize(static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_)) + 1);
}

bool Query::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(statement_);
  if (code != SQLITE_DONE) fail(sqlite3_db_handle(statement_), sqlite3_sql(statement_));
  return false;
}

std::string Query::text(int i) const {
  const unsigned char* t = sqlite3_column_text(statement_, i);
  return t != nullptr ? reinterpret_cast<const char*>(t) : "";
}

std::array<std::uint8_t, 32> Query::bytes32(int i) const {
  std::array<std::uint8_t, 32> out{};
  if (sqlite3_column_bytes(statement_, i) == static_cast<int>(out.size()))
    std::memcpy(out.data(), sqlite3_column_blob(statement_, i), out.size());
  return out;
}

FileLock::FileLock(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw ConfigError("file: cannot open '" + path + "': " + std::system_category().message(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  ::close(fd_);
  if (reason == EWOULDBLOCK)
    throw ConfigError("file: another process uses this ledger ('" + path +
                      "' is locked); stop it, or give this one a file of its own");
  throw ConfigError("file: cannot lock '" + path + "': " + std::system_category().message(reason));
}

FileLock::~FileLock() { ::close(fd_); }

Database::Database(const std::string& file, const std::vector<Migration>& migrations, const Tuning& tuning,
                   LogPages& log_pages)
    : session_(connect(file)),
      handle_(Poco::Data::SQLite::Utility::dbHandle(session_)),
      tuning_(tuning),
      log_pages_(log_pages) {
  configure(tuning);
  migrate(migrations);
  checkpoint();
}

void Database::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(handle_, sql);
}

// FULL, since NORMAL loses acknowledged commits at a power cut. Only this connection writes or checkpoints.
void Database::configure(const Tuning& tuning) {
  sqlite3_busy_timeout(handle_, kBusyMs);
  sqlite3_extended_result_codes(handle_, 1);
  {
    Query wal(handle_, "PRAGMA journal_mode=WAL");
    if (!wal.next() || wal.text(0) != "wal")
      throw ConfigError("file: its file system does not allow write-ahead logging");
  }
  execute(tuning.durability == Durability::kFull     ? "PRAGMA synchronous=FULL"
          : tuning.durability == Durability::kNormal ? "PRAGMA synchronous=NORMAL"
                                                     : "PRAGMA synchronous=OFF");
  const auto committed = [](void* self, sqlite3*, const char*, int pages) {
    auto& db = *static_cast<Database*>(self);
    db.log_pages_.store(pages, std::memory_order_relaxed);
    if (pages >= db.tuning_.checkpoint_pages) db.checkpoint();
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, committed, this);
  execute(
      "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
      "PRAGMA locking_mode=NORMAL; PRAGMA mmap_size=0; PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY");
}

// As much as readers let it; what fails is tried again after the next commit.
void Database::checkpoint() {
  int pages = 0, copied = 0;
  sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
  if (pages >= 0) log_pages_.store(pages == copied ? 0 : pages, std::memory_order_relaxed);
}

void Database::make_room_in_log() {
  if (log_pages_.load(std::memory_order_relaxed) < tuning_.log_pages_max) return;
  checkpoint();
  const int pages = log_pages_.load(std::memory_order_relaxed);
  if (pages >= tuning_.log_pages_max)
    throw std::runtime_error("the write-ahead log has " + std::to_string(pages) +
                             " pages: another process reads the file and has not ended its transaction; it has to");
}

void Database::migrate(const std::vector<Migration>& migrations) {
  execute("CREATE TABLE IF NOT EXISTS ledger_meta (k TEXT PRIMARY KEY, v TEXT NOT NULL) STRICT");
  int have = 0;
  {
    Query version(handle_, "SELECT CAST(v AS INTEGER) FROM ledger_meta WHERE k = 'schema_version'");
    if (version.next()) have = static_cast<int>(version.column(0));
  }
  const int known = migrations.empty() ? 0 : migrations.back().number;
  if (have > known)
    throw ConfigError("file: its schema is version " + std::to_string(have) + ", newer than the " +
                      std::to_string(known) + " that this plugin knows; install the newer plugin or restore a backup");
  for (const Migration& m : migrations) {
    if (m.number <= have) continue;
    Transaction transaction(*this);
    execute(m.sql.c_str());
    execute(("INSERT OR REPLACE INTO ledger_meta VALUES ('unit', 'nano-USD'), ('schema_version', '" +
             std::to_string(m.number) + "')")
                .c_str());
    transaction.commit();
  }
}

Transaction::~Transaction() {
  if (sqlite3_get_autocommit(db_.handle()) == 0) sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Reader::Reader(const std::string& file, const LogPages& log_pages, int log_pages_max)
    : log_pages_(log_pages), log_pages_max_(log_pages_max), log_pages_at_first_(log_pages.load()) {
  const int code = sqlite3_open_v2(file.c_str(), &handle_, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  const char* begin = "PRAGMA query_only=ON; PRAGMA cache_size=-8192; PRAGMA trusted_schema=OFF; BEGIN;"
                      "SELECT count(*) FROM ledger_meta";  // the snapshot is taken by the first read
  sqlite3_busy_timeout(handle_, kBusyMs);
  const auto too_much = [](void* self) {
    const auto& reader = *static_cast<const Reader*>(self);
    const int pages = reader.log_pages_.load(std::memory_order_relaxed);
    return pages > reader.log_pages_max_ && pages != reader.log_pages_at_first_ ? 1 : 0;
  };
  if (code == SQLITE_OK) sqlite3_progress_handler(handle_, kReaderSteps, too_much, this);
  if (code == SQLITE_OK && sqlite3_exec(handle_, begin, nullptr, nullptr, nullptr) == SQLITE_OK) return;
  const std::string reason = sqlite3_errmsg(handle_);
  sqlite3_close_v2(handle_);
  throw std::runtime_error("cannot read '" + file + "': " + reason);
}

}  // namespace onechat::ledger_sqlite
