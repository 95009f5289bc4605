// store.sqlite: the entry of the module and its one component.
#include <onechat/onechat.hpp>

#include <memory>
#include <string>

#include "store.hpp"

namespace onechat::store_sqlite {
namespace {

constexpr std::uint32_t kBatchMax = 1'024;
constexpr char kSchema[] =
    R"({"type":"object","properties":{"file":{"type":"string","minLength":1,)"
    R"("description":"The SQLite file; it is made when it is not there."}},"required":["file"],)"
    R"("additionalProperties":false})";

struct Instance {
  const oc_host* host;
  Store store;
};

oc_status report(oc_arena* scratch, const oc_host* host, std::string_view why, oc_str* err) {
  auto* copy = static_cast<char*>(host->alloc(scratch, why.size() + 1, 1));
  if (copy != nullptr) *err = {static_cast<const char*>(std::memcpy(copy, why.data(), why.size())), why.size()};
  return OC_E_CONFIG;
}

oc_status OC_CALL create(const oc_component*, const oc_host* host, oc_arena* scratch, oc_bytes config_json,
                         void** instance, oc_str* err) {
  try {
    const oc::Json config(host, host->json_parse(scratch, config_json));
    const std::string file(config["file"].str());
    *instance = new Instance{host, Store(file, host->alloc, host->unix_ms())};
    return OC_OK;
  } catch (const std::exception& e) {
    return report(scratch, host, e.what(), err);
  } catch (...) {
    return report(scratch, host, "the store cannot be opened", err);
  }
}

void OC_CALL destroy(void* instance) { delete static_cast<Instance*>(instance); }

oc_status OC_CALL apply(void* instance, const oc_store_op* const* ops, oc_store_result* const* results, std::uint64_t n,
                        oc_arena* arena) {
  auto& self = *static_cast<Instance*>(instance);
  const oc_status status = self.store.apply(ops, results, n, arena);
  if (status < 0) {
    const oc_str why{self.store.why().data(), self.store.why().size()};
    self.host->log(self.host->ctx, OC_LOG_ERROR, why);
  }
  return status;
}

constexpr oc_store kTable{sizeof(oc_store), kBatchMax, &apply};
constexpr oc_component kComponent{sizeof(oc_component),
                                  OC_KIND_STORE,
                                  "store.sqlite",
                                  "0.9.0",
                                  "Documents and traces in one SQLite file",
                                  kSchema,
                                  0,
                                  &kTable,
                                  &create,
                                  &destroy,
                                  nullptr};
constexpr const oc_component* kComponents[] = {&kComponent};
constexpr oc_module kModule{sizeof(oc_module), OC_ABI_VERSION, OC_ABI_VERSION, 0, "store.sqlite", "0.9.0",
                            "1chat",           "Apache-2.0",   kComponents,    1, nullptr};

}  // namespace
}  // namespace onechat::store_sqlite

OC_EXTERN_C OC_EXPORT oc_status OC_CALL onechat_plugin_entry_v1(const oc_loader* loader, const oc_module** out) {
  if (loader->abi_min > OC_ABI_VERSION || loader->abi_version < OC_ABI_VERSION) return OC_E_UNSUPPORTED;
  *out = &onechat::store_sqlite::kModule;
  return OC_OK;
}
