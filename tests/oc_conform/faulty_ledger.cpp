// A ledger that is another plugin's, with one fault: {"plugin": "path.so", "fault": "name", "settings": {...}}.
#include <dlfcn.h>
#include <onechat/ledger.h>
#include <onechat/onechat.hpp>

#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Ops = std::vector<oc_ledger_op>;

class Faulty {
 public:
  Faulty(const oc_host* host, oc_arena* scratch, oc::Json config) : fault(config["fault"].str()) {
    void* library = dlopen(std::string(config["plugin"].str()).c_str(), RTLD_NOW | RTLD_LOCAL);
    const auto entry = library != nullptr ? reinterpret_cast<oc_entry_fn>(dlsym(library, OC_ENTRY_SYMBOL)) : nullptr;
    const oc_loader loader{sizeof loader, OC_ABI_VERSION, OC_ABI_VERSION, 0, "test", "1"};
    const oc_module* module = nullptr;
    if (entry == nullptr || entry(&loader, &module) != OC_OK) throw std::runtime_error("plugin: cannot be loaded");
    component_ = module->components[0];
    table = static_cast<const oc_ledger_backend*>(component_->vtbl);
    const std::string settings(config["settings"] ? config["settings"].raw() : std::string_view("{}"));
    oc_str why{};
    const oc_bytes text{reinterpret_cast<const std::uint8_t*>(settings.data()), settings.size()};
    if (component_->create(component_, host, scratch, text, &inner, &why) != OC_OK)
      throw std::runtime_error("the plugin inside: " + std::string(oc::view(why)));
    caps_ = component_->caps | (fault == "claims_durable" ? OC_LEDGER_CAP_DURABLE_ACK : 0);
  }
  ~Faulty() {
    if (inner != nullptr) component_->destroy(inner);
  }
  const std::uint64_t& caps() const { return caps_; }

  oc_status apply(const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n);

  std::string fault;
  std::mutex alone;
  const oc_ledger_backend* table = nullptr;
  void* inner = nullptr;

 private:
  oc_status pass(const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
    return table->apply(inner, ops, results, n);
  }
  oc_ledger_result aside(oc_ledger_op op) {  // an operation that nobody asked for
    oc_ledger_result r{};
    op.id = {0xfa0170ull, ++asides_};
    pass(&op, &r, 1);
    return r;
  }
  std::int64_t available(std::uint64_t account) {
    oc_ledger_balance b{};
    b.struct_size = sizeof b;
    table->balance(inner, account, &b);
    return b.available;
  }

  const oc_component* component_ = nullptr;
  std::uint64_t caps_ = 0, asides_ = 0, seen_ = 0;
};

oc_status Faulty::apply(const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
  const std::lock_guard lock(alone);
  Ops changed(ops, ops + n);
  if (fault == "splits_groups")
    for (oc_ledger_op& op : changed) op.flags &= ~std::uint32_t(OC_LF_LINKED);
  if (fault == "half_batches") {
    oc_status status = OC_OK;
    for (std::uint64_t i = 0; i < n && status == OC_OK; ++i) status = pass(ops + i, results + i, 1);
    return status;
  }
  if (fault == "loses_a_deposit" && ops[n - 1].kind == OC_LOP_DEPOSIT && ops[n - 1].amount > 0 && n > 1 &&
      (ops[n - 2].flags & OC_LF_LINKED) == 0 && ++seen_ % 20 == 0) {
    const oc_status status = pass(ops, results, n - 1);
    results[n - 1] = {OC_OK, 0, ops[n - 1].amount, 0, 0, available(ops[n - 1].account) + ops[n - 1].amount, 0};
    return status;
  }
  const oc_status status = pass(changed.data(), results, n);
  for (std::uint64_t i = 0; i < n && status == OC_OK; ++i) {
    oc_ledger_result& r = results[i];
    const oc_ledger_op& op = ops[i];
    if (fault == "wrong_available" && op.kind == OC_LOP_SETTLE && r.status == OC_OK && ++seen_ % 50 == 0) ++r.available;
    if (fault == "not_idempotent" && op.kind == OC_LOP_DEPOSIT && r.status == OC_DUPLICATE) aside(op);
    if (fault == "forgets_answers" && r.status == OC_DUPLICATE) r.posted = 0;
    if (fault == "settles_twice" && op.kind == OC_LOP_SETTLE && r.status == OC_DUPLICATE && op.account != 0) {
      oc_ledger_op again = op;
      again.ref = {0xd0b1eull, ++asides_};
      aside(again);
    }
    if (fault == "one_nano_over" && op.kind == OC_LOP_RESERVE && r.status == OC_E_FUNDS && op.amount == r.available + 1) {
      oc_ledger_op gift{};
      gift.kind = OC_LOP_DEPOSIT;
      gift.account = op.account;
      gift.amount = 1;
      aside(gift);
      pass(&op, &r, 1);
    }
  }
  return status;
}

