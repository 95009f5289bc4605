#include "admission/key_table.hpp"

#include <cstring>

namespace onechat::admission {

// The text of a key decides its hash, but only the operator's keys are in the table: no one can choose its buckets.
std::size_t KeyTable::HashOf::operator()(const Sha256& h) const noexcept {
  std::size_t n = 0;
  std::memcpy(&n, h.data(), sizeof n);
  return n;
}

KeyTable::KeyTable() {
  for (auto& shard : shards_) shard.store(std::make_shared<const Shard>());
}

std::shared_ptr<const Principal> KeyTable::find(const Sha256& key_hash) const noexcept {
  const auto shard = shards_[shard_of(key_hash)].load();
  const auto found = shard->find(key_hash);
  return found == shard->end() ? nullptr : found->second;
}

void KeyTable::put(const Sha256& key_hash, std::shared_ptr<const Principal> principal) {
  const std::lock_guard lock(writer_);
  auto& shard = shards_[shard_of(key_hash)];
  auto changed = std::make_shared<Shard>(*shard.load());
  changed->insert_or_assign(key_hash, std::move(principal));
  shard.store(std::move(changed));
}

void KeyTable::erase(const Sha256& key_hash) {
  const std::lock_guard lock(writer_);
  auto& shard = shards_[shard_of(key_hash)];
  auto changed = std::make_shared<Shard>(*shard.load());
  if (changed->erase(key_hash) == 0) return;
  shard.store(std::move(changed));
}

void KeyTable::replace(const std::vector<Entry>& entries) {
  std::array<std::shared_ptr<Shard>, kShards> fresh;
  for (auto& shard : fresh) shard = std::make_shared<Shard>();
  for (const auto& [hash, principal] : entries) fresh[shard_of(hash)]->insert_or_assign(hash, principal);
  const std::lock_guard lock(writer_);
  for (std::size_t i = 0; i < kShards; ++i) shards_[i].store(std::move(fresh[i]));
}

std::vector<KeyTable::Entry> KeyTable::entries() const {
  std::vector<Entry> all;
  for (const auto& cell : shards_) {
    const auto shard = cell.load();
    all.insert(all.end(), shard->begin(), shard->end());
  }
  return all;
}

std::size_t KeyTable::size() const {
  std::size_t n = 0;
  for (const auto& shard : shards_) n += shard.load()->size();
  return n;
}

}  // namespace onechat::admission
