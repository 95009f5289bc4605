// kill -9 of a process that applies batches.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>

#include "checks.hpp"
#include "report.hpp"
#include "traffic.hpp"

namespace onechat::conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartTimeout{20};
constexpr std::chrono::milliseconds kLifeMax{150};
constexpr std::int64_t kMsPerBatch = 3;

struct Acknowledged {
  std::uint64_t batch = 0;
  Results results;
};

void write_all(int fd, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd, at, size);
    if (n <= 0) throw std::runtime_error("the reader is gone");
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

// The writer process and the end of its pipe.
class Writer {
 public:
  Writer(const Subject& subject, const Place& place, std::uint64_t seed, std::uint64_t first) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe failed");
    const std::vector<std::string> words{"oc-conform",   "--writer",   std::to_string(ends[1]),
                                         "--first",      std::to_string(first), "--seed",
                                         std::to_string(seed), "--place", place.folder,
                                         "--name",       place.name,   "--now",
                                         std::to_string(now_ms()), "--config", subject.settings(),
                                         subject.library()};
    std::vector<char*> argv;
    for (const std::string& w : words) argv.push_back(const_cast<char*>(w.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::execv("/proc/self/exe", argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    in_ = ends[0];
  }
  ~Writer() {
    kill();
    ::close(in_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // What it acknowledges until it has lived `life` since its first answer; then it is killed.
  std::vector<Acknowledged> run(std::chrono::microseconds life) {
    if (!read_until(Clock::now() + kStartTimeout, true)) throw Broken("the writer process ended or did not answer");
    read_until(Clock::now() + life, false);
    if (!kill()) throw Broken("the writer process ended by itself");
    read_until(Clock::now() + kStartTimeout, false);
    return std::move(acknowledged_);
  }

 private:
  // False: nothing more will come, or (until_first) it did not come in time.
  bool read_until(Clock::time_point end, bool until_first) {
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      pollfd p{in_, POLLIN, 0};
      if (::poll(&p, 1, static_cast<int>(std::max<std::int64_t>(0, left))) <= 0) return !until_first;
      char buffer[65536];
      const ssize_t n = ::read(in_, buffer, sizeof buffer);
      if (n <= 0) return false;
      bytes_.append(buffer, static_cast<std::size_t>(n));
      take_whole_answers();
      if (until_first && !acknowledged_.empty()) return true;
    }
  }
  void take_whole_answers() {
    struct Head {
      std::uint64_t batch, n;
    } head;
    std::size_t at = 0;
    while (bytes_.size() - at >= sizeof head) {
      std::memcpy(&head, bytes_.data() + at, sizeof head);
      const std::size_t size = head.n * sizeof(oc_ledger_result);
      if (bytes_.size() - at - sizeof head < size) break;
      Acknowledged a{head.batch, Results(head.n)};
      std::memcpy(a.results.data(), bytes_.data() + at + sizeof head, size);
      acknowledged_.push_back(std::move(a));
      at += sizeof head + size;
    }
    bytes_.erase(0, at);
  }
  // True: it had to be killed.
  bool kill() {
    if (pid_ < 0) return false;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status);
  }

  pid_t pid_ = -1;
  int in_ = -1;
  std::string bytes_;
  std::vector<Acknowledged> acknowledged_;
};

// Everything that was acknowledged answers as before.
std::size_t expect_known(Books& books, const Traffic& traffic, const Acknowledged& a, const std::string& when) {
  const Ops ops = traffic.batch(a.batch);
  Ops again;
  Results expected, results;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (!is_remembered(a.results[i])) continue;
    again.push_back(ops[i]);
    expected.push_back(as_duplicate(ops[i], a.results[i]));
  }
  if (books.apply(again, results) != OC_OK) throw Broken(when + ": a repeated batch failed: " + books.last_error);
  for (std::size_t i = 0; i < again.size(); ++i) {
    if (again[i].kind == OC_LOP_LEASE) results[i].released = 0;
    if (!same(results[i], expected[i]))
      throw Broken(when + ": acknowledged before the kill, " + text(again[i]) + " now answers " + text(results[i]) +
                   ", expected " + text(expected[i]));
  }
  return again.size();
}

// The batch that was on its way: there whole, or not at all. Done after this.
bool expect_whole(Books& books, const Traffic& traffic, std::uint64_t batch, const std::string& when) {
  const Ops ops = traffic.batch(batch);
  const oc_ledger_result first = books.apply(ops.front()), last = books.apply(ops.back());
  const bool known = first.status == OC_DUPLICATE;
  if (known != (last.status == OC_DUPLICATE)) throw Broken(when + ": half of the last batch is there");
  return known;
}

}  // namespace

std::string check_crash(Subject& subject, std::uint64_t seed, unsigned kills) {
  if (!subject.can(OC_LEDGER_CAP_DURABLE_ACK)) throw NotClaimed("no capability DURABLE_ACK");
  if (!subject.has_places()) throw NotClaimed("the settings have neither {dir} nor {name}: nothing to open again");
  const Place place = subject.place();
  const Traffic traffic(seed);
  std::mt19937_64 random(seed);
  std::uint64_t next = 0, batches = 0, ops = 0, in_flight = 0;
  for (unsigned kill = 0; kill < kills; ++kill) {
    const std::string when = "seed " + std::to_string(seed) + ", kill " + std::to_string(kill + 1);
    const std::chrono::microseconds life(random() % std::chrono::microseconds(kLifeMax).count());
    const std::vector<Acknowledged> done = Writer(subject, place, seed, next).run(life);
    now_ms() += kMsPerBatch * static_cast<std::int64_t>(done.size() + 2);
    auto books = subject.reopen(place);
    if (!books) throw Broken(when + ": cannot be opened again: " + books.error().message);
    for (const Acknowledged& a : done) ops += expect_known(**books, traffic, a, when);
    batches += done.size();
    next = done.back().batch + 1;
    in_flight += expect_whole(**books, traffic, next++, when) ? 1 : 0;
    if (const Verified v = (*books)->verify(); !v.clean())
      throw Broken(when + ": " + (v.problems.empty() ? "verify failed" : v.problems.front()));
  }
  return "seed " + std::to_string(seed) + ": " + std::to_string(kills) + " kills, " + std::to_string(batches) +
         " batches with " + std::to_string(ops) + " ops acknowledged and there, " + std::to_string(in_flight) +
         " more were there unacknowledged";
}

int write_until_killed(Subject& subject, const Place& place, std::uint64_t seed, std::uint64_t first, int out) {
  auto books = subject.reopen(place);
  if (!books) return 1;
  const Traffic traffic(seed);
  for (std::uint64_t n = first;; ++n) {
    const Ops ops = traffic.batch(n);
    Results results;
    now_ms() += kMsPerBatch;
    if ((*books)->apply(ops, results) != OC_OK) return 1;
    const std::uint64_t head[2] = {n, results.size()};
    write_all(out, head, sizeof head);
    write_all(out, results.data(), results.size() * sizeof(oc_ledger_result));
  }
}

}  // namespace onechat::conformance
