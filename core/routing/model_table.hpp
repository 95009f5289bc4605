// What clients may ask for, and the targets behind it. Immutable; shared by all workers of one configuration.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/string_map.hpp"
#include "routing/target_health.hpp"

namespace onechat::routing {

// One concrete choice: a provider of the configuration and the model's name there.
struct Target {
  std::size_t provider = 0;  // index into the configuration's providers
  std::string provider_name, model;
  std::uint32_t weight = 1;
  std::uint32_t doors = 0;  // not 0: targets of one number are doors to the same model; a request uses one of them
  std::shared_ptr<TargetHealth> health;
};

struct Model {
  std::string id;             // as configured; may end in '*'
  std::string owned_by;
  std::string router;         // "" = direct
  std::uint32_t group = 0;    // its budget scope: the ledger's number of the group, 0 = none
  std::vector<Target> targets;
};

class ModelTable {
 public:
  void add(Model model);      // while it is being built
  // Exact name first, then the longest pattern that matches; nullptr when there is none.
  const Model* find(std::string_view id) const noexcept;
  // The exact names, in configured order, for listings.
  const std::vector<std::unique_ptr<Model>>& all() const noexcept { return models_; }

 private:
  std::vector<std::unique_ptr<Model>> models_;
  StringMap<const Model*> exact_;
  std::vector<const Model*> patterns_;  // longest first
};

// The target's own name for `asked`: a "*" in the target's model stands for what the "*" of the model's id matched.
// Points into `asked`, the target or the arena.
std::string_view target_model(const Model& model, const Target& target, std::string_view asked, Arena& arena);
bool is_pattern(std::string_view id) noexcept;

}  // namespace onechat::routing
