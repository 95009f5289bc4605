#include <map>
#include <tuple>

#include "admission/key_record.hpp"

namespace onechat::admission {
namespace {

auto facts(const Limits& l) { return std::tie(l.requests_per_minute, l.tokens_per_minute, l.concurrency); }

// By project id and key id: what is live now.
struct Live {
  std::map<std::uint64_t, std::shared_ptr<Project>> projects;
  std::map<std::string, std::shared_ptr<const Principal>, std::less<>> keys;

  explicit Live(const KeyTable& table) {
    for (const auto& [hash, principal] : table.entries()) {
      keys.emplace(principal->key_id, principal);
      projects.emplace(principal->project->id, principal->project);
    }
  }
};

std::shared_ptr<Project> project_of(const ProjectRecord& record, const Live& live) {
  const auto found = live.projects.find(record.id);
  if (found != live.projects.end() && found->second->name == record.name &&
      found->second->account == record.account() && facts(found->second->limits) == facts(record.limits))
    return found->second;
  auto project = std::make_shared<Project>();
  project->name = record.name;
  project->id = record.id;
  project->account = record.account();
  project->limits = record.limits;
  if (found != live.projects.end()) project->meter = found->second->meter;
  return project;
}

std::shared_ptr<const Principal> principal_of(const KeyRecord& record, const std::shared_ptr<Project>& project,
                                              const Live& live) {
  const bool revoked = record.revoked_unix_ms != 0;
  const auto found = live.keys.find(record.id);
  if (found != live.keys.end()) {
    const Principal& p = *found->second;
    if (p.key_number == record.number && p.project == project && p.expires_unix_ms == record.expires_unix_ms &&
        p.revoked == revoked && facts(p.limits) == facts(record.limits))
      return found->second;
  }
  auto principal = std::make_shared<Principal>();
  principal->key_id = record.id;
  principal->key_number = record.number;
  principal->project = project;
  principal->limits = record.limits;
  principal->expires_unix_ms = record.expires_unix_ms;
  principal->revoked = revoked;
  if (found != live.keys.end()) principal->meter = found->second->meter;
  return principal;
}

}  // namespace

void publish(KeyTable& table, const std::vector<ProjectRecord>& projects, const std::vector<KeyRecord>& keys) {
  const Live live(table);
  std::map<std::string, std::shared_ptr<Project>, std::less<>> by_name;
  for (const auto& record : projects) by_name[record.name] = project_of(record, live);
  std::vector<KeyTable::Entry> entries;
  entries.reserve(keys.size());
  for (const auto& record : keys)
    if (const auto project = by_name.find(record.project); project != by_name.end())
      entries.emplace_back(record.hash, principal_of(record, project->second, live));
  table.replace(entries);
}

}  // namespace onechat::admission
