// The disk is full: nothing is acknowledged that is not there, and when there is room again all goes on by itself.
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>

#include "checks.hpp"
#include "report.hpp"
#include "traffic.hpp"

namespace onechat::conformance {
namespace {

constexpr std::chrono::seconds kPatience{8};
constexpr std::uintmax_t kRoomBytes = 192 * 1024;
constexpr std::uint64_t kBatchesAfter = 20;

// No file of this process may grow beyond `bytes` while it lives; a write that would fails with EFBIG.
class SmallDisk {
 public:
  explicit SmallDisk(std::uintmax_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit small = before_;
    small.rlim_cur = static_cast<rlim_t>(bytes);
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
};

std::uintmax_t largest_file(const std::string& folder) {
  std::uintmax_t most = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) most = std::max(most, entry.file_size());
  return most;
}

}  // namespace

std::string check_full(Subject& subject, std::uint64_t seed) {
  const Place place = subject.place();
  if (place.folder.empty()) throw NotClaimed("the settings have no {dir}: its files are not this process' own");
  auto opened = subject.open(place);
  if (!opened) throw Broken(opened.error().message);
  Books& books = **opened;
  const Traffic traffic(seed);
  std::vector<std::pair<Ops, Results>> done;
  const auto apply = [&](std::uint64_t n) {
    Ops ops = traffic.batch(n);
    Results results;
    now_ms() += 3;
    const oc_status status = books.apply(ops, results);
    if (status == OC_OK) done.emplace_back(std::move(ops), std::move(results));
    return status;
  };
  apply(0);
  std::uint64_t n = 1;
  oc_status refused = OC_OK, again = OC_OK;
  {
    const SmallDisk disk(largest_file(place.folder) + kRoomBytes);
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (refused == OC_OK && std::chrono::steady_clock::now() < end) refused = apply(n++);
    if (refused == OC_OK) throw NotClaimed("its files did not grow: not this process' own");
    again = apply(--n);  // still full: still refused, and not worse
  }
  const std::string when = "seed " + std::to_string(seed) + ", batch " + std::to_string(n);
  if (refused != OC_E_UNAVAILABLE) throw Broken(when + ": a full disk answered status " + std::to_string(refused));
  if (again != OC_E_UNAVAILABLE && again != OC_OK)
    throw Broken(when + ": the same batch again answered status " + std::to_string(again));
  if (again == OC_OK) ++n;
  const std::size_t before = done.size();
  for (const std::uint64_t end = n + kBatchesAfter; n < end; ++n)
    if (const oc_status s = apply(n); s != OC_OK)
      throw Broken(when + ": room again, but status " + std::to_string(s) + ": " + books.last_error);
  for (const auto& [ops, results] : done)
    for (std::size_t i = 0; i < ops.size(); i += ops.size() - 1)  // the DEPOSITs at its ends
      if (const oc_ledger_result r = books.apply(ops[i]); !same(r, as_duplicate(ops[i], results[i])))
        throw Broken(when + ": acknowledged, " + text(ops[i]) + " now answers " + text(r));
  if (const Verified v = books.verify(); !v.clean())
    throw Broken(when + ": verify: " + (v.problems.empty() ? "failed" : v.problems.front()));
  return "seed " + std::to_string(seed) + ": full after " + std::to_string(before) + " batches, refused, went on with " +
         std::to_string(done.size() - before) + " more";
}

}  // namespace onechat::conformance
