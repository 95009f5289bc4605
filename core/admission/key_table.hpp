// Who may ask: API keys by the SHA-256 of their text, and the limits of a key and its project.
//
// Readers never wait for a change to be made (immutable shards, swapped whole); writers are the control plane, one at a
// time. A change is seen by the next look-up of any worker. A Principal stays valid for whoever holds it, also after
// its key was revoked.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "admission/snapshot_cell.hpp"
#include "base/ids.hpp"

namespace onechat::admission {

struct Limits {  // 0 = unlimited
  std::uint32_t requests_per_minute = 0;
  std::uint64_t tokens_per_minute = 0;
  std::uint32_t concurrency = 0;
};

// A rate as a virtual schedule (GCRA, ITU-T I.371): one atomic, no timer. Burst: one minute's worth.
class RateGate {
 public:
  // Takes `units`; 0 when admitted, else ms until it would be. per_minute 0 admits all. More than a minute's worth at
  // once is admitted when nothing of the minute is used, and delays what follows by all of it: else it could never
  // pass.
  std::uint64_t take(std::uint64_t units, std::uint64_t per_minute, std::uint64_t now_ns) noexcept;
  // Corrects an estimate afterwards (tokens); negative gives back. With `now_ns`, more units count from now on even
  // when the gate had been idle since.
  void adjust(std::int64_t units, std::uint64_t per_minute, std::uint64_t now_ns = 0) noexcept;

 private:
  std::atomic<std::uint64_t> next_ns_{0};
};

struct Meter {  // live counters of a key or a project, shared by all workers
  RateGate requests, tokens;
  std::atomic<std::uint32_t> in_flight{0};
};

struct Project {
  std::string name;
  std::uint64_t id = 0;       // its ledger scope
  std::uint64_t account = 0;  // the wallet it draws from: its own, whose number is its id, or its organization's
  Limits limits;
  std::shared_ptr<Meter> meter = std::make_shared<Meter>();  // outlives a change of the limits
};

struct Principal {
  std::string key_id;
  std::uint64_t key_number = 0;  // the key's ledger scope
  std::shared_ptr<Project> project;
  Limits limits;
  std::int64_t expires_unix_ms = 0;  // 0: never
  bool revoked = false;
  std::shared_ptr<Meter> meter = std::make_shared<Meter>();  // outlives a change of the limits
};

class KeyTable {
 public:
  using Entry = std::pair<Sha256, std::shared_ptr<const Principal>>;

  KeyTable();
  // [any] nullptr: no such key. The caller checks `revoked` and `expires_unix_ms`.
  std::shared_ptr<const Principal> find(const Sha256& key_hash) const noexcept;
  // [control] Adds or replaces.
  void put(const Sha256& key_hash, std::shared_ptr<const Principal> principal);
  void erase(const Sha256& key_hash);
  // [control] The whole table anew, shard by shard; cheaper than many puts. Of one hash the last entry counts.
  void replace(const std::vector<Entry>& entries);
  std::vector<Entry> entries() const;
  std::size_t size() const;

 private:
  struct HashOf {
    std::size_t operator()(const Sha256& h) const noexcept;
  };
  using Shard = std::unordered_map<Sha256, std::shared_ptr<const Principal>, HashOf>;
  static constexpr std::size_t kShards = 64;
  static std::size_t shard_of(const Sha256& h) noexcept { return h[31] % kShards; }

  std::array<SnapshotCell<Shard>, kShards> shards_;
  std::mutex writer_;
};

}  // namespace onechat::admission
