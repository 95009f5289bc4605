#include "ledger/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/thread_name.hpp"

namespace onechat::ledger {
namespace {

static_assert(std::endian::native == std::endian::little, "the journal is not read on another machine");

constexpr std::uint64_t kMagic = 0x316c6e72'74616863ull;  // "chatrnl1"
constexpr std::uint32_t kSegmentsKept = 2;                // for what runs already, when new requests are refused

struct Header {
  std::uint64_t magic, serial;  // serial 0: nothing in it
  std::uint32_t slot_bytes, crc;
};
struct Slot {
  std::uint32_t crc, kind;
  std::uint64_t serial;  // of its segment's header: what an earlier use of the file left is told apart
  oc_ledger_op op;
};
static_assert(sizeof(Slot) == 144 && std::is_trivially_copyable_v<Slot>);
constexpr std::size_t kHeaderBytes = sizeof(Slot);
constexpr std::uint32_t kErased = 0;  // a slot's kind: what stays of it says that its file was used

std::uint32_t checksum(const void* from, std::size_t n) noexcept {
  return static_cast<std::uint32_t>(::crc32(0, static_cast<const Bytef*>(from), static_cast<uInt>(n)));
}
std::uint32_t checksum(const Slot& s) noexcept { return checksum(&s.kind, sizeof s - offsetof(Slot, kind)); }
std::uint32_t checksum(const Header& h) noexcept { return checksum(&h, offsetof(Header, crc)); }

Error io_error(const std::filesystem::path& file, int why) {
  return Error(OC_E_IO, file.string() + ": " + std::generic_category().message(why));
}

}  // namespace

struct Journal::Segment {
  ~Segment() {
    if (bytes != nullptr) ::munmap(bytes, size);
    if (fd >= 0) ::close(fd);
  }
  std::size_t slots() const noexcept { return (size - kHeaderBytes) / sizeof(Slot); }
  std::uint8_t* at(std::size_t slot) const noexcept { return bytes + kHeaderBytes + slot * sizeof(Slot); }
  std::uint64_t serial() const noexcept {
    Header h;
    std::memcpy(&h, bytes, sizeof h);
    const bool sound = h.magic == kMagic && h.slot_bytes == sizeof(Slot) && h.crc == checksum(h);
    return sound ? h.serial : 0;
  }
  // Of its latest use, whether that has ended or not; 0: there was none.
  std::uint64_t last_serial() const noexcept {
    Slot first;
    std::memcpy(&first, at(0), sizeof first);
    return first.crc == checksum(first) ? std::max(first.serial, serial()) : serial();
  }
  void set_serial(std::uint64_t serial) noexcept {
    Header h{kMagic, serial, sizeof(Slot), 0};
    h.crc = checksum(h);
    std::memcpy(bytes, &h, sizeof h);
    dirty.store(true, std::memory_order_release);
  }

