#include "ledger_sqlite.hpp"

#include <onechat/ledger_view.hpp>

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <cstring>
#include <memory>
#include <string>

#include "books.hpp"
#include "reports.hpp"

namespace onechat::ledger_sqlite {
namespace {

constexpr std::uint32_t kBatchOpsMax = 1000;
constexpr std::int64_t kWalMbMax = 1'000'000, kPagesPerMb = (1 << 20) / 4096;

BooksOptions read_settings(oc_bytes json) {
  BooksOptions out;
  Poco::JSON::Object::Ptr object;
  try {
    Poco::JSON::Parser parser;
    object =
        parser.parse(std::string(reinterpret_cast<const char*>(json.ptr), json.len)).extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    throw ConfigError("the settings are not a JSON object");
  }
  for (const auto& [name, value] : *object) {
    if (name != "file" && name != "migrations" && name != "wal_mb_max") throw ConfigError("unknown setting '" + name + "'");
    if (name == "wal_mb_max" ? !value.isInteger() : !value.isString())
      throw ConfigError(name + ": must be " + (name == "wal_mb_max" ? "a whole number" : "a string"));
  }
  if (object->has("wal_mb_max")) {
    const auto mb = object->getValue<std::int64_t>("wal_mb_max");
    if (mb < 1 || mb > kWalMbMax) throw ConfigError("wal_mb_max: must be between 1 and " + std::to_string(kWalMbMax));
    out.tuning.log_pages_max = static_cast<int>(mb * kPagesPerMb);
    out.tuning.checkpoint_pages = std::min(out.tuning.checkpoint_pages, out.tuning.log_pages_max / 4);
  }
  out.file = object->optValue<std::string>("file", "");
  if (out.file.empty()) throw ConfigError("file: give the path of the ledger's file");
  const std::string folder = object->optValue<std::string>("migrations", "");
  out.migrations = folder.empty() ? embedded_migrations() : read_migrations(folder);
  return out;
}

// The books with the host that uses them.
class Ledger {
 public:
  Ledger(const oc_host* host, BooksOptions options)
      : host_(host),
        books_(
            std::move(options), [host] { return host->unix_ms(); },
            [host](std::uint32_t period, const std::string& zone, std::int64_t unix_ms) {
              ledger_core::Span span;
              if (!window(host, period, zone, unix_ms, span))
                throw std::runtime_error("no calendar for period " + std::to_string(period) + ", zone '" + zone + "'");
              return span;
            }) {}

  Books& books() noexcept { return books_; }
  bool has_window(std::uint32_t period, const std::string& zone) const {
    ledger_core::Span span;
    return window(host_, period, zone, host_->unix_ms(), span);
  }
  void log(std::int32_t level, const std::string& text) const noexcept {
    if (OC_HAS(host_, oc_host, log) && host_->log != nullptr) host_->log(host_->ctx, level, {text.data(), text.size()});
  }

 private:
  static bool window(const oc_host* host, std::uint32_t period, const std::string& zone, std::int64_t unix_ms,
                     ledger_core::Span& span) {
    return OC_HAS(host, oc_host, calendar_window) && host->calendar_window != nullptr &&
           host->calendar_window(host->ctx, period, {zone.data(), zone.size()}, unix_ms, &span.begin_ms,
                                 &span.end_ms) == OC_OK;
  }

