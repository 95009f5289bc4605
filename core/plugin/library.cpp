#include "plugin/library.hpp"

#include <dlfcn.h>
#include <onechat/flow.h>
#include <onechat/ledger.h>
#include <onechat/store.h>
#include <onechat/surface.h>

#include <fstream>
#include <initializer_list>
#include <iterator>

#include "base/ids.hpp"

namespace onechat::plugin {
namespace {

struct Slot {
  std::string_view name;
  bool present;
};

std::string_view first_missing(std::initializer_list<Slot> slots) {
  for (const Slot& s : slots)
    if (!s.present) return s.name;
  return {};
}

// The name of the first function that a kind cannot do without, "" when the table is complete, "table" when its size is
// too small to be one.
std::string_view missing_function(const oc_component& c) {
  switch (c.kind) {
    case OC_KIND_SURFACE: {
      oc_surface t;
      if (!normalise(static_cast<const oc_surface*>(c.vtbl), t, 16)) return "table";
      return first_missing({{"routes", t.routes != nullptr},
                            {"credential", t.credential != nullptr},
                            {"parse", t.parse != nullptr},
                            {"event", t.event != nullptr},
                            {"finish", t.finish != nullptr},
                            {"error", t.error != nullptr},
                            {"stream_error", t.stream_error != nullptr},
                            {"models", t.models != nullptr},
                            {"dialect", t.dialect.len != 0}});
    }
    case OC_KIND_PROVIDER: {
      if ((c.caps & OC_PROV_CAP_ACTIVE) != 0) {
        oc_provider_active t;
        if (!normalise(static_cast<const oc_provider_active*>(c.vtbl), t, 16)) return "table";
        return first_missing({{"start", t.start != nullptr}, {"cancel", t.cancel != nullptr}});
      }
      oc_provider_codec t;
      if (!normalise(static_cast<const oc_provider_codec*>(c.vtbl), t, 16)) return "table";
      return first_missing({{"build", t.build != nullptr}, {"frame", t.frame != nullptr}, {"finish", t.finish != nullptr}});
    }
    case OC_KIND_ROUTER: {
      oc_router t;
      if (!normalise(static_cast<const oc_router*>(c.vtbl), t, 16)) return "table";
      return first_missing({{"plan", t.plan != nullptr}});
    }
    case OC_KIND_STAGE: {
      oc_stage t;
      if (!normalise(static_cast<const oc_stage*>(c.vtbl), t, 16)) return "table";
      return first_missing({{"request", (t.needs & OC_NEED_REQUEST) == 0 || t.request != nullptr},
                            {"event", (t.needs & OC_NEED_EVENTS) == 0 || t.event != nullptr},
                            {"end", (t.needs & OC_NEED_END) == 0 || t.end != nullptr}});
    }
    case OC_KIND_LEDGER: {
      oc_ledger_backend t;
      if (!normalise(static_cast<const oc_ledger_backend*>(c.vtbl), t, 16)) return "table";
      return first_missing({{"apply", t.apply != nullptr},
                            {"balance", t.balance != nullptr},
                            {"statement", t.statement != nullptr},
                            {"verify", t.verify != nullptr},
                            {"open", t.open != nullptr},
                            {"put_budget", t.put_budget != nullptr},
                            {"budgets", t.budgets != nullptr},
                            {"find", t.find != nullptr},
                            {"trial_balance", t.trial_balance != nullptr},
                            {"dump", (c.caps & OC_LEDGER_CAP_DUMP) == 0 || t.dump != nullptr},
                            {"restore", (c.caps & OC_LEDGER_CAP_DUMP) == 0 || t.restore != nullptr}});
    }
    case OC_KIND_STORE: {
      oc_store t;
      if (!normalise(static_cast<const oc_store*>(c.vtbl), t, 16)) return "table";
      return first_missing({{"apply", t.apply != nullptr}});
    }
    default: return {};
  }
}

std::string safe(const char* s) { return s == nullptr ? std::string() : std::string(s); }

}  // namespace

std::string abi_text(std::uint32_t version) {
  return std::to_string(version >> 16) + "." + std::to_string(version & 0xffff);
}

Error Library::refuse(const std::string& why) const {
  return Error(OC_E_CONFIG, "plugin '" + manifest_.id + "' (" + manifest_.library.string() + "): " + why);
}

Library::~Library() {
  if (module_.shutdown != nullptr) module_.shutdown();
}

const Component* Library::find(std::uint32_t kind) const noexcept {
  for (const auto& c : components_)
    if (c.facts.kind == kind) return &c;
  return nullptr;
}

Result<std::shared_ptr<const Library>> Library::load(const Manifest& manifest) {
  std::shared_ptr<Library> library(new Library(manifest));
  if (manifest.min_host > OC_ABI_VERSION)
    return library->refuse("needs a host of plugin ABI " + abi_text(manifest.min_host) + ", this host speaks " +
                           abi_text(OC_ABI_VERSION) + "; update 1chat or use an older plugin");
  if (manifest.built_for >> 16 != OC_ABI_MAJOR || (OC_ABI_MAJOR == 0 && (manifest.built_for & 0xffff) != OC_ABI_MINOR))
    return library->refuse("was built for plugin ABI " + abi_text(manifest.built_for) + ", this host speaks " +
                           abi_text(OC_ABI_VERSION) + "; rebuild it with this version's SDK");
  if (auto mapped = library->map(); !mapped) return mapped.error();
  if (auto entered = library->enter(); !entered) return entered.error();
  if (auto checked = library->check_components(); !checked) return checked.error();
  return std::shared_ptr<const Library>(std::move(library));
}

Result<void> Library::map() {
  std::error_code ec;
  if (!std::filesystem::is_regular_file(manifest_.library, ec))
    return refuse("the library does not exist; install it beside its manifest or correct member 'library'");
  if (!manifest_.sha256.empty()) {
    std::ifstream in(manifest_.library, std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(in)), {});
    if (hex(sha256(content)) != manifest_.sha256)
      return refuse("the file does not match member 'sha256' of its manifest; reinstall the plugin");
  }
  boost::dll::fs::error_code why;
  library_.load(manifest_.library, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local, why);
  if (why) {
    const char* detail = ::dlerror();
    return refuse("cannot be loaded (" + (detail != nullptr ? std::string(detail) : why.message()) +
                  "); rebuild it for this machine");
  }
  // Never unmapped: threads, thread-locals and static objects of a plugin may outlive any moment we could pick.
  ::dlopen(manifest_.library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library_.has(OC_ENTRY_SYMBOL))
    return refuse("does not export " OC_ENTRY_SYMBOL "; build it with onechat_add_plugin");
  return {};
}

