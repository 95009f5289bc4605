#include "control/directory.hpp"

#include <algorithm>
#include <charconv>

#include "admission/authenticate.hpp"

namespace onechat::control {
namespace {

using admission::KeyRecord;
using admission::kKeyNamespace;
using admission::kOrgNamespace;
using admission::kProjectNamespace;
using admission::OrgRecord;
using admission::ProjectRecord;

constexpr char kMetaNamespace[] = "meta";
constexpr char kDeletedNamespace[] = "deleted_project";
constexpr char kSequence[] = "sequence";
constexpr std::uint64_t kFirstNumber = 1'000'001;  // what is below stays free for fixed numbers
constexpr char kKeyPrefix[] = "sk-1chat-";
constexpr std::size_t kKeyChars = 40, kKeyIdChars = 16, kPlainNameMax = 64, kKeyNameMax = 128;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool is_plain_name(const std::string& s) {
  return !s.empty() && s.size() <= kPlainNameMax && s[0] != '.' && s[0] != '-' &&
         std::all_of(s.begin(), s.end(), is_name_char);
}

Error no_such(const std::string& what, const std::string& name) {
  return Error(OC_E_NOT_FOUND, "there is no " + what + " '" + name.substr(0, 100) + "'", "not_found");
}

Error bad_name(const std::string& whose, const std::string& param) {
  return Error(OC_E_INVALID,
               whose + " name is 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit",
               "invalid_name", param);
}

template <class Record>
Result<void> read_all(record::StoreEngine& store, const char* ns, Result<Record> (*parse)(std::string_view),
                      std::vector<Record>& out) {
  const auto documents = store.list(ns);
  if (!documents) return documents.error();
  for (const auto& document : *documents) {
    auto record = parse(document.value);
    if (!record) return Error(OC_E_PARSE, record.error().message + " (document '" + document.key + "')");
    out.push_back(std::move(*record));
  }
  return {};
}

}  // namespace

Directory::Directory(record::StoreEngine& store, admission::KeyTable& table, const Clock& clock)
    : store_(store), table_(table), clock_(clock) {}

Result<void> Directory::load() {
  const std::lock_guard change(changes_);
  std::vector<OrgRecord> orgs;
  std::vector<ProjectRecord> projects;
  std::vector<KeyRecord> keys;
  if (const auto read = read_all(store_, kOrgNamespace, &admission::org_from_json, orgs); !read) return read.error();
  if (const auto read = read_all(store_, kProjectNamespace, &admission::project_from_json, projects); !read)
    return read.error();
  if (const auto read = read_all(store_, kKeyNamespace, &admission::key_from_json, keys); !read) return read.error();
  const std::lock_guard lock(records_);
  orgs_ = std::move(orgs);
  projects_ = std::move(projects);
  keys_ = std::move(keys);
  publish();
  return {};
}

// Requires: records_ is held.
void Directory::publish() { admission::publish(table_, projects_, keys_); }

// Numbers of organizations, projects and keys come from one sequence: no project's wallet or limit can be taken for another's, ever.
Result<std::uint64_t> Directory::next_number() {
  for (int tries = 0; tries < 20; ++tries) {
    const auto last = store_.get(kMetaNamespace, kSequence);
    if (!last && last.error().status != OC_E_NOT_FOUND) return last.error();
    std::uint64_t number = kFirstNumber;
    if (last) {
      std::from_chars(last->value.data(), last->value.data() + last->value.size(), number);
      ++number;
    }
    const auto put = store_.put(kMetaNamespace, kSequence, std::to_string(number), last ? last->version : 0);
    if (put) return Result<std::uint64_t>(boost::system::in_place_value, number);
    if (put.error().status != OC_E_CONFLICT) return put.error();
  }
  return Error(OC_E_UNAVAILABLE, "the store is too busy, try again");
}

// Requires: changes_ is held.
Result<OrgRecord> Directory::find_or_make_org(const std::string& name) {
  if (!is_plain_name(name)) return bad_name("an organization's", "org");
  if (const auto known = org(name)) return known;
  const auto number = next_number();
  if (!number) return number.error();
  const OrgRecord record{name, *number, clock_.unix_ms()};
  const auto put = store_.put(kOrgNamespace, name, admission::to_json(record), 0);
  if (!put && put.error().status == OC_E_CONFLICT)
    return Error(OC_E_CONFLICT, "organization '" + name + "' was just made by another node, try again", "already_exists",
                 "org");
  if (!put) return put.error();
  const std::lock_guard lock(records_);
  orgs_.push_back(record);
  return record;
}

std::vector<OrgRecord> Directory::orgs() const {
  const std::lock_guard lock(records_);
  return orgs_;
}

Result<OrgRecord> Directory::org(const std::string& name) const {
  const std::lock_guard lock(records_);
  for (const auto& o : orgs_)
    if (o.name == name) return o;
  return no_such("organization", name);
}

Result<ProjectRecord> Directory::create_project(const std::string& name, const admission::Limits& limits,
                                                const std::string& org) {
  if (!is_plain_name(name)) return bad_name("a project's", "name");
  const std::lock_guard change(changes_);
  const auto exists = store_.get(kProjectNamespace, name);
  if (exists) return Error(OC_E_CONFLICT, "project '" + name + "' exists already", "already_exists", "name");
  if (exists.error().status != OC_E_NOT_FOUND) return exists.error();
  OrgRecord payer;
  if (!org.empty()) {
    const auto found = find_or_make_org(org);
    if (!found) return found.error();
    payer = *found;
  }
  const auto number = next_number();
  if (!number) return number.error();
  const ProjectRecord record{name, *number, clock_.unix_ms(), limits, payer.name, payer.id};
  const auto put = store_.put(kProjectNamespace, name, admission::to_json(record), 0);
  if (!put && put.error().status == OC_E_CONFLICT)
    return Error(OC_E_CONFLICT, "project '" + name + "' exists already", "already_exists", "name");
  if (!put) return put.error();
  const std::lock_guard lock(records_);
  projects_.push_back(record);
  publish();
  return record;
}

std::vector<ProjectRecord> Directory::projects() const {
  const std::lock_guard lock(records_);
  return projects_;
}

Result<ProjectRecord> Directory::project(const std::string& name) const {
  const std::lock_guard lock(records_);
  for (const auto& p : projects_)
    if (p.name == name) return p;
  return no_such("project", name);
}

Result<ProjectRecord> Directory::delete_project(const std::string& name) {
  const std::lock_guard change(changes_);
  const auto record = project(name);
  if (!record) return record.error();
  for (const auto& key : keys(name))
    if (const auto revoked = revoke_stored(key.id); !revoked) return revoked.error();
  const auto aside = store_.put(kDeletedNamespace, std::to_string(record->id), admission::to_json(*record));
  if (!aside) return aside.error();
  const auto erased = store_.erase(kProjectNamespace, name);
  if (!erased && erased.error().status != OC_E_NOT_FOUND) return erased.error();
  const std::lock_guard lock(records_);
  std::erase_if(projects_, [&](const auto& p) { return p.name == name; });
  publish();
  return record;
}

Result<NewKey> Directory::make_key(const KeyWish& wish) {
  if (const auto known = project(wish.project); !known) return known.error();
  const bool printable =
      std::none_of(wish.name.begin(), wish.name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (wish.name.size() > kKeyNameMax || !printable)
    return Error(OC_E_INVALID, "a key's name is at most 128 bytes without control characters", "invalid_name", "name");
  if (wish.expires_unix_ms != 0 && wish.expires_unix_ms <= clock_.unix_ms())
    return Error(OC_E_INVALID, "the key would have expired already", "invalid_date", "expires");
  const auto number = next_number();
  if (!number) return number.error();
  NewKey key;
  key.text = kKeyPrefix + random_text(kKeyChars);
  key.record.id = "key_" + random_text(kKeyIdChars);
  key.record.number = *number;
  key.record.hash = sha256(key.text);
  key.record.project = wish.project;
  key.record.name = wish.name;
  key.record.created_unix_ms = clock_.unix_ms();
  key.record.expires_unix_ms = wish.expires_unix_ms;
  key.record.limits = wish.limits;
  key.record.limit_nano = wish.limit_nano;
  key.record.hint = admission::key_hint(key.text);
  return key;
}

Result<void> Directory::add_key(const KeyRecord& record) {
  const std::lock_guard change(changes_);
  if (const auto known = project(record.project); !known) return known.error();  // deleted meanwhile
  const auto put = store_.put(kKeyNamespace, record.id, admission::to_json(record), 0);
  if (!put) return put.error();
  const std::lock_guard lock(records_);
  keys_.push_back(record);
  publish();
  return {};
}

std::vector<KeyRecord> Directory::keys(const std::string& project) const {
  const std::lock_guard lock(records_);
  std::vector<KeyRecord> out;
  for (const auto& k : keys_)
    if (project.empty() || k.project == project) out.push_back(k);
  return out;
}

Result<KeyRecord> Directory::revoke_key(const std::string& id) {
  const std::lock_guard change(changes_);
  return revoke_stored(id);
}

Result<void> Directory::note_key_limit(std::uint64_t number, std::optional<std::int64_t> nano) {
  const std::lock_guard change(changes_);
  for (const auto& key : keys("")) {
    if (key.number != number) continue;
    const auto changed = change_key(key.id, [&](KeyRecord& record) {
      const bool other = record.limit_nano != nano;
      record.limit_nano = nano;
      return other;
    });
    if (!changed) return changed.error();
  }
  return {};
}

// Requires: changes_ is held.
Result<KeyRecord> Directory::revoke_stored(const std::string& id) {
  return change_key(id, [this](KeyRecord& record) {
    if (record.revoked_unix_ms != 0) return false;
    record.revoked_unix_ms = clock_.unix_ms();
    return true;
  });
}

// `change` returns whether the record is another now. Requires: changes_ is held.
Result<KeyRecord> Directory::change_key(const std::string& id, const std::function<bool(KeyRecord&)>& change) {
  const auto document = store_.get(kKeyNamespace, id);
  if (!document && document.error().status == OC_E_NOT_FOUND) return no_such("key", id);
  if (!document) return document.error();
  auto record = admission::key_from_json(document->value);
  if (!record) return record.error();
  if (change(*record)) {
    const auto put = store_.put(kKeyNamespace, id, admission::to_json(*record), document->version);
    if (!put) return put.error();
  }
  const std::lock_guard lock(records_);
  for (auto& k : keys_)
    if (k.id == id) k = *record;
  publish();
  return record;
}

}  // namespace onechat::control