  std::uint32_t index = 0;
  int fd = -1;
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  std::size_t used = 0;  // slots given out; under the journal's mutex, as the next
  std::uint64_t serial_now = 0;
  bool stays = false, in_use = false;
  std::atomic<std::uint64_t> held{0};
  std::atomic<bool> dirty{false};
  bool has_left = false;
};

Journal::Journal(const std::filesystem::path& folder, JournalLimits limits, const Clock& clock)
    : folder_(folder), limits_(limits), clock_(clock) {}

Journal::~Journal() {
  if (thread_.joinable()) {
    stopping_.store(true, std::memory_order_release);
    {
      const std::lock_guard lock(bell_mutex_);
      bell_.notify_one();
    }
    thread_.join();
    const std::lock_guard lock(mutex_);
    for (auto& s : segments_)  // what is not held need not be read again
      if (s->held.load(std::memory_order_acquire) == 0 && !s->has_left) s->set_serial(0);
  }
  if (!segments_.empty()) sync();
  segments_.clear();
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

std::filesystem::path Journal::file_of(std::uint32_t index) const {
  return folder_ / ("segment-" + std::to_string(index));
}

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& folder, JournalLimits limits,
                                               const Clock& clock) {
  limits.segments_max = std::max(limits.segments_max, kSegmentsKept + 2);
  limits.segment_bytes = std::max<std::uint32_t>(limits.segment_bytes, kHeaderBytes + 16 * sizeof(Slot));
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  if (ec) return Error(OC_E_IO, folder.string() + ": " + ec.message());
  std::unique_ptr<Journal> journal(new Journal(folder, limits, clock));
  const auto lock_file = folder / "lock";
  journal->lock_fd_ = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (journal->lock_fd_ < 0) return io_error(lock_file, errno);
  if (::flock(journal->lock_fd_, LOCK_EX | LOCK_NB) != 0)
    return Error(OC_E_CONFLICT, folder.string() + " is in use by another process");
  std::error_code none;  // files beyond the limit are those of an earlier, higher one
  for (std::uint32_t i = 0; i < limits.segments_max || std::filesystem::exists(journal->file_of(i), none); ++i)
    if (auto mapped = journal->map(i); !mapped) return mapped.error();
  journal->read_left();
  journal->thread_ = std::thread([j = journal.get()] { j->serve(); });
  return journal;
}

// Space is taken at once: a full disk is found here, and not by a page that cannot be written.
Result<void> Journal::map(std::uint32_t index) {
  auto segment = std::make_unique<Segment>();
  segment->index = index;
  const auto file = file_of(index);
  segment->fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (segment->fd < 0) return io_error(file, errno);
  struct stat info {};
  if (::fstat(segment->fd, &info) != 0) return io_error(file, errno);
  segment->size = std::max<std::size_t>(limits_.segment_bytes, static_cast<std::size_t>(info.st_size));
  if (const int why = ::posix_fallocate(segment->fd, 0, static_cast<off_t>(segment->size)); why != 0)
    return io_error(file, why);
  void* at = ::mmap(nullptr, segment->size, PROT_READ | PROT_WRITE, MAP_SHARED, segment->fd, 0);
  if (at == MAP_FAILED) return io_error(file, errno);
  segment->bytes = static_cast<std::uint8_t*>(at);
  segments_.push_back(std::move(segment));
  return {};
}

void Journal::read_left() {
  std::vector<std::pair<std::uint64_t, Segment*>> written;
  for (auto& s : segments_) {
    serial_ = std::max(serial_, s->last_serial());
    if (const std::uint64_t serial = s->serial(); serial != 0)
      written.emplace_back(serial, s.get());
    else
      set_free(*s);
  }
  std::sort(written.begin(), written.end());
  for (const auto& [serial, segment] : written) {
    for (std::size_t i = 0; i < segment->slots(); ++i) {
      Slot slot;
      std::memcpy(&slot, segment->at(i), sizeof slot);
      if (slot.serial != serial) continue;
      if (slot.crc == checksum(slot) && slot.kind == kErased) continue;
      if (slot.crc == checksum(slot))
        left_.push_back({static_cast<Kind>(slot.kind), slot.op});
      else
        ++torn_;
    }
    segment->has_left = true;
  }
  n_free_.store(static_cast<std::uint32_t>(free_.size()), std::memory_order_release);
}

void Journal::forget_left() {
  const std::lock_guard lock(mutex_);
  for (auto& s : segments_) {
    if (!std::exchange(s->has_left, false)) continue;
    s->set_serial(0);
    set_free(*s);
  }
  left_.clear();
  n_free_.store(static_cast<std::uint32_t>(free_.size()), std::memory_order_release);
  wake();
}

// Rings once for all that comes before the next sync.
void Journal::wake() noexcept {
  if (dirty_.exchange(true, std::memory_order_acq_rel)) return;
  const std::lock_guard lock(bell_mutex_);
  bell_.notify_one();
}

// REQUIRES: mutex_ is held, or nobody else has the journal yet. A file beyond the limit has done its service.
void Journal::set_free(Segment& segment) noexcept {
  segment.in_use = false;
  segment.used = 0;
  std::error_code none;
  if (segment.index < limits_.segments_max)
    free_.push_back(&segment);
  else
    std::filesystem::remove(file_of(segment.index), none);
}

// REQUIRES: mutex_ is held.
std::size_t Journal::segments_that_stay() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(segments_.begin(), segments_.end(), [](const auto& s) { return s->in_use && s->stays; }));
}

// REQUIRES: mutex_ is held. The file's earlier content has another serial, so that it need not be erased.
bool Journal::begin_segment(Segment*& current, bool stays) noexcept {
  const auto none = [&] {
    if (stays) return free_.size() <= kSegmentsKept || segments_that_stay() >= limits_.segments_max / 2;
    return free_.empty();
  };
  if (none()) recycle();
  if (none()) return false;
  current = free_.back();
  free_.pop_back();
  n_free_.store(static_cast<std::uint32_t>(free_.size()), std::memory_order_release);
  current->used = 0;
  current->stays = stays;
  current->in_use = true;
  current->serial_now = ++serial_;
  current->set_serial(serial_);
  return true;
}