  const oc_host* host_;
  Books books_;
};

// Runs `f`; what it throws becomes a status and closes the file.
template <class F>
oc_status guarded(void* instance, const char* what, F&& f) noexcept {
  auto& ledger = *static_cast<Ledger*>(instance);
  const auto failed = [&](oc_status status, const std::string& why) {
    ledger.log(OC_LOG_ERROR, std::string("ledger.sqlite: ") + what + ": " + why);
    ledger.books().close();
    return status;
  };
  try {
    f(ledger.books());
    return OC_OK;
  } catch (const NotTaken& e) {
    return failed(OC_E_CONFLICT, e.what());
  } catch (const ConstraintError& e) {  // it would be broken again: not "later"
    return failed(OC_E_INTERNAL, e.what());
  } catch (const Poco::Exception& e) {
    return failed(OC_E_UNAVAILABLE, e.displayText());
  } catch (const std::exception& e) {
    return failed(OC_E_UNAVAILABLE, e.what());
  }
}

// The same for what only reads: on any thread, beside what the books do, which it leaves as they are.
template <class F>
oc_status reading(void* instance, const char* what, F&& f) noexcept {
  auto& ledger = *static_cast<Ledger*>(instance);
  try {
    const std::unique_ptr<Reader> reader = ledger.books().reader();
    f(*reader);
    return OC_OK;
  } catch (const std::exception& e) {
    ledger.log(OC_LOG_ERROR, std::string("ledger.sqlite: ") + what + ": " + e.what());
    return OC_E_UNAVAILABLE;
  }
}

// What the other side compiled may be shorter or longer than what we did.
template <class T>
void give(T value, T* out) {
  value.struct_size = out->struct_size;
  std::memcpy(static_cast<void*>(out), &value, std::min<std::size_t>(out->struct_size, sizeof value));
}

oc_status apply(void* instance, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
  return guarded(instance, "apply", [&](Books& b) { b.apply(ops, results, n); });
}

oc_status balance(void* instance, std::uint64_t account, oc_ledger_balance* out) {
  return guarded(instance, "balance", [&](Books& b) { give(b.balance(account), out); });
}

oc_status statement_of(void* instance, std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms,
                       oc_ledger_entry_fn each, void* arg) {
  return reading(instance, "statement", [&](Reader& reader) {
    statement(reader, account, from_ms, to_ms, [&](const oc_ledger_entry& e) { each(arg, &e); });
  });
}

oc_status verify_all(void* instance, oc_ledger_problem_fn each, void* arg, std::uint64_t* n_transfers) {
  return reading(instance, "verify", [&](Reader& reader) {
    *n_transfers = verify(reader, [&](const std::string& invariant, const std::string& detail) {
      const oc_ledger_problem p{
          sizeof p, 0, {invariant.data(), invariant.size()}, {detail.data(), detail.size()}};
      each(arg, &p);
    });
  });
}

oc_status open_holds(void* instance, oc_ledger_open* out) {
  return guarded(instance, "open", [&](Books& b) { give(b.open(), out); });
}

ledger_core::Budget budget_in(const oc_ledger_budget& b) {
  const std::string zone(b.time_zone.ptr != nullptr ? b.time_zone.ptr : "", b.time_zone.len);
  return {{b.account, b.scope, b.scope_id}, b.period, b.action, b.limit_nano, zone};
}

bool is_valid(const Ledger& ledger, const oc_ledger_budget* in) {
  const std::string zone(in->time_zone.ptr != nullptr ? in->time_zone.ptr : "", in->time_zone.len);
  const bool of_account = in->scope != OC_SCOPE_ORG || in->scope_id == in->account;
  if (in->account == 0 || in->scope_id == 0 || in->scope < OC_SCOPE_ORG || in->scope > OC_SCOPE_GROUP || !of_account ||
      in->action > OC_BUDGET_REPORT || zone.size() > ledger_core::kTimeZoneMax)
    return false;
  return ledger.has_window(in->period, zone);
}

oc_status put_budget(void* instance, const oc_ledger_budget* in) {
  if (!is_valid(*static_cast<Ledger*>(instance), in)) return OC_E_INVALID;
  const oc_ledger_spent* counted = OC_HAS(in, oc_ledger_budget, spent) ? in->spent : nullptr;
  return guarded(instance, "put_budget", [&](Books& b) { b.put_budget(budget_in(*in), in->begin_unix_ms, counted); });
}

oc_status count_spent(void* instance, const oc_ledger_budget* in, oc_ledger_spent* spent) {
  auto& ledger = *static_cast<Ledger*>(instance);
  if (!is_valid(ledger, in)) return OC_E_INVALID;
  try {
    ledger.books().count_spent(budget_in(*in), in->begin_unix_ms, *spent);
    return OC_OK;
  } catch (const std::exception& e) {
    ledger.log(OC_LOG_ERROR, std::string("ledger.sqlite: count_spent: ") + e.what());
    return OC_E_UNAVAILABLE;
  }
}

oc_status budgets_of(void* instance, std::uint64_t account, oc_ledger_budget_fn each, void* arg) {
  return guarded(instance, "budgets", [&](Books& b) {
    b.budgets(account, [&](const ledger_core::Budget& budget, const ledger_core::Window& now) {
      const oc_ledger_budget out = ledger_core::budget_of(budget, now);
      each(arg, &out);
    });
  });
}

oc_status find_id(void* instance, oc_id128 id, oc_ledger_hold_fn each_hold, oc_ledger_entry_fn each_entry, void* arg) {
  return reading(instance, "find", [&](Reader& reader) {
    find(
        reader, id, [&](const oc_ledger_hold& h) { each_hold(arg, &h); },
        [&](const oc_ledger_entry& e) { each_entry(arg, &e); });
  });
}

oc_status trial_balance_at(void* instance, std::int64_t at_unix_ms, oc_ledger_sum_fn each, void* arg) {
  return reading(instance, "trial_balance", [&](Reader& reader) {
    trial_balance(reader, at_unix_ms, [&](const oc_ledger_sum& s) { each(arg, &s); });
  });
}

oc_status dump_all(void* instance, oc_ledger_row_fn each, void* arg) {
  return reading(instance, "dump", [&](Reader& reader) {
    dump(reader, [&](const oc_ledger_row& row) { each(arg, &row); });
  });
}

oc_status restore_rows(void* instance, const oc_ledger_row* const* rows, std::uint64_t n) {
  return guarded(instance, "restore", [&](Books& b) { b.restore(rows, n); });
}

oc_status links(void* instance, const std::uint64_t* first_seqs, std::uint64_t n, oc_ledger_link_fn each, void* arg) {
  return reading(instance, "links", [&](Reader& reader) {
    const auto give_link = [&](const oc_ledger_link& l) { each(arg, &l); };
    n == 0 ? last_links(reader, give_link) : links_at(reader, first_seqs, n, give_link);
  });
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
"migrations":{"type":"string","description":"Folder of ledger_NNNN_*.sql to use instead of those compiled in."},
"wal_mb_max":{"type":"integer","minimum":1,"maximum":1000000,"description":"Nothing is posted while readers keep a longer log."}}})";

}  // namespace

oc_status entry(const oc_loader* loader, const oc_module** out) noexcept {
  static const oc_ledger_backend backend = {
      sizeof(oc_ledger_backend), kBatchOpsMax, apply,   balance,          statement_of, verify_all,  open_holds,
      put_budget,                budgets_of,   find_id, trial_balance_at, dump_all,     restore_rows,
      links,                     count_spent};
  static const oc_component component = {sizeof(oc_component),
                                         OC_KIND_LEDGER,
                                         "ledger.sqlite",
                                         "0.9.0",
                                         "Prepaid ledger in one SQLite file",
                                         kSchema,
                                         OC_LEDGER_CAP_LEASE | OC_LEDGER_CAP_DURABLE_ACK |
                                             OC_LEDGER_CAP_HASH_CHAIN | OC_LEDGER_CAP_DUMP |
                                             OC_LEDGER_CAP_READ_ASIDE,
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
