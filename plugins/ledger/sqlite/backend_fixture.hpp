// An instance of ledger.sqlite as the host would make it, with a clock that the test owns.
#pragma once
#include <onechat/ledger.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

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
  void* instance() const { return instance_; }

  oc_status status = OC_OK;  // of create
  std::string error;
  const oc_ledger_backend* table = nullptr;

 private:
  TestBackend() = default;
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

inline oc_ledger_op op_of(std::uint32_t kind, std::uint64_t number, std::int64_t amount = 0, std::int64_t fee = 0) {
  oc_ledger_op op{};
  op.kind = kind;
  op.account = 1;
  op.node = 1;
  op.amount = amount;
  op.fee = fee;
  const oc_id128 id{(static_cast<std::uint64_t>(1'700'000'000'000) << 16) + number, 1};
  (kind == OC_LOP_SETTLE || kind == OC_LOP_VOID ? op.ref : op.id) = id;
  return op;
}

}  // namespace onechat::ledger_test
