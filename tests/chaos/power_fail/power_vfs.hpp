// A disk in memory whose power can be cut: what was not synced survives in part, in any order, torn in sectors.
//
// A file has what a reader sees and what is safe. A write is seen at once and safe after the next sync of its file. At the
// cut each write since then is kept, lost, or kept for a random choice of its 512-byte sectors; later writes may survive
// where earlier ones do not. Creating and deleting files is safe at once. For one process and one thread.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace onechat::power_fail {

class PowerDisk {
 public:
  // Registers itself as SQLite's default; one at a time.
  PowerDisk();
  ~PowerDisk();
  PowerDisk(const PowerDisk&) = delete;
  PowerDisk& operator=(const PowerDisk&) = delete;

  // After so many more writes and syncs everything fails, until restart().
  void cut_after(std::uint64_t steps) { steps_left_ = steps; }
  bool is_off() const noexcept { return off_; }
  // Power is back: files are what survived. Requires: all connections are closed.
  void restart(std::mt19937_64& random);

  // The safe contents of all files, to begin anew from.
  using Image = std::map<std::string, std::vector<std::uint8_t>>;
  Image image() const;
  void load(const Image& image);

  struct Write {
    std::uint64_t at = 0;
    std::vector<std::uint8_t> bytes;
    bool truncates = false;  // to `at`
  };
  struct File {
    std::vector<std::uint8_t> seen, safe;
    std::vector<Write> unsynced;
    std::map<sqlite3_file*, int> lock_levels;
    std::vector<std::unique_ptr<std::uint8_t[]>> shared;  // the log's index; never on the disk
    void apply(std::vector<std::uint8_t>& to, const Write& write, std::size_t from, std::size_t size) const;
    void change(Write write);
    void sync();
    void lose_power(std::mt19937_64& random);
  };

  // For the VFS's functions. False: the power is off.
  bool step() noexcept;
  std::shared_ptr<File> find(const std::string& name) const;
  std::shared_ptr<File> open(const std::string& name);
  void remove(const std::string& name) { files_.erase(name); }

 private:
  std::map<std::string, std::shared_ptr<File>> files_;
  std::uint64_t steps_left_ = ~std::uint64_t{0};
  bool off_ = false;
  sqlite3_vfs vfs_{};
  sqlite3_vfs* system_;
};

}  // namespace onechat::power_fail
