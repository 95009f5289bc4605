#include "plugin/instance.hpp"

#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <thread>

namespace onechat::plugin {
namespace {

template <class Pointer>
std::string text_of(const Pointer& p) {
  rapidjson::StringBuffer buffer;
  p.Stringify(buffer);
  std::string text(buffer.GetString(), buffer.GetSize());
  for (char& c : text)
    if (c == '/') c = '.';
  return text.empty() ? std::string("the settings") : "setting '" + text.substr(1) + "'";
}

}  // namespace

double seconds_per_tick() noexcept {
  static const double value = [] {
    const auto t0 = std::chrono::steady_clock::now();
    const std::uint64_t c0 = ticks();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - t0;
    return spent.count() / static_cast<double>(ticks() - c0);
  }();
  return value;
}

std::string_view timed_name(Timed f) noexcept {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(Timed::count_)> kNames{
      "parse", "render", "plan", "build", "frame", "finish", "request", "event"};
  return kNames[static_cast<std::size_t>(f)];
}

Result<void> check_settings(const Component& component, const std::string& name, const std::string& config_json) {
  const auto refuse = [&](const std::string& why) {
    return Error(OC_E_CONFIG, "plugin '" + component.id + "' (used as '" + name + "'): " + why);
  };
  rapidjson::Document settings;
  if (settings.Parse(config_json.data(), config_json.size()).HasParseError()) return refuse("its settings are not JSON");
  if (component.facts.config_schema_json == nullptr) return {};
  rapidjson::Document schema;
  if (schema.Parse(component.facts.config_schema_json).HasParseError() || !schema.IsObject())
    return refuse("its own config schema is not a JSON object; ask its maker");
  const rapidjson::SchemaDocument compiled(schema);
  rapidjson::SchemaValidator validator(compiled);
  if (settings.Accept(validator)) return {};
  const std::string rule = validator.GetInvalidSchemaKeyword();
  return refuse(text_of(validator.GetInvalidDocumentPointer()) + " breaks the rule '" + rule +
                "' of its config schema; correct it (the plugin's README lists its settings)");
}

InstanceBase::InstanceBase(Found found, const LoopServices& services) : found_(std::move(found)) {
  ctx_.services = &services;
  ctx_.component_id = found_.component->id;
  host_ = make_host_table(ctx_);
}

InstanceBase::~InstanceBase() {
  if (self_ != nullptr) facts().destroy(self_);
}

Result<void> InstanceBase::create(const std::string& name, const std::string& config_json) {
  if (auto ok = check_settings(*found_.component, name, config_json); !ok) return ok.error();
  Arena scratch;
  oc_str why{};
  const oc_status status = facts().create(found_.component->original, &host_, &scratch, bytes(config_json), &self_, &why);
  if (status == OC_OK && self_ != nullptr) {
    const void* own = facts().get_ext != nullptr ? facts().get_ext(self_, "onechat.instance_caps/1") : nullptr;
    caps_ = own != nullptr ? *static_cast<const std::uint64_t*>(own) : facts().caps;
    return {};
  }
  self_ = nullptr;
  const std::string text = why.len != 0 ? std::string(view(why)) : "create failed (" + std::string(status_name(status)) + ")";
  return Error(OC_E_CONFIG, "plugin '" + id() + "' (used as '" + name + "'): " + text);
}

}  // namespace onechat::plugin