template <class F>
auto in(void* self, F&& f) {
  Faulty& me = *static_cast<Faulty*>(self);
  return f(me, *me.table, me.inner);
}

const oc_ledger_backend kTable = {
    sizeof(oc_ledger_backend), 1000,
    [](void* self, const oc_ledger_op* ops, oc_ledger_result* results, std::uint64_t n) {
      return in(self, [&](Faulty& me, auto&, void*) { return me.apply(ops, results, n); });
    },
    [](void* self, std::uint64_t account, oc_ledger_balance* out) {
      return in(self, [&](Faulty&, auto& t, void* inner) { return t.balance(inner, account, out); });
    },
    [](void* self, std::uint64_t account, std::int64_t from, std::int64_t to, oc_ledger_entry_fn fn, void* arg) {
      return in(self, [&](Faulty& me, auto& t, void* inner) {
        std::unique_lock lock(me.alone, std::defer_lock);
        if (me.fault == "reads_alone") lock.lock();
        return t.statement(inner, account, from, to, fn, arg);
      });
    },
    [](void* self, oc_ledger_problem_fn fn, void* arg, std::uint64_t* n) {
      return in(self, [&](Faulty& me, auto& t, void* inner) {
        const oc_ledger_problem_fn silent = [](void*, const oc_ledger_problem*) {};
        return t.verify(inner, me.fault == "verify_silent" ? silent : fn, arg, n);
      });
    },
    [](void* self, oc_ledger_open* out) {
      return in(self, [&](Faulty&, auto& t, void* inner) { return t.open(inner, out); });
    },
    [](void* self, const oc_ledger_budget* b) {
      return in(self, [&](Faulty& me, auto& t, void* inner) {
        oc_ledger_budget changed = *b;
        if (me.fault == "generous_budgets" && changed.limit_nano > 0) ++changed.limit_nano;
        return t.put_budget(inner, &changed);
      });
    },
    [](void* self, std::uint64_t account, oc_ledger_budget_fn fn, void* arg) {
      return in(self, [&](Faulty&, auto& t, void* inner) { return t.budgets(inner, account, fn, arg); });
    },
    [](void* self, oc_id128 id, oc_ledger_hold_fn hold, oc_ledger_entry_fn entry, void* arg) {
      return in(self, [&](Faulty&, auto& t, void* inner) { return t.find(inner, id, hold, entry, arg); });
    },
    [](void* self, std::int64_t at, oc_ledger_sum_fn fn, void* arg) {
      return in(self, [&](Faulty&, auto& t, void* inner) { return t.trial_balance(inner, at, fn, arg); });
    },
    [](void* self, oc_ledger_row_fn fn, void* arg) {
      return in(self, [&](Faulty& me, auto& t, void* inner) {
        struct Passed {
          oc_ledger_row_fn fn;
          void* arg;
          bool short_one;
        } passed{fn, arg, me.fault == "short_dump"};
        return t.dump(inner, [](void* p, const oc_ledger_row* row) {
          auto& to = *static_cast<Passed*>(p);
          const bool left_out = to.short_one && row->table == OC_ROW_TOMBSTONE;
          if (left_out)
            to.short_one = false;
          else
            to.fn(to.arg, row);
        }, &passed);
      });
    },
    [](void* self, const oc_ledger_row* const* rows, std::uint64_t n) {
      return in(self, [&](Faulty&, auto& t, void* inner) { return t.restore(inner, rows, n); });
    }};

oc_status create(const oc_component*, const oc_host* host, oc_arena* scratch, oc_bytes config, void** out, oc_str* err) {
  try {
    *out = new Faulty(host, scratch, oc::Json(host, host->json_parse(scratch, config)));
    return OC_OK;
  } catch (const std::exception& e) {
    oc::detail::tell(host, scratch, e.what(), err);
    return OC_E_CONFIG;
  }
}
void destroy(void* self) { delete static_cast<Faulty*>(self); }
const void* get_ext(void* self, const char* id) {
  return std::string_view(id) == "onechat.instance_caps/1" ? &static_cast<Faulty*>(self)->caps() : nullptr;
}

constexpr std::uint64_t kAllCaps =
    OC_LEDGER_CAP_LEASE | OC_LEDGER_CAP_DURABLE_ACK | OC_LEDGER_CAP_DUMP | OC_LEDGER_CAP_HASH_CHAIN |
    OC_LEDGER_CAP_READ_ASIDE;
constexpr oc_component kComponent = {sizeof(oc_component), OC_KIND_LEDGER, "test.faulty_ledger", "1.0.0",
                                     "A ledger with a fault", nullptr, kAllCaps, &kTable, create, destroy, get_ext};

}  // namespace

ONECHAT_MODULE("test.faulty_ledger", "1.0.0", "tests", "Apache-2.0", &kComponent)
