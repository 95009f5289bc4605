// Projects and API keys: documents in the store, and the key table that the data plane reads.
//
// Lives as long as the control plane. Thread-safe; may block on the store. A change is durable before it is published,
// and published (seen by every worker's next look-up) before the call returns.
#pragma once
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "admission/key_record.hpp"
#include "base/clock.hpp"
#include "record/store_engine.hpp"

namespace onechat::control {

struct KeyWish {
  std::string project, name;
  std::int64_t expires_unix_ms = 0;  // 0: never
  admission::Limits limits;
  std::optional<std::int64_t> limit_nano;  // what the key may ever spend
};

struct NewKey {
  admission::KeyRecord record;
  std::string text;  // the key itself: shown once, kept nowhere
};

class Directory {
 public:
  Directory(record::StoreEngine& store, admission::KeyTable& table, const Clock& clock);

  // Reads every document and publishes; again whenever another node may have changed them. OC_E_PARSE names a document
  // that cannot be read: then nothing changes.
  Result<void> load();

  // OC_E_INVALID (name), OC_E_CONFLICT (exists). `org`, made when there is none of that name, pays for the project; "":
  // it pays for itself.
  Result<admission::ProjectRecord> create_project(const std::string& name, const admission::Limits& limits,
                                                  const std::string& org = {});
  std::vector<admission::ProjectRecord> projects() const;
  Result<admission::ProjectRecord> project(const std::string& name) const;  // OC_E_NOT_FOUND
  // Revokes its keys and puts its document aside (namespace "deleted_project", by id): its books stay in the ledger.
  Result<admission::ProjectRecord> delete_project(const std::string& name);

  std::vector<admission::OrgRecord> orgs() const;
  Result<admission::OrgRecord> org(const std::string& name) const;  // OC_E_NOT_FOUND

  // Makes the key's text and record, without a trace anywhere: a spend limit must be in the ledger before add_key().
  Result<NewKey> make_key(const KeyWish& wish);
  Result<void> add_key(const admission::KeyRecord& record);
  std::vector<admission::KeyRecord> keys(const std::string& project) const;  // "": of all
  // Notes in the key's record what it may ever spend; the limit itself is the ledger's.
  Result<void> note_key_limit(std::uint64_t number, std::optional<std::int64_t> nano);
  // Idempotent: a key revoked before keeps its first time.
  Result<admission::KeyRecord> revoke_key(const std::string& id);

 private:
  Result<std::uint64_t> next_number();
  Result<admission::OrgRecord> find_or_make_org(const std::string& name);
  Result<admission::KeyRecord> revoke_stored(const std::string& id);
  Result<admission::KeyRecord> change_key(const std::string& id,
                                          const std::function<bool(admission::KeyRecord&)>& change);
  void publish();

  record::StoreEngine& store_;
  admission::KeyTable& table_;
  const Clock& clock_;
  std::mutex changes_;          // one change at a time
  mutable std::mutex records_;  // guards the copies below
  std::vector<admission::OrgRecord> orgs_;
  std::vector<admission::ProjectRecord> projects_;
  std::vector<admission::KeyRecord> keys_;
};

}  // namespace onechat::control