Result<void> Library::enter() {
  oc_loader loader{};
  loader.struct_size = sizeof loader;
  loader.abi_version = OC_ABI_VERSION;
  loader.abi_min = OC_ABI_MAJOR == 0 ? OC_ABI_VERSION : OC_ABI_MAJOR << 16;
  loader.host_name = "1chat";
  loader.host_version = "0.9.0";
  const auto& entry = library_.get<oc_status(const oc_loader*, const oc_module**)>(OC_ENTRY_SYMBOL);
  const oc_module* said = nullptr;
  const oc_status status = entry(&loader, &said);
  if (status == OC_E_UNSUPPORTED)
    return refuse("says it cannot work with plugin ABI " + abi_text(OC_ABI_VERSION) + "; rebuild it with this version's SDK");
  if (status != OC_OK)
    return refuse("its entry failed with status " + std::to_string(status) + " (" + std::string(status_name(status)) +
                  "); ask its maker");
  if (said == nullptr) return refuse("its entry gave no module; ask its maker");
  if (!normalise(said, module_, offsetof(oc_module, n_components) + sizeof module_.n_components))
    return refuse("its module has an impossible struct_size; rebuild it with the SDK");
  if (module_.abi_version >> 16 != OC_ABI_MAJOR ||
      (OC_ABI_MAJOR == 0 && (module_.abi_version & 0xffff) != OC_ABI_MINOR))
    return refuse("its module was compiled for plugin ABI " + abi_text(module_.abi_version) + ", this host speaks " +
                  abi_text(OC_ABI_VERSION) + "; rebuild it with this version's SDK");
  if (module_.min_host_abi > OC_ABI_VERSION)
    return refuse("its module needs a host of plugin ABI " + abi_text(module_.min_host_abi) + "; update 1chat");
  if (module_.components == nullptr || module_.n_components == 0 || module_.n_components > 64)
    return refuse("its module lists no components; ask its maker");
  return {};
}

Result<void> Library::check_components() {
  bool id_seen = false;
  for (std::uint64_t i = 0; i < module_.n_components; ++i) {
    Component c;
    c.original = module_.components[i];
    if (!normalise(c.original, c.facts, offsetof(oc_component, destroy) + sizeof c.facts.destroy))
      return refuse("component " + std::to_string(i) + " has an impossible struct_size; rebuild it with the SDK");
    c.id = safe(c.facts.id);
    c.version = safe(c.facts.version);
    c.summary = safe(c.facts.summary);
    if (c.id.empty()) return refuse("component " + std::to_string(i) + " has no id; ask its maker");
    id_seen = id_seen || c.id == manifest_.id;
    bool listed = false;
    for (auto kind : manifest_.kinds) listed = listed || kind == c.facts.kind;
    if (!listed)
      return refuse("component '" + c.id + "' is of kind '" + std::string(kind_name(c.facts.kind)) + "' (" +
                    std::to_string(c.facts.kind) + "), which its manifest does not list in 'kinds'; correct the manifest");
    if (auto ok = check_table(c); !ok) return ok.error();
    components_.push_back(std::move(c));
  }
  if (!id_seen)
    return refuse("no component has the manifest's id; its first is '" + components_.front().id +
                  "'; correct member 'id' of the manifest");
  for (auto kind : manifest_.kinds)
    if (find(kind) == nullptr)
      return refuse("its manifest lists the kind '" + std::string(kind_name(kind)) + "', but no component is one; correct 'kinds'");
  return {};
}

Result<void> Library::check_table(const Component& c) const {
  if (c.facts.vtbl == nullptr) return refuse("component '" + c.id + "' has no function table; ask its maker");
  if (c.facts.create == nullptr || c.facts.destroy == nullptr)
    return refuse("component '" + c.id + "' has no create or destroy function; ask its maker");
  const std::string_view missing = missing_function(c.facts);
  if (missing == "table")
    return refuse("component '" + c.id + "' has a function table too small for kind '" +
                  std::string(kind_name(c.facts.kind)) + "' with the capabilities it claims; rebuild it with the SDK");
  if (!missing.empty())
    return refuse("component '" + c.id + "' lacks '" + std::string(missing) + "', which every " +
                  std::string(kind_name(c.facts.kind)) + " must have; ask its maker");
  return {};
}

}  // namespace onechat::plugin
