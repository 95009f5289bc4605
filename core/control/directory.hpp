// Projects and API keys: documents in the store, and the key table that the data plane reads.
//
// Lives as long as the control plane. Thread-safe; may block on the store. A change is durable before it is published,
// and published (seen by every worker's next look-up) before the call returns.
#pragma once
#include <mutex>
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

  // OC_E_INVALID (name), OC_E_CONFLICT (exists).
  Result<admission::ProjectRecord> create_project(const std::string& name, const admission::Limits& limits);
  std::vector<admission::ProjectRecord> projects() const;
  Result<admission::ProjectRecord> project(const std::string& name) const;  // OC_E_NOT_FOUND
  // Revokes its keys and puts its document aside (namespace "deleted_project", by id): its books stay in the ledger.
  Result<admission::ProjectRecord> delete_project(const std::string& name);

  // Makes the key's text and record, without a trace anywhere: a spend limit must be in the ledger before add_key().
  Result<NewKey> make_key(const KeyWish& wish);
  Result<void> add_key(const admission::KeyRecord& record);
  std::vector<admission::KeyRecord> keys(const std::string& project) const;  // "": of all
  // Idempotent: a key revoked before keeps its first time.
  Result<admission::KeyRecord> revoke_key(const std::string& id);

 private:
  Result<std::uint64_t> next_number();
  Result<admission::KeyRecord> revoke_stored(const std::string& id);
  void publish();

  record::StoreEngine& store_;
  admission::KeyTable& table_;
  const Clock& clock_;
  std::mutex changes_;          // one change at a time
  mutable std::mutex records_;  // guards the copies below
  std::vector<admission::ProjectRecord> projects_;
  std::vector<admission::KeyRecord> keys_;
};

}  // namespace onechat::control
