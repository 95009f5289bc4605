#include "ledger_sqlite.hpp"

#include <Poco/Data/DataException.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/Statement.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "row_store.hpp"
#include "verify.hpp"

namespace onechat::ledger_sqlite {
namespace {

using namespace Poco::Data::Keywords;

constexpr std::uint32_t kBatchOpsMax = 1000;
constexpr std::int64_t kTombstoneLifeMs = 7 * 24 * 3'600'000ll;
constexpr std::size_t kStatementRows = 500;

struct Settings {
  std::string file;
  std::vector<Migration> migrations;
};

Settings read_settings(oc_bytes json) {
  Settings out;
  Poco::JSON::Object::Ptr object;
  try {
    Poco::JSON::Parser parser;
    object =
        parser.parse(std::string(reinterpret_cast<const char*>(json.ptr), json.len)).extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    throw ConfigError("the settings are not a JSON object");
  }
  for (const auto& [name, value] : *object) {
    if (name != "file" && name != "migrations") throw ConfigError("unknown setting '" + name + "'");
    if (!value.isString()) throw ConfigError(name + ": must be a string");
  }
  out.file = object->optValue<std::string>("file", "");
  if (out.file.empty()) throw ConfigError("file: give the path of the ledger's file");
  const std::string folder = object->optValue<std::string>("migrations", "");
  out.migrations = folder.empty() ? embedded_migrations() : read_migrations(folder);
  return out;
}

class Ledger {
 public:
  Ledger(const oc_host* host, Settings settings)
      : host_(host), settings_(std::move(settings)), lock_(settings_.file + ".lock") {
    open();
  }

  void apply(const oc_ledger_op* ops, oc_ledger_result* results, std::size_t n) {
    open();
    const std::int64_t now = host_->unix_ms();
    Transaction transaction(*db_);
    store_->begin(now);
    ledger_core::apply(*store_, ops, results, n, now);
    for (std::size_t i = 0; i < n; ++i)
      if (ops[i].kind == OC_LOP_SWEEP) store_->drop_tombstones(now - kTombstoneLifeMs);
    transaction.commit();
  }

  oc_ledger_balance balance(std::uint64_t account) {
    open();
    const ledger_core::Account wallet = store_->account({ledger_core::kWallet, account});
    const ledger_core::Account debt = store_->account({ledger_core::kReceivable, account});
    oc_ledger_balance b{};
    b.held = wallet.pending;
    b.spent = wallet.debits + debt.debits;
    b.deposited = wallet.credits + debt.credits;
    b.available = b.deposited - b.spent - b.held;
    return b;
  }

  void statement(std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms, oc_ledger_entry_fn each, void* arg);
  std::uint64_t check(oc_ledger_problem_fn each, void* arg);

  void open_holds(std::uint64_t& n, std::int64_t& held) {
    open();
    Poco::Int64 count = 0, sum = 0;
    db_->session() << "SELECT count(*), coalesce(sum(amount), 0) FROM hold", into(count), into(sum), now;
    n = static_cast<std::uint64_t>(count);
    held = sum;
  }

  // After a failure nothing of the connection is trusted; the next call makes a new one.
  void close() noexcept {
    store_.reset();
    db_.reset();
  }

  void log(std::int32_t level, const std::string& text) const noexcept {
    if (OC_HAS(host_, oc_host, log) && host_->log != nullptr) host_->log(host_->ctx, level, {text.data(), text.size()});
  }

 private:
  void open() {
    if (store_ != nullptr) return;
    auto db = std::make_unique<Database>(settings_.file, settings_.migrations);
    store_ = std::make_unique<RowStore>(*db, host_->unix_ms());
    db_ = std::move(db);
  }

