#include "ledger_postgres.hpp"

#include <onechat/ledger_view.hpp>

#include <cstring>
#include <memory>
#include <string>

#include "budgets.hpp"
#include "dump.hpp"
#include "reports.hpp"
#include "settings.hpp"

namespace onechat::ledger_postgres {
namespace {

constexpr std::uint32_t kBatchOpsMax = 1000;

struct Instance {
  Ledger ledger;
  std::unique_ptr<Restore> restore;
};

oc_status give_up(Instance& instance, const char* what, const std::string& why, oc_status status) noexcept {
  instance.restore.reset();
  instance.ledger.close();
  instance.ledger.log(OC_LOG_ERROR, std::string("ledger.postgres: ") + what + ": " + why);
  return status;
}

// Runs `f`; what it throws becomes a status and closes the connection.
template <class F>
oc_status guarded(void* self, const char* what, F&& f) noexcept {
  auto& instance = *static_cast<Instance*>(self);
  try {
    f(instance);
    return OC_OK;
  } catch (const NotTaken& e) {
    return give_up(instance, what, e.what(), OC_E_CONFLICT);
  } catch (const NodeTaken& e) {
    return give_up(instance, what, e.what(), OC_E_FENCED);
  } catch (const ServerError& e) {
    // A row that breaks a rule of the schema would break it again: not "later".
    return give_up(instance, what, e.what(), e.is_constraint() ? OC_E_INTERNAL : OC_E_UNAVAILABLE);
  } catch (const std::exception& e) {
    return give_up(instance, what, e.what(), OC_E_UNAVAILABLE);
  }
}

// The same for all but restore(): one that was not finished did not happen.
template <class F>
oc_status with_books(void* self, const char* what, F&& f) noexcept {
  return guarded(self, what, [&](Instance& instance) {
    if (instance.restore != nullptr) instance.ledger.close();
    instance.restore.reset();
    f(instance.ledger);
  });
}

template <class T>
void copy_out(const T& from, T* to) {  // within the size that the caller knows
  const std::uint32_t size = to->struct_size;
  std::memcpy(to, &from, std::min<std::size_t>(size, sizeof from));
  to->struct_size = size;
}

oc_str view(const std::string& s) { return {s.data(), s.size()}; }

oc_status apply(void* self, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
  return with_books(self, "apply", [&](Ledger& l) { l.apply(ops, results, n); });
}

oc_status balance(void* self, std::uint64_t account, oc_ledger_balance* out) {
  return with_books(self, "balance", [&](Ledger& l) { copy_out(balance_of(l, account), out); });
}

oc_status statement(void* self, std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms,
                    oc_ledger_entry_fn each, void* arg) {
  return with_books(self, "statement", [&](Ledger& l) {
    statement_of(l, account, from_ms, to_ms, [&](const oc_ledger_entry& e) { each(arg, &e); });
  });
}

oc_status verify(void* self, oc_ledger_problem_fn each, void* arg, std::uint64_t* n_transfers) {
  return with_books(self, "verify", [&](Ledger& l) {
    *n_transfers = verify_all(l, [&](const std::string& invariant, const std::string& detail) {
      oc_ledger_problem p{};
      p.struct_size = sizeof p;
      p.invariant = view(invariant);
      p.detail = view(detail);
      each(arg, &p);
    });
  });
}

oc_status open(void* self, oc_ledger_open* out) {
  return with_books(self, "open", [&](Ledger& l) { copy_out(open_of(l), out); });
}

bool is_valid(const oc_ledger_budget& b) {
  return b.account != 0 && b.scope >= OC_SCOPE_ORG && b.scope <= OC_SCOPE_GROUP && b.period <= OC_WINDOW_MONTH &&
         b.action <= OC_BUDGET_REPORT && (b.scope == OC_SCOPE_ORG ? b.scope_id == b.account : b.scope_id != 0) &&
         b.time_zone.len <= ledger_core::kTimeZoneMax;
}

ledger_core::Budget budget_in(const oc_ledger_budget& b) {
  const std::string zone = b.time_zone.len != 0 ? std::string(b.time_zone.ptr, b.time_zone.len) : "";
  return {{b.account, b.scope, b.scope_id}, b.period, b.action, b.limit_nano, zone};
}

oc_status set_budget(void* self, const oc_ledger_budget* in) {
  if (!is_valid(*in)) return OC_E_INVALID;
  const oc_ledger_spent* counted = OC_HAS(in, oc_ledger_budget, spent) ? in->spent : nullptr;
  return with_books(self, "put_budget", [&](Ledger& l) { put_budget(l, budget_in(*in), in->begin_unix_ms, counted); });
}

oc_status count_ahead(void* self, const oc_ledger_budget* in, oc_ledger_spent* spent) {
  if (!is_valid(*in)) return OC_E_INVALID;
  return with_books(self, "count_spent", [&](Ledger& l) { count_spent(l, budget_in(*in), in->begin_unix_ms, *spent); });
}

oc_status budgets(void* self, std::uint64_t account, oc_ledger_budget_fn each, void* arg) {
  return with_books(self, "budgets", [&](Ledger& l) {
    for_each_budget(l, account, [&](const ledger_core::Budget& b, const ledger_core::Window& w) {
      const oc_ledger_budget out = ledger_core::budget_of(b, w);
      each(arg, &out);
    });
  });
}

oc_status find(void* self, oc_id128 id, oc_ledger_hold_fn hold, oc_ledger_entry_fn entry, void* arg) {
  return with_books(self, "find", [&](Ledger& l) {
    find_id(
        l, id, [&](const oc_ledger_hold& h) { hold(arg, &h); }, [&](const oc_ledger_entry& e) { entry(arg, &e); });
  });
}

oc_status trial_balance(void* self, std::int64_t at_ms, oc_ledger_sum_fn each, void* arg) {
  return with_books(self, "trial balance",
                    [&](Ledger& l) { trial_balance_at(l, at_ms, [&](const oc_ledger_sum& s) { each(arg, &s); }); });
}

oc_status dump_all(void* self, oc_ledger_row_fn each, void* arg) {
  return with_books(self, "dump", [&](Ledger& l) {
    dump(l, [&](std::uint32_t table, const ledger_core::Bytes& bytes) {
      oc_ledger_row row{};
      row.struct_size = sizeof row;
      row.table = table;
      row.data = {bytes.data(), bytes.size()};
      each(arg, &row);
    });
  });
}

oc_status restore(void* self, const oc_ledger_row* const* rows, std::uint64_t n) {
  return guarded(self, "restore", [&](Instance& instance) {
    if (instance.restore == nullptr) instance.restore = std::make_unique<Restore>(instance.ledger);
    for (std::uint64_t i = 0; i < n; ++i) instance.restore->add(rows[i]->table, rows[i]->data.ptr, rows[i]->data.len);
    if (n != 0) return;
    instance.restore->finish();
    instance.restore.reset();
  });
}

oc_status links(void* self, const std::uint64_t* first_seqs, std::uint64_t n, oc_ledger_link_fn each, void* arg) {
  return with_books(self, "links", [&](Ledger& l) {
    const auto give = [&](const oc_ledger_link& link) { each(arg, &link); };
    n == 0 ? last_links(l, give) : links_at(l, first_seqs, n, give);
  });
}

oc_status create(const oc_component*, const oc_host* host, oc_arena* scratch, oc_bytes config, void** self,
                 oc_str* err) {
  const auto say = [&](const std::string& text) {
    char* copy = static_cast<char*>(host->alloc(scratch, text.size(), 1));
    if (copy != nullptr) *err = {static_cast<const char*>(std::memcpy(copy, text.data(), text.size())), text.size()};
  };
  try {
    *self = new Instance{{host, read_settings(config)}, nullptr};
    return OC_OK;
  } catch (const ConfigError& e) {
    say(e.what());
  } catch (const std::exception& e) {
    say(std::string("url: ") + e.what());
  }
  return OC_E_CONFIG;
}

void destroy(void* self) { delete static_cast<Instance*>(self); }

}  // namespace

oc_status entry(const oc_loader* loader, const oc_module** out) noexcept {
  static const oc_ledger_backend backend = {sizeof(oc_ledger_backend),
                                            kBatchOpsMax,
                                            apply,
                                            balance,
                                            statement,
                                            verify,
                                            open,
                                            set_budget,
                                            budgets,
                                            find,
                                            trial_balance,
                                            dump_all,
                                            restore,
                                            links,
                                            count_ahead};
  static const oc_component component = {sizeof(oc_component),
                                         OC_KIND_LEDGER,
                                         "ledger.postgres",
                                         "0.9.0",
                                         "Prepaid ledger in PostgreSQL, for many nodes",
                                         kSettingsSchema,
                                         OC_LEDGER_CAP_MULTI_NODE | OC_LEDGER_CAP_LEASE | OC_LEDGER_CAP_DURABLE_ACK |
                                             OC_LEDGER_CAP_HASH_CHAIN | OC_LEDGER_CAP_DUMP,
                                         &backend,
                                         create,
                                         destroy,
                                         nullptr};
  static const oc_component* const components[] = {&component};
  static const oc_module module = {sizeof(oc_module),
                                   OC_ABI_VERSION,
                                   OC_ABI_VERSION,
                                   0,
                                   "ledger.postgres",
                                   "0.9.0",
                                   "1chat",
                                   "Apache-2.0",
                                   components,
                                   1,
                                   nullptr};
  if (loader == nullptr || loader->abi_version >> 16 != OC_ABI_MAJOR || loader->abi_version < OC_ABI_VERSION)
    return OC_E_UNSUPPORTED;
  *out = &module;
  return OC_OK;
}

}  // namespace onechat::ledger_postgres
