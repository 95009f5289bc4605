// Instances of ledger.postgres as the host would make them, with a clock that the test owns, on a server that the test
// program starts for itself.
#pragma once
#include <onechat/host.h>
#include <onechat/ledger.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ledger/test_calendar.hpp"
#include "ledger_postgres.hpp"
#include "support/postgres.hpp"

struct oc_arena {  // the host's type; here a list of texts
  std::vector<std::unique_ptr<char[]>> blocks;
};

namespace onechat::ledger_test {

inline std::atomic<std::int64_t> g_now_ms{1'700'000'000'000};
inline const std::int64_t* g_clock = nullptr;  // read instead, when set
inline std::mutex g_log_mutex;
inline std::string g_log;

inline oc_status test_calendar_window(oc_host_ctx*, std::uint32_t period, oc_str zone, std::int64_t unix_ms,
                                      std::int64_t* begin, std::int64_t* end) {
  const auto found = test_window(period, std::string(zone.ptr != nullptr ? zone.ptr : "", zone.len), unix_ms);
  if (!found) return OC_E_INVALID;
  std::tie(*begin, *end) = *found;
  return OC_OK;
}

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
    h.alloc = [](oc_arena* a, std::uint64_t size, std::uint64_t) -> void* {
      return a->blocks.emplace_back(new char[size + 1]).get();
    };
    h.calendar_window = test_calendar_window;
    return h;
  }();
  return host;
}

using Entry = oc_status (*)(const oc_loader*, const oc_module**) noexcept;

// One instance of a ledger plugin.
class TestBackend {
 public:
  TestBackend(Entry entry, const std::string& json) {
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
  static std::string settings(const std::string& url, const std::string& schema = "onechat") {
    return "{\"url\":\"" + url + "\",\"schema\":\"" + schema + "\"}";
  }
  TestBackend(const std::string& url, const std::string& schema)
      : TestBackend(ledger_postgres::entry, settings(url, schema)) {}
  TestBackend(const TestBackend&) = delete;
  TestBackend& operator=(const TestBackend&) = delete;
  ~TestBackend() {
    if (instance_ != nullptr) component_->destroy(instance_);
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
    const auto each = [](void* arg, const oc_ledger_problem* p) {
      static_cast<std::vector<std::string>*>(arg)->push_back(std::string(p->invariant.ptr, p->invariant.len) + " " +
                                                             std::string(p->detail.ptr, p->detail.len));
    };
    if (table->verify(instance_, each, &out, &n) != OC_OK) out.push_back("unavailable");
    if (n_transfers != nullptr) *n_transfers = n;
    return out;
  }
  struct Row {
    std::uint32_t table;
    std::vector<std::uint8_t> bytes;
    friend bool operator==(const Row&, const Row&) = default;
  };
  std::vector<Row> dump() {
    std::vector<Row> out;
    const auto each = [](void* arg, const oc_ledger_row* r) {
      static_cast<std::vector<Row>*>(arg)->push_back({r->table, {r->data.ptr, r->data.ptr + r->data.len}});
    };
    if (table->dump(instance_, each, &out) != OC_OK) out.clear();
    return out;
  }
  oc_status restore(const std::vector<Row>& rows, std::size_t at_once) {
    for (std::size_t at = 0; at < rows.size(); at += at_once) {
      std::vector<oc_ledger_row> some;
      for (std::size_t i = at; i < std::min(rows.size(), at + at_once); ++i) {
        oc_ledger_row r{};
        r.struct_size = sizeof r;
        r.table = rows[i].table;
        r.data = {rows[i].bytes.data(), rows[i].bytes.size()};
        some.push_back(r);
      }
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
  void* instance_ = nullptr;
  const oc_component* component_ = nullptr;
};

// An op of wallet 1 and node 1; `number` makes its id, or for SETTLE and VOID its hold's.
inline oc_ledger_op op_of(std::uint32_t kind, std::uint64_t number, std::int64_t amount = 0, std::int64_t fee = 0) {
  oc_ledger_op op{};
  op.kind = kind;
  op.account = 1;
  op.node = 1;
  op.epoch = 1'000'000;
  op.amount = amount;
  op.fee = fee;
  const oc_id128 id{(static_cast<std::uint64_t>(1'700'000'000'000) << 16) + number, 1};
  (kind == OC_LOP_SETTLE || kind == OC_LOP_VOID ? op.ref : op.id) = id;
  return op;
}

}  // namespace onechat::ledger_test
