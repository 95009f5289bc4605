#include <gtest/gtest.h>
#include <onechat/store.h>

#include "test_host.hpp"

extern "C" oc_status onechat_plugin_entry_v1(const oc_loader*, const oc_module**);

namespace onechat::store_sqlite {
namespace {

using testing::sized;

// The one setting, as if parsed; a host that does more is tested elsewhere.
std::string g_file;
oc_host host_of() {
  auto host = sized<oc_host>();
  host.abi_version = OC_ABI_VERSION;
  host.alloc = &testing::alloc;
  host.unix_ms = [] { return std::int64_t{1}; };
  host.log = [](oc_host_ctx*, std::int32_t, oc_str) {};
  host.json_parse = [](oc_arena* arena, oc_bytes) { return static_cast<const oc_json*>(testing::alloc(arena, 1, 1)); };
  host.json_get = [](const oc_json* node, oc_str key) { return testing::text(key) == "file" ? node : nullptr; };
  host.json_str = [](const oc_json*) { return testing::str(g_file); };
  return host;
}

const oc_component& component() {
  auto loader = sized<oc_loader>();
  loader.abi_version = loader.abi_min = OC_ABI_VERSION;
  const oc_module* module = nullptr;
  EXPECT_EQ(onechat_plugin_entry_v1(&loader, &module), OC_OK);
  return *module->components[0];
}

TEST(Plugin, OffersOneStoreAndWorksThroughTheTableAlone) {
  const testing::Folder folder;
  g_file = folder.file();
  const oc_host host = host_of();
  oc_arena arena;
  const oc_component& store = component();
  EXPECT_EQ(store.kind, std::uint32_t{OC_KIND_STORE});
  EXPECT_STREQ(store.id, "store.sqlite");
  void* instance = nullptr;
  oc_str err{};
  ASSERT_EQ(store.create(&store, &host, &arena, {}, &instance, &err), OC_OK) << testing::text(err);
  auto op = sized<oc_store_op>();
  op.kind = OC_SOP_PUT;
  op.ns = op.key = testing::str("x");
  op.expect_version = 0;
  const oc_store_op* ops[] = {&op};
  auto result = sized<oc_store_result>();
  oc_store_result* results[] = {&result};
  EXPECT_EQ(static_cast<const oc_store*>(store.vtbl)->apply(instance, ops, results, 1, &arena), OC_OK);
  EXPECT_EQ(result.status, OC_OK);
  EXPECT_EQ(result.version, 1u);
  store.destroy(instance);
}

TEST(Plugin, AFileThatCannotBeUsedIsAConfigErrorWithItsReason) {
  const testing::Folder folder;
  g_file = folder.file("no/such/folder/f");
  const oc_host host = host_of();
  oc_arena arena;
  void* instance = nullptr;
  oc_str err{};
  EXPECT_EQ(component().create(&component(), &host, &arena, {}, &instance, &err), OC_E_CONFIG);
  EXPECT_NE(testing::text(err).find("no/such/folder/f"), std::string::npos);
}

TEST(Plugin, AHostOfAnotherAbiIsTurnedAway) {
  auto loader = sized<oc_loader>();
  const oc_module* module = nullptr;
  loader.abi_min = loader.abi_version = OC_ABI_VERSION + 1;
  EXPECT_EQ(onechat_plugin_entry_v1(&loader, &module), OC_E_UNSUPPORTED);
  loader.abi_min = loader.abi_version = OC_ABI_VERSION - 1;
  EXPECT_EQ(onechat_plugin_entry_v1(&loader, &module), OC_E_UNSUPPORTED);
}

}  // namespace
}  // namespace onechat::store_sqlite