// REQUIRES: mutex_ is held.
void Journal::recycle() noexcept {
  for (auto& s : segments_) {
    const bool full = s->in_use && s->used == s->slots();
    if (!full || s.get() == short_ || s.get() == long_ || s->held.load(std::memory_order_acquire) != 0) continue;
    s->set_serial(0);
    set_free(*s);
  }
  n_free_.store(static_cast<std::uint32_t>(free_.size()), std::memory_order_release);
}

Journal::Place Journal::append(Kind kind, const oc_ledger_op& op) noexcept {
  return append(kind, op, kind != Kind::kFact);
}

Journal::Place Journal::keep(const oc_ledger_op& fact) noexcept { return append(Kind::kFact, fact, true); }

Journal::Place Journal::append(Kind kind, const oc_ledger_op& op, bool stays) noexcept {
  Segment* segment = nullptr;
  std::size_t at = 0;
  Slot slot{0, static_cast<std::uint32_t>(kind), 0, op};
  {
    const std::lock_guard lock(mutex_);
    Segment*& current = stays ? long_ : short_;
    if ((current == nullptr || current->used == current->slots()) && !begin_segment(current, stays)) {
      (stays ? left_out_ : failures_).fetch_add(1, std::memory_order_relaxed);
      return {};
    }
    segment = current;
    at = segment->used++;
    slot.serial = segment->serial_now;
    segment->held.fetch_add(1, std::memory_order_relaxed);
  }
  slot.crc = checksum(slot);
  std::memcpy(segment->at(at), &slot, sizeof slot);
  records_.fetch_add(1, std::memory_order_relaxed);
  segment->dirty.store(true, std::memory_order_release);
  wake();
  return {segment->index + 1, static_cast<std::uint32_t>(at)};
}

void Journal::erase(Place place) noexcept {
  if (!place) return;
  Segment& segment = *segments_[place.segment - 1];
  Slot slot;
  std::memcpy(&slot, segment.at(place.slot), sizeof slot);
  slot.kind = kErased;
  slot.crc = checksum(slot);
  std::memcpy(segment.at(place.slot), &slot, sizeof slot);
  segment.dirty.store(true, std::memory_order_release);
  release(place);
  wake();
}

void Journal::release(Place place, std::uint64_t records) noexcept {
  if (!place || records == 0) return;
  const bool last = segments_[place.segment - 1]->held.fetch_sub(records, std::memory_order_acq_rel) == records;
  released_.fetch_add(records, std::memory_order_relaxed);
  if (last && !has_space()) wake();  // nothing is appended then that would
}

bool Journal::has_space() const noexcept { return n_free_.load(std::memory_order_acquire) >= kSegmentsKept; }

bool Journal::room() const noexcept { return has_space() && !disk_failed_.load(std::memory_order_acquire); }

void Journal::sync() {
  const std::lock_guard one_at_a_time(syncing_);
  const std::uint64_t begin = clock_.now_ns();
  bool fine = true;
  for (auto& s : segments_)
    if (s->dirty.exchange(false, std::memory_order_acq_rel) && ::fdatasync(s->fd) != 0) {
      fine = false;
      s->dirty.store(true, std::memory_order_release);
      failures_.fetch_add(1, std::memory_order_relaxed);
    }
  if (!fine) disk_failed_.store(true, std::memory_order_release);
  syncs_.fetch_add(1, std::memory_order_relaxed);
  sync_us_.fetch_add((clock_.now_ns() - begin) / 1000, std::memory_order_relaxed);
}

// Rests until something is written, lets it gather company, syncs.
void Journal::serve() {
  name_this_thread("journal");
  const auto pause = std::chrono::milliseconds(limits_.sync_ms);
  const auto stopping = [this] { return stopping_.load(std::memory_order_acquire); };
  while (!stopping()) {
    {
      std::unique_lock lock(bell_mutex_);
      bell_.wait(lock, [&] { return stopping() || dirty_.load(std::memory_order_acquire); });
      bell_.wait_for(lock, pause, stopping);
    }
    dirty_.store(false, std::memory_order_release);
    sync();
    {
      const std::lock_guard lock(mutex_);
      recycle();
    }
  }
}

JournalCounters Journal::counters() const noexcept {
  const auto read = [](const std::atomic<std::uint64_t>& c) { return c.load(std::memory_order_relaxed); };
  JournalCounters c;
  c.held = read(records_) - std::min(read(released_), read(records_));
  c.records = read(records_);
  c.left_out = read(left_out_);
  c.syncs = read(syncs_);
  c.sync_us_total = read(sync_us_);
  c.failures = read(failures_);
  c.segments_free = n_free_.load(std::memory_order_relaxed);
  return c;
}

}  // namespace onechat::ledger
