// Projects and keys as the store keeps them, and the table that is made of them.
//
// Namespace "project": key = name. Namespace "key": key = id. Namespace "org": key = name. Values are JSON objects;
// members that are not known are ignored when read.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admission/key_table.hpp"
#include "base/error.hpp"

namespace onechat::admission {

inline constexpr char kProjectNamespace[] = "project";
inline constexpr char kKeyNamespace[] = "key";
inline constexpr char kOrgNamespace[] = "org";

struct OrgRecord {  // whoever pays for several projects
  std::string name;
  std::uint64_t id = 0;  // its wallet's account in the ledger
  std::int64_t created_unix_ms = 0;
};

struct ProjectRecord {
  std::string name;
  std::uint64_t id = 0;
  std::int64_t created_unix_ms = 0;
  Limits limits;
  std::string org{};          // "": it pays for itself
  std::uint64_t org_id = 0;
  std::uint64_t account() const noexcept { return org_id != 0 ? org_id : id; }  // the wallet it draws from
};

struct KeyRecord {
  std::string id;
  std::uint64_t number = 0;  // the key's ledger scope
  Sha256 hash{};
  std::string project, name;
  std::int64_t created_unix_ms = 0;
  std::int64_t expires_unix_ms = 0;  // 0: never
  std::int64_t revoked_unix_ms = 0;  // 0: not
  Limits limits;
  std::optional<std::int64_t> limit_nano;  // lifetime spend limit; the ledger enforces it
  std::string hint;                        // what of the key may be shown
};

std::string to_json(const OrgRecord& record);
std::string to_json(const ProjectRecord& record);
std::string to_json(const KeyRecord& record);
// Errors: OC_E_PARSE; the message names the member.
Result<OrgRecord> org_from_json(std::string_view text);
Result<ProjectRecord> project_from_json(std::string_view text);
Result<KeyRecord> key_from_json(std::string_view text);

// [control] Makes the table be these records. Who did not change keeps its Principal, who did keeps its counters and
// rates. Keys of a project that is not among `projects` are left out.
void publish(KeyTable& table, const std::vector<ProjectRecord>& projects, const std::vector<KeyRecord>& keys);

}  // namespace onechat::admission
