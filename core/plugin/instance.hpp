// A component made alive with its settings: the host's copy of its table, its host services and its call times.
//
// Created on the control thread; afterwards confined to its loop (or its backend thread) until it is destroyed there.
#pragma once
#include <onechat/flow.h>
#include <onechat/ledger.h>
#include <onechat/store.h>
#include <onechat/surface.h>

#include <memory>
#include <string>

#include "plugin/call_times.hpp"
#include "plugin/catalogue.hpp"
#include "plugin/host_services.hpp"

namespace onechat::plugin {

// The functions whose calls are timed, by kind.
enum class Timed { parse, render, plan, build, frame, finish, request, event, count_ };
std::string_view timed_name(Timed f) noexcept;

class InstanceBase {
 public:
  virtual ~InstanceBase();
  InstanceBase(const InstanceBase&) = delete;
  InstanceBase& operator=(const InstanceBase&) = delete;

  const std::string& id() const noexcept { return found_.component->id; }
  // What the component can do, as this instance is set up (extension "onechat.instance_caps/1", a const uint64_t*).
  std::uint64_t caps() const noexcept { return caps_; }
  void* self() const noexcept { return self_; }
  CallTimes& times(Timed f) const noexcept { return times_[static_cast<std::size_t>(f)]; }

 protected:
  InstanceBase(Found found, const LoopServices& services);
  Result<void> create(const std::string& name, const std::string& config_json);
  const oc_component& facts() const noexcept { return found_.component->facts; }

 private:
  Found found_;
  oc_host_ctx ctx_;
  oc_host host_;
  void* self_ = nullptr;
  std::uint64_t caps_ = 0;
  mutable std::array<CallTimes, static_cast<std::size_t>(Timed::count_)> times_{};
};

// Table: oc_surface, oc_provider_codec, oc_provider_active, oc_router, oc_stage, oc_ledger_backend or oc_store.
template <class Table>
class Instance final : public InstanceBase {
 public:
  // `name`: how the configuration calls it, for messages. The settings are checked against the component's schema first.
  // Errors: OC_E_CONFIG, one line.
  static Result<std::unique_ptr<Instance>> make(Found found, const LoopServices& services, const std::string& name,
                                                const std::string& config_json) {
    std::unique_ptr<Instance> instance(new Instance(std::move(found), services));
    normalise(static_cast<const Table*>(instance->facts().vtbl), instance->table_);
    if (auto ok = instance->create(name, config_json); !ok) return ok.error();
    return instance;
  }
  const Table& table() const noexcept { return table_; }

 private:
  using InstanceBase::InstanceBase;
  Table table_{};
};

// Checks `config_json` against a component's schema. Errors: OC_E_CONFIG: which setting, what is wrong.
Result<void> check_settings(const Component& component, const std::string& name, const std::string& config_json);

}  // namespace onechat::plugin
