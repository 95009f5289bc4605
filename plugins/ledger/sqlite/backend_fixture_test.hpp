// An instance of ledger.sqlite as the host would make it, with a clock that the test owns.
#pragma once
#include <onechat/ledger.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ledger/test_calendar.hpp"
#include "ledger_sqlite.hpp"

struct oc_arena {  // the host's type; here a list of texts
  std::vector<std::unique_ptr<char[]>> blocks;
};

namespace onechat::ledger_test {

inline std::int64_t g_now_ms = 1'700'000'000'000;
inline std::string g_log;

inline const oc_host& test_host() {
  static const oc_host host = [] {
    oc_host h{};
    h.struct_size = sizeof h;
    h.abi_version = OC_ABI_VERSION;
    h.log = [](oc_host_ctx*, std::int32_t, oc_str m) { g_log.append(m.ptr, m.len).push_back('\n'); };
    h.unix_ms = []() -> std::int64_t { return g_now_ms; };
    h.calendar_window = [](oc_host_ctx*, std::uint32_t period, oc_str zone, std::int64_t unix_ms, std::int64_t* begin,
                           std::int64_t* end) -> oc_status {
      const auto found = test_window(period, std::string(zone.ptr, zone.len), unix_ms);
      if (!found) return OC_E_INVALID;
      *begin = found->first;
      *end = found->second;
      return OC_OK;
    };
    h.alloc = [](oc_arena* a, std::uint64_t size, std::uint64_t) -> void* {
      return a->blocks.emplace_back(new char[size + 1]).get();
    };
    return h;
  }();
  return host;
}

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ledger-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::bad_alloc();
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(const char* name = "ledger.db") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class TestBackend {
 public:
  explicit TestBackend(const std::string& file) { open("{\"file\":\"" + file + "\"}"); }
  static TestBackend with_settings(const std::string& json) {
    TestBackend b;
    b.open(json);
    return b;
  }
  TestBackend(TestBackend&& other) noexcept
      : status(other.status),
        error(std::move(other.error)),
        table(other.table),
        instance_(std::exchange(other.instance_, nullptr)),
        component_(other.component_) {}
  ~TestBackend() { close(); }
  void close() {
    if (instance_ != nullptr) component_->destroy(std::exchange(instance_, nullptr));
  }

  oc_status apply(const std::vector<oc_ledger_op>& ops, std::vector<oc_ledger_result>& results) {
    results.assign(ops.size(), {});
    return table->apply(instance_, ops.data(), results.data(), ops.size());
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
  oc_ledger_open open() {
    oc_ledger_open o{};
    o.struct_size = sizeof o;
    must(table->open(instance_, &o));
    return o;
  }
  oc_status put_budget(std::uint32_t scope, std::uint64_t scope_id, std::uint32_t period, std::int64_t limit,
                       const std::string& zone = "", std::uint32_t action = OC_BUDGET_REFUSE) {
    oc_ledger_budget b{};
    b.struct_size = sizeof b;
    b.account = 1;
    b.scope = scope;
    b.scope_id = scope_id;
    b.period = period;
    b.action = action;
    b.limit_nano = limit;
    b.time_zone = {zone.data(), zone.size()};
    return table->put_budget(instance_, &b);
  }
  std::vector<oc_ledger_budget> budgets(std::uint64_t account = 0) {  // their time zones are gone
    std::vector<oc_ledger_budget> out;
    const auto each = [](void* to, const oc_ledger_budget* b) {
      static_cast<std::vector<oc_ledger_budget>*>(to)->push_back(*b);
    };
    must(table->budgets(instance_, account, each, &out));
    return out;
  }
  std::vector<oc_ledger_entry> statement(std::uint64_t account, std::int64_t from = 0, std::int64_t to = INT64_MAX) {
    std::vector<oc_ledger_entry> out;
    must(table->statement(instance_, account, from, to, keep_entry, &out));
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
  using Rows = std::vector<std::pair<std::uint32_t, std::string>>;  // table, bytes
  Rows dump() {
    Rows out;
    const auto each = [](void* to, const oc_ledger_row* r) {
      static_cast<Rows*>(to)->emplace_back(r->table, std::string(reinterpret_cast<const char*>(r->data.ptr), r->data.len));
    };
    must(table->dump(instance_, each, &out));
    return out;
  }
  oc_status restore(const Rows& rows, std::size_t at_once = 7) {
    for (std::size_t at = 0; at < rows.size(); at += at_once) {
      std::vector<oc_ledger_row> some;
      for (std::size_t i = at; i < std::min(at + at_once, rows.size()); ++i)
        some.push_back({sizeof(oc_ledger_row), rows[i].first,
                        {reinterpret_cast<const std::uint8_t*>(rows[i].second.data()), rows[i].second.size()}});
      std::vector<const oc_ledger_row*> pointers;
      for (const oc_ledger_row& r : some) pointers.push_back(&r);
      const oc_status s = table->restore(instance_, pointers.data(), pointers.size());
      if (s != OC_OK) return s;
    }
    return table->restore(instance_, nullptr, 0);
  }
  void* instance() const { return instance_; }

  oc_status status = OC_OK;  // of create
  std::string error;
  const oc_ledger_backend* table = nullptr;

 private:
  TestBackend() = default;
  static void must(oc_status s) {
    if (s != OC_OK) throw std::runtime_error("status " + std::to_string(s) + ": " + g_log);
  }
  static void keep_entry(void* to, const oc_ledger_entry* e) {
    static_cast<std::vector<oc_ledger_entry>*>(to)->push_back(*e);
  }
  void open(const std::string& json) {
    oc_loader loader{};
    loader.struct_size = sizeof loader;
    loader.abi_version = loader.abi_min = OC_ABI_VERSION;
    const oc_module* module = nullptr;
    ledger_sqlite::entry(&loader, &module);
    component_ = module->components[0];
    table = static_cast<const oc_ledger_backend*>(component_->vtbl);
    oc_arena arena;
    oc_str err{};
    status = component_->create(component_, &test_host(), &arena,
                                {reinterpret_cast<const std::uint8_t*>(json.data()), json.size()}, &instance_, &err);
    error.assign(err.ptr != nullptr ? err.ptr : "", err.len);
  }

  void* instance_ = nullptr;
  const oc_component* component_ = nullptr;
};

inline oc_id128 id_of(std::uint64_t number) {
  return {(static_cast<std::uint64_t>(1'700'000'000'000) << 16) + number, 1};
}
inline oc_ledger_op op_of(std::uint32_t kind, std::uint64_t number, std::int64_t amount = 0, std::int64_t fee = 0) {
  oc_ledger_op op{};
  op.kind = kind;
  op.account = 1;
  op.node = 1;
  op.amount = amount;
  op.fee = fee;
  const bool ends_hold = kind == OC_LOP_SETTLE || kind == OC_LOP_VOID || kind == OC_LOP_LEASE_CLOSE;
  (ends_hold || kind == OC_LOP_PROGRESS ? op.ref : op.id) = id_of(number);
  return op;
}
inline oc_ledger_op about(oc_ledger_op op, std::uint64_t number) {
  op.ref = id_of(number);
  return op;
}

}  // namespace onechat::ledger_test
