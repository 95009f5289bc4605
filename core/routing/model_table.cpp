#include "routing/model_table.hpp"

#include <algorithm>

namespace onechat::routing {

bool is_pattern(std::string_view id) noexcept { return id.ends_with('*'); }

std::string_view target_model(const Model& model, const Target& target, std::string_view asked, Arena& arena) {
  const auto star = target.model.find('*');
  if (star == std::string::npos) return target.model;
  const std::string_view matched = is_pattern(model.id) ? asked.substr(model.id.size() - 1) : asked;
  if (target.model == model.id) return asked;
  std::string text = target.model;
  text.replace(star, 1, matched);
  return arena.copy(text);
}

void ModelTable::add(Model model) {
  models_.push_back(std::make_unique<Model>(std::move(model)));
  const Model* m = models_.back().get();
  if (!is_pattern(m->id)) {
    exact_.emplace(m->id, m);
    return;
  }
  const auto longer = [](const Model* a, const Model* b) { return a->id.size() > b->id.size(); };
  patterns_.insert(std::upper_bound(patterns_.begin(), patterns_.end(), m, longer), m);
}

const Model* ModelTable::find(std::string_view id) const noexcept {
  if (const auto at = exact_.find(id); at != exact_.end()) return at->second;
  for (const Model* m : patterns_)
    if (id.starts_with(std::string_view(m->id).substr(0, m->id.size() - 1))) return m;
  return nullptr;
}

}  // namespace onechat::routing
