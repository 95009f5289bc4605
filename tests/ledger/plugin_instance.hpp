// One instance of a ledger plugin as the host would make it, for the tests and benches of backends: its table with results as
// values, and a host whose clock and log the test owns.
#pragma once
#include <onechat/host.h>
#include <onechat/ledger.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ledger/test_calendar.hpp"

struct oc_arena {  // the host's type; here a list of texts
  std::vector<std::unique_ptr<char[]>> blocks;
};

namespace onechat::ledger_test {

inline std::atomic<std::int64_t> g_now_ms{1'700'000'000'000};
inline const std::int64_t* g_clock = nullptr;  // read instead, when set
inline std::mutex g_log_mutex;
inline std::string g_log;

inline const oc_host& test_host() {
  static const oc_host host = [] {
    oc_host h{};
    h.struct_size = sizeof h;
    h.abi_version = OC_ABI_VERSION;
    h.log = [](oc_host_ctx*, std::int32_t, oc_str m) {
      const std::lock_guard lock(g_log_mutex);
      g_log.append(m.ptr, m.len).push_back('\n');
    };
    h.unix_ms = []() -> std::int64_t { return g_clock != nullptr ? *g_clock : g_now_ms.load(); };
    h.calendar_window = [](oc_host_ctx*, std::uint32_t period, oc_str zone, std::int64_t unix_ms, std::int64_t* begin,
                           std::int64_t* end) -> oc_status {
      const auto found = test_window(period, std::string(zone.ptr != nullptr ? zone.ptr : "", zone.len), unix_ms);
      if (!found) return OC_E_INVALID;
      std::tie(*begin, *end) = *found;
      return OC_OK;
    };
    h.alloc = [](oc_arena* a, std::uint64_t size, std::uint64_t) -> void* {
      return a->blocks.emplace_back(new char[size + 1]).get();
    };
    return h;
  }();
  return host;
}

class PluginInstance {
 public:
  using Entry = oc_status (*)(const oc_loader*, const oc_module**) noexcept;

  // `json`: its settings. When create fails, `status` and `error` say so and nothing else may be called.
  PluginInstance(Entry entry, const std::string& json) {
    oc_loader loader{};
    loader.struct_size = sizeof loader;
    loader.abi_version = loader.abi_min = OC_ABI_VERSION;
    const oc_module* module = nullptr;
    entry(&loader, &module);
    component_ = module->components[0];
    table = static_cast<const oc_ledger_backend*>(component_->vtbl);
    oc_arena arena;
    oc_str err{};
    status = component_->create(component_, &test_host(), &arena,
                                {reinterpret_cast<const std::uint8_t*>(json.data()), json.size()}, &instance_, &err);
    error.assign(err.ptr != nullptr ? err.ptr : "", err.len);
  }
  PluginInstance(PluginInstance&& other) noexcept
      : status(other.status),
        error(std::move(other.error)),
        table(other.table),
        instance_(std::exchange(other.instance_, nullptr)),
        component_(other.component_) {}
  ~PluginInstance() { close(); }
  void close() {
    if (instance_ != nullptr) component_->destroy(std::exchange(instance_, nullptr));
  }

