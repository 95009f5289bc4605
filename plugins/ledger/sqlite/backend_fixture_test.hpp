// An instance of ledger.sqlite as the host would make it, in a file of its own.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>

#include "ledger/plugin_instance.hpp"
#include "ledger_sqlite.hpp"

namespace onechat::ledger_test {

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

class TestBackend : public PluginInstance {
 public:
  explicit TestBackend(const std::string& file) : TestBackend(with_settings("{\"file\":\"" + file + "\"}")) {}
  static TestBackend with_settings(const std::string& json) { return {ledger_sqlite::entry, json}; }

 private:
  TestBackend(Entry entry, const std::string& json) : PluginInstance(entry, json) {}
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