  const oc_host* host_;
  Settings settings_;
  FileLock lock_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<RowStore> store_;  // destroyed before db_
};

void Ledger::statement(std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms, oc_ledger_entry_fn each,
                       void* arg) {
  open();
  Poco::Int64 owner = static_cast<Poco::Int64>(account), from = from_ms, to = to_ms;
  enum Column { kHi, kLo, kKind, kAmount, kFee, kTime, kKey, kFlags, kColumns };
  std::array<std::vector<Poco::Int64>, kColumns> c;
  Poco::Data::Statement select(db_->session());
  select << "SELECT id_hi, id_lo, kind, amount, fee, ts_ms, key_id, flags FROM transfer"
            " WHERE account = ? AND ts_ms >= ? AND ts_ms < ? ORDER BY ts_ms, seq",
      use(owner), use(from), use(to), into(c[kHi]), into(c[kLo]), into(c[kKind]), into(c[kAmount]), into(c[kFee]),
      into(c[kTime]), into(c[kKey]), into(c[kFlags]), limit(kStatementRows);
  while (!select.done()) {
    select.execute();
    for (std::size_t i = 0; i < c[kHi].size(); ++i) {
      oc_ledger_entry e{};
      e.struct_size = sizeof e;
      e.kind = static_cast<std::uint32_t>(c[kKind][i]);
      const oc_id128 id{static_cast<std::uint64_t>(c[kHi][i]), static_cast<std::uint64_t>(c[kLo][i])};
      e.id = e.kind == OC_LOP_SETTLE ? ledger_core::settle_id(id) : id;
      if (e.kind == OC_LOP_SETTLE) e.ref = id;
      e.amount = c[kAmount][i];
      e.fee = c[kFee][i];
      e.unix_ms = c[kTime][i];
      e.key_id = static_cast<std::uint64_t>(c[kKey][i]);
      e.flags = static_cast<std::uint32_t>(c[kFlags][i]);
      each(arg, &e);
    }
    for (auto& column : c) column.clear();
  }
}

std::uint64_t Ledger::check(oc_ledger_problem_fn each, void* arg) {
  open();
  return verify(*db_, [&](const std::string& invariant, const std::string& detail) {
    oc_ledger_problem p{};
    p.struct_size = sizeof p;
    p.invariant = {invariant.data(), invariant.size()};
    p.detail = {detail.data(), detail.size()};
    each(arg, &p);
  });
}

// A row that breaks a constraint would break it again: not "later".
bool is_constraint(const std::exception& e) {
  return dynamic_cast<const Poco::Data::SQLite::ConstraintViolationException*>(&e) != nullptr;
}

// Runs `f`; what it throws becomes a status and closes the file.
template <class F>
oc_status guarded(void* instance, const char* what, F&& f) noexcept {
  auto& ledger = *static_cast<Ledger*>(instance);
  oc_status status = OC_E_UNAVAILABLE;
  try {
    f(ledger);
    return OC_OK;
  } catch (const Poco::Exception& e) {
    status = is_constraint(e) ? OC_E_INTERNAL : OC_E_UNAVAILABLE;
    ledger.log(OC_LOG_ERROR, std::string("ledger.sqlite: ") + what + ": " + e.displayText());
  } catch (const std::exception& e) {
    ledger.log(OC_LOG_ERROR, std::string("ledger.sqlite: ") + what + ": " + e.what());
  }
  ledger.close();
  return status;
}

oc_status apply(void* instance, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
  return guarded(instance, "apply", [&](Ledger& l) { l.apply(ops, results, n); });
}

oc_status balance(void* instance, std::uint64_t account, oc_ledger_balance* out) {
  return guarded(instance, "balance", [&](Ledger& l) {
    oc_ledger_balance b = l.balance(account);
    b.struct_size = out->struct_size;
    std::memcpy(out, &b, std::min<std::size_t>(out->struct_size, sizeof b));
  });
}

oc_status statement(void* instance, std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms,
                    oc_ledger_entry_fn each, void* arg) {
  return guarded(instance, "statement", [&](Ledger& l) { l.statement(account, from_ms, to_ms, each, arg); });
}

oc_status verify_all(void* instance, oc_ledger_problem_fn each, void* arg, std::uint64_t* n_transfers) {
  return guarded(instance, "verify", [&](Ledger& l) { *n_transfers = l.check(each, arg); });
}

oc_status open_holds(void* instance, std::uint64_t* n, std::int64_t* held_nano) {
  return guarded(instance, "open_holds", [&](Ledger& l) { l.open_holds(*n, *held_nano); });
}

oc_status create(const oc_component*, const oc_host* host, oc_arena* scratch, oc_bytes config, void** instance,
                 oc_str* err) {
  const auto say = [&](const std::string& text) {
    char* copy = static_cast<char*>(host->alloc(scratch, text.size(), 1));
    if (copy != nullptr) *err = {static_cast<const char*>(std::memcpy(copy, text.data(), text.size())), text.size()};
  };
  try {
    *instance = new Ledger(host, read_settings(config));
    return OC_OK;
  } catch (const ConfigError& e) {
    say(e.what());
    return OC_E_CONFIG;
  } catch (const Poco::Exception& e) {
    say("file: " + e.displayText());
    return OC_E_CONFIG;
  } catch (const std::exception& e) {
    say(std::string("file: ") + e.what());
    return OC_E_CONFIG;
  }
}

void destroy(void* instance) { delete static_cast<Ledger*>(instance); }

constexpr char kSchema[] = R"({"type":"object","additionalProperties":false,"required":["file"],"properties":{
"file":{"type":"string","description":"Path of the ledger's SQLite file; made when it does not exist."},
"migrations":{"type":"string","description":"Folder of ledger_NNNN_*.sql to use instead of those compiled in."}}})";

}  // namespace

oc_status entry(const oc_loader* loader, const oc_module** out) noexcept {
  static const oc_ledger_backend backend = {
      sizeof(oc_ledger_backend), kBatchOpsMax, apply, balance, statement, verify_all, open_holds};
  static const oc_component component = {sizeof(oc_component),
                                         OC_KIND_LEDGER,
                                         "ledger.sqlite",
                                         "0.9.0",
                                         "Prepaid ledger in one SQLite file",
                                         kSchema,
                                         OC_LEDGER_CAP_DURABLE_ACK,
                                         &backend,
                                         create,
                                         destroy,
                                         nullptr};
  static const oc_component* const components[] = {&component};
  static const oc_module module = {sizeof(oc_module), OC_ABI_VERSION, OC_ABI_VERSION, 0, "ledger.sqlite", "0.9.0",
                                   "1chat",           "Apache-2.0",   components,     1, nullptr};
  if (loader == nullptr || loader->abi_version >> 16 != OC_ABI_MAJOR || loader->abi_version < OC_ABI_VERSION)
    return OC_E_UNSUPPORTED;
  *out = &module;
  return OC_OK;
}

}  // namespace onechat::ledger_sqlite