  oc_status apply(const std::vector<oc_ledger_op>& ops, std::vector<oc_ledger_result>& results) {
    results.assign(ops.size(), {});
    return table->apply(instance_, ops.data(), results.data(), ops.size());
  }
  // As the host does: an ambiguous batch is submitted again until there is an answer.
  oc_status apply_until_known(const std::vector<oc_ledger_op>& ops, std::vector<oc_ledger_result>& results,
                              int attempts_max = 10'000) {
    oc_status s = OC_E_UNAVAILABLE;
    for (int i = 0; i < attempts_max && s == OC_E_UNAVAILABLE; ++i) s = apply(ops, results);
    return s;
  }
  oc_ledger_result apply(const oc_ledger_op& op) {
    oc_ledger_result r{};
    const oc_status s = table->apply(instance_, &op, &r, 1);
    if (s != OC_OK) r.status = s;
    return r;
  }
  oc_ledger_balance balance(std::uint64_t account) {
    oc_ledger_balance b{};
    b.struct_size = sizeof b;
    if (table->balance(instance_, account, &b) != OC_OK) b.available = INT64_MIN;
    return b;
  }
  // "I2 account 7: ..." for each breach; "unavailable" when the check did not run.
  std::vector<std::string> verify(std::uint64_t* n_transfers = nullptr) {
    std::vector<std::string> out;
    std::uint64_t n = 0;
    const auto each = [](void* to, const oc_ledger_problem* p) {
      static_cast<std::vector<std::string>*>(to)->push_back(std::string(p->invariant.ptr, p->invariant.len) + " " +
                                                            std::string(p->detail.ptr, p->detail.len));
    };
    if (table->verify(instance_, each, &out, &n) != OC_OK) out.push_back("unavailable");
    if (n_transfers != nullptr) *n_transfers = n;
    return out;
  }
  oc_ledger_open open() {
    oc_ledger_open o{};
    o.struct_size = sizeof o;
    must(table->open(instance_, &o));
    return o;
  }
  oc_status put_budget(std::uint32_t scope, std::uint64_t scope_id, std::uint32_t period, std::int64_t limit_nano,
                       const std::string& zone = "", std::uint32_t action = OC_BUDGET_REFUSE) {
    oc_ledger_budget b{};
    b.struct_size = sizeof b;
    b.account = 1;
    b.scope = scope;
    b.scope_id = scope_id;
    b.period = period;
    b.action = action;
    b.limit_nano = limit_nano;
    b.time_zone = {zone.data(), zone.size()};
    return table->put_budget(instance_, &b);
  }
  std::vector<oc_ledger_budget> budgets(std::uint64_t account = 0) {  // their time zones are gone
    std::vector<oc_ledger_budget> out;
    must(table->budgets(instance_, account, keep<oc_ledger_budget>, &out));
    return out;
  }
  std::vector<oc_ledger_entry> statement(std::uint64_t account, std::int64_t from = 0, std::int64_t to = INT64_MAX) {
    std::vector<oc_ledger_entry> out;
    must(table->statement(instance_, account, from, to, keep<oc_ledger_entry>, &out));
    return out;
  }
  // Each node's last link, or those that begin at the transfers named.
  struct Link {
    std::uint64_t node, n, first_seq, last_seq;
    std::vector<std::uint8_t> sha256;
    friend bool operator==(const Link&, const Link&) = default;
  };
  std::vector<Link> links(const std::vector<std::uint64_t>& first_seqs = {}) {
    std::vector<Link> out;
    const auto each = [](void* to, const oc_ledger_link* l) {
      const std::vector<std::uint8_t> hash(l->sha256.ptr, l->sha256.ptr + l->sha256.len);
      static_cast<std::vector<Link>*>(to)->push_back({l->node, l->n, l->first_seq, l->last_seq, hash});
    };
    must(table->links(instance_, first_seqs.data(), first_seqs.size(), each, &out));
    return out;
  }
  struct Found {
    std::vector<oc_ledger_hold> holds;
    std::vector<oc_ledger_entry> entries;
  };
  Found find(const oc_id128& id) {
    Found out;
    const auto hold = [](void* to, const oc_ledger_hold* h) { static_cast<Found*>(to)->holds.push_back(*h); };
    const auto entry = [](void* to, const oc_ledger_entry* e) { static_cast<Found*>(to)->entries.push_back(*e); };
    must(table->find(instance_, id, hold, entry, &out));
    return out;
  }
  struct Row {
    std::uint32_t table;
    std::vector<std::uint8_t> bytes;
    oc_ledger_row view() const noexcept { return {sizeof(oc_ledger_row), table, {bytes.data(), bytes.size()}}; }
    friend bool operator==(const Row&, const Row&) = default;
  };
  using Rows = std::vector<Row>;
  Rows dump() {
    Rows out;
    const auto each = [](void* to, const oc_ledger_row* r) {
      static_cast<Rows*>(to)->push_back({r->table, {r->data.ptr, r->data.ptr + r->data.len}});
    };
    must(table->dump(instance_, each, &out));
    return out;
  }
  // `at_once` rows in a call, and the call that ends it.
  oc_status restore(const Rows& rows, std::size_t at_once = 7) {
    for (std::size_t at = 0; at < rows.size(); at += at_once) {
      std::vector<oc_ledger_row> some;
      for (std::size_t i = at; i < std::min(rows.size(), at + at_once); ++i) some.push_back(rows[i].view());
      std::vector<const oc_ledger_row*> pointers;
      for (const oc_ledger_row& r : some) pointers.push_back(&r);
      if (const oc_status s = table->restore(instance_, pointers.data(), pointers.size()); s != OC_OK) return s;
    }
    return table->restore(instance_, nullptr, 0);
  }
  void* instance() const { return instance_; }

  oc_status status = OC_OK;  // of create
  std::string error;
  const oc_ledger_backend* table = nullptr;

 private:
  static void must(oc_status s) {
    if (s != OC_OK) throw std::runtime_error("status " + std::to_string(s) + ": " + g_log);
  }
  template <class T>
  static void keep(void* to, const T* one) {
    static_cast<std::vector<T>*>(to)->push_back(*one);
  }

  void* instance_ = nullptr;
  const oc_component* component_ = nullptr;
};

}  // namespace onechat::ledger_test
