#include "power_vfs.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace onechat::power_fail {
namespace {

constexpr std::size_t kSector = 512;

struct Handle {  // an open file; SQLite allocates it
  sqlite3_file base;
  PowerDisk* disk;
  std::shared_ptr<PowerDisk::File>* file;
};
Handle& handle_of(sqlite3_file* f) { return *reinterpret_cast<Handle*>(f); }
PowerDisk::File& file_of(sqlite3_file* f) { return **handle_of(f).file; }
PowerDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<PowerDisk*>(vfs->pAppData); }

int close_file(sqlite3_file* f) {
  file_of(f).lock_levels.erase(f);
  delete std::exchange(handle_of(f).file, nullptr);
  return SQLITE_OK;
}

int read_file(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  if (handle_of(f).disk->is_off()) return SQLITE_IOERR_READ;
  const auto& seen = file_of(f).seen;
  const auto begin = std::min(static_cast<std::size_t>(at), seen.size());
  const auto size = std::min(static_cast<std::size_t>(n), seen.size() - begin);
  if (size != 0) std::memcpy(to, seen.data() + begin, size);
  if (size == static_cast<std::size_t>(n)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + size, 0, static_cast<std::size_t>(n) - size);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  const bool was_off = handle_of(f).disk->is_off();
  const bool on = handle_of(f).disk->step();
  if (!was_off) file_of(f).change({static_cast<std::uint64_t>(at), {bytes, bytes + n}, false});  // or on its way
  return on ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  if (!handle_of(f).disk->step()) return SQLITE_IOERR_TRUNCATE;
  file_of(f).change({static_cast<std::uint64_t>(size), {}, true});
  return SQLITE_OK;
}

int sync_file(sqlite3_file* f, int) {
  if (!handle_of(f).disk->step()) return SQLITE_IOERR_FSYNC;
  file_of(f).sync();
  return SQLITE_OK;
}

int size_of_file(sqlite3_file* f, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(file_of(f).seen.size());
  return SQLITE_OK;
}

// What closes last may delete the log: it must know whether it is the last.
int lock_file(sqlite3_file* f, int level) {
  auto& levels = file_of(f).lock_levels;
  for (const auto& [other, held] : levels)
    if (other != f && held != SQLITE_LOCK_NONE && level == SQLITE_LOCK_EXCLUSIVE) return SQLITE_BUSY;
  levels[f] = std::max(levels[f], level);
  return SQLITE_OK;
}
int unlock_file(sqlite3_file* f, int level) {
  file_of(f).lock_levels[f] = level;
  return SQLITE_OK;
}
int check_lock(sqlite3_file*, int* held) {
  *held = 0;
  return SQLITE_OK;
}
int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return kSector; }
int traits(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int map_shared(sqlite3_file* f, int region, int size, int, void volatile** out) {
  auto& shared = file_of(f).shared;
  while (shared.size() <= static_cast<std::size_t>(region))
    shared.push_back(std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(size)));
  *out = shared[static_cast<std::size_t>(region)].get();
  return SQLITE_OK;
}
int lock_shared(sqlite3_file*, int, int, int) { return SQLITE_OK; }
void barrier(sqlite3_file*) {}
int unmap_shared(sqlite3_file* f, int remove) {
  if (remove != 0) file_of(f).shared.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {2,           close_file,  read_file,    write_file, truncate_file,
                                     sync_file,   size_of_file, lock_file,   unlock_file, check_lock,
                                     control_file, sector_size, traits,      map_shared, lock_shared,
                                     barrier,     unmap_shared, nullptr,     nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  PowerDisk& disk = disk_of(vfs);
  f->pMethods = nullptr;
  if (disk.is_off()) return SQLITE_CANTOPEN;
  auto file = name == nullptr ? std::make_shared<PowerDisk::File>() : disk.find(name);
  if (file == nullptr && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  if (file == nullptr) file = disk.open(name);
  handle_of(f).disk = &disk;
  handle_of(f).file = new std::shared_ptr<PowerDisk::File>(std::move(file));
  f->pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int) {
  if (!disk_of(vfs).step()) return SQLITE_IOERR_DELETE;
  disk_of(vfs).remove(name);
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* exists) {
  *exists = disk_of(vfs).find(name) != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace

PowerDisk::PowerDisk() : system_(sqlite3_vfs_find(nullptr)) {
  vfs_ = *system_;  // dates, sleep, randomness and libraries stay the system's
  vfs_.pNext = nullptr;
  vfs_.zName = "power";
  vfs_.szOsFile = sizeof(Handle);
  vfs_.pAppData = this;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  vfs_.xAccess = access_file;
  vfs_.xFullPathname = full_name;
  sqlite3_vfs_register(&vfs_, 1);
}

PowerDisk::~PowerDisk() {
  sqlite3_vfs_register(system_, 1);
  sqlite3_vfs_unregister(&vfs_);
}

bool PowerDisk::step() noexcept {
  if (off_) return false;
  if (steps_left_ != 0) return --steps_left_, true;
  off_ = true;
  return false;
}

std::shared_ptr<PowerDisk::File> PowerDisk::find(const std::string& name) const {
  const auto found = files_.find(name);
  return found != files_.end() ? found->second : nullptr;
}

std::shared_ptr<PowerDisk::File> PowerDisk::open(const std::string& name) {
  auto& file = files_[name];
  if (file == nullptr) file = std::make_shared<File>();
  return file;
}

void PowerDisk::restart(std::mt19937_64& random) {
  for (auto& [name, file] : files_) file->lose_power(random);
  off_ = false;
  steps_left_ = ~std::uint64_t{0};
}

PowerDisk::Image PowerDisk::image() const {
  Image out;
  for (const auto& [name, file] : files_) out[name] = file->safe;
  return out;
}

void PowerDisk::load(const Image& image) {
  files_.clear();
  for (const auto& [name, bytes] : image) {
    const auto file = open(name);
    file->seen = file->safe = bytes;
  }
}

void PowerDisk::File::apply(std::vector<std::uint8_t>& to, const Write& write, std::size_t from, std::size_t size) const {
  const auto begin = static_cast<std::size_t>(write.at);
  if (write.truncates) {
    to.resize(std::min(to.size(), begin));
    return;
  }
  if (to.size() < begin + from + size) to.resize(begin + from + size);
  std::copy_n(write.bytes.begin() + static_cast<std::ptrdiff_t>(from), size,
              to.begin() + static_cast<std::ptrdiff_t>(begin + from));
}

void PowerDisk::File::change(Write write) {
  apply(seen, write, 0, write.bytes.size());
  unsynced.push_back(std::move(write));
}

void PowerDisk::File::sync() {
  for (const Write& w : unsynced) apply(safe, w, 0, w.bytes.size());
  unsynced.clear();
}

void PowerDisk::File::lose_power(std::mt19937_64& random) {
  for (const Write& w : unsynced) {
    const auto fate = random() % 3;  // 0 lost, 1 kept, 2 torn
    if (fate == 1) apply(safe, w, 0, w.bytes.size());
    for (std::size_t from = 0; fate == 2 && from < w.bytes.size(); from += kSector)
      if (random() % 2 != 0) apply(safe, w, from, std::min(kSector, w.bytes.size() - from));
  }
  unsynced.clear();
  seen = safe;
  shared.clear();
}

}  // namespace onechat::power_fail
