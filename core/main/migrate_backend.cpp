#include "main/migrate_backend.hpp"

#include <onechat/ledger_codec.hpp>

#include <array>
#include <filesystem>
#include <map>
#include <optional>

#include "base/clock.hpp"
#include "control/problem.hpp"
#include "main/backend_instance.hpp"
#include "main/options.hpp"

namespace onechat::main {
namespace {

namespace fs = std::filesystem;
using Ledger = plugin::Instance<oc_ledger_backend>;

constexpr int kSame = 0, kFailed = 1, kBadUsage = 2;
constexpr const char* kUsage = "usage: 1chat ledger migrate-backend --from CONFIG --to CONFIG";
constexpr std::size_t kRowsAtOnce = 2'000;
constexpr std::int64_t kAliveMs = 30'000;  // a node that was heard of since may still be writing

struct Failure {
  int exit_code;
  std::string text;
};

constexpr std::array<const char*, 11> kTables{"",     "account",   "grant",    "node",   "budget", "window",
                                              "hold", "tombstone", "transfer", "refund", "link"};

// The rows of one table, by number and content, in whatever order they come.
struct Contents {
  std::uint64_t rows = 0, sum = 0;
  bool operator==(const Contents&) const = default;
  void add(const oc_bytes& bytes) {
    std::uint64_t h = bytes.len;
    for (std::uint64_t i = 0; i < bytes.len; ++i) h = ledger_core::mix(h, bytes.ptr[i]);
    ++rows;
    sum += h;
  }
};
using Books = std::array<Contents, kTables.size()>;

struct Sides {
  std::int64_t debits = 0, credits = 0;
  bool operator==(const Sides&) const = default;
};
using TrialBalance = std::map<std::pair<std::uint32_t, std::uint64_t>, Sides>;

// One side of the copy.
class Side {
 public:
  static Result<std::unique_ptr<Side>> open(const std::string& config_file, std::ostream& err);

  const std::string& id() const { return ledger_->id(); }
  const oc_ledger_backend& table() const { return ledger_->table(); }
  void* self() const { return ledger_->self(); }
  bool can_dump() const { return (ledger_->caps() & OC_LEDGER_CAP_DUMP) != 0 && table().dump && table().restore; }
  bool is_same_as(const Side& other) const { return settings_ == other.settings_ && id() == other.id(); }

 private:
  control::Config config_;
  plugin::LoopServices services_;
  std::unique_ptr<plugin::Catalogue> catalogue_;
  std::string settings_;
  std::unique_ptr<Ledger> ledger_;
};

Result<std::unique_ptr<Side>> Side::open(const std::string& config_file, std::ostream& err) {
  auto side = std::make_unique<Side>();
  const auto problems = control::load_config(config_file, side->config_);
  if (!problems.empty()) return Error(OC_E_CONFIG, control::to_string(problems.front()));
  if (side->config_.ledger_none) return Error(OC_E_CONFIG, config_file + " says `ledger: none`");
  side->services_.clock = &system_clock();
  side->services_.log = [&err](std::int32_t level, std::string_view component, std::string_view message) {
    if (level >= OC_LOG_WARN) err << component << ": " << message << '\n';
  };
  const auto& folders = side->config_.plugin_dirs;
  side->catalogue_ = std::make_unique<plugin::Catalogue>(std::vector<fs::path>(folders.begin(), folders.end()));
  const fs::path file = fs::path(side->config_.data_dir) / "ledger.db";
  auto found = side->catalogue_->find(OC_KIND_LEDGER, side->config_.ledger.use);
  if (!found) return found.error();
  side->settings_ = backend_settings(*found->component, side->config_.ledger, file);
  auto ledger =
      open_backend<oc_ledger_backend>(*side->catalogue_, OC_KIND_LEDGER, side->config_.ledger, file, side->services_);
  if (!ledger) return ledger.error();
  side->ledger_ = std::move(*ledger);
  return side;
}

// What `verify` finds, a line each; nothing when all is well.
std::optional<std::string> broken(const Side& side) {
  std::string found;
  std::uint64_t transfers = 0;
  const auto each = [](void* to, const oc_ledger_problem* p) {
    *static_cast<std::string*>(to) +=
        "\n  " + std::string(p->invariant.ptr, p->invariant.len) + "  " + std::string(p->detail.ptr, p->detail.len);
  };
  if (side.table().verify(side.self(), each, &found, &transfers) != OC_OK) return "\n  it could not be checked";
  return found.empty() ? std::nullopt : std::optional(found);
}

std::optional<TrialBalance> trial_balance(const Side& side) {
  TrialBalance out;
  const auto each = [](void* to, const oc_ledger_sum* s) {
    if (s->debits != 0 || s->credits != 0)
      (*static_cast<TrialBalance*>(to))[{s->code, s->owner}] = {s->debits, s->credits};
  };
  const oc_status status =
      side.table().trial_balance(side.self(), std::numeric_limits<std::int64_t>::max(), each, &out);
  return status == OC_OK ? std::optional(out) : std::nullopt;
}

std::optional<Books> contents(const Side& side) {
  Books out;
  const auto each = [](void* to, const oc_ledger_row* row) {
    if (row->table < kTables.size()) (*static_cast<Books*>(to))[row->table].add(row->data);
  };
  return side.table().dump(side.self(), each, &out) == OC_OK ? std::optional(out) : std::nullopt;
}

// Passes rows on as they come, some at a time.
class Copy {
 public:
  explicit Copy(const Side& to) : to_(to) {}

  std::optional<Failure> run(const Side& from) {
    const auto each = [](void* copy, const oc_ledger_row* row) { static_cast<Copy*>(copy)->take(*row); };
    if (from.table().dump(from.self(), each, this) != OC_OK && !failure_)
      failure_ = Failure{kFailed, from.id() + " could not be read to its end"};
    flush();
    if (!failure_) restore(nullptr, 0);
    return failure_;
  }
  const Books& books() const { return books_; }

 private:
  void take(const oc_ledger_row& row) {
    if (failure_) return;
    if (row.table >= kTables.size()) {
      failure_ = Failure{kFailed, "a row of an unknown table"};
      return;
    }
    if (row.table == OC_ROW_NODE) check_node(row.data);
    books_[row.table].add(row.data);
    bytes_.emplace_back(row.table, ledger_core::Bytes(row.data.ptr, row.data.ptr + row.data.len));
    if (bytes_.size() == kRowsAtOnce) flush();
  }
  void check_node(const oc_bytes& bytes) {
    ledger_core::Node node;
    if (!ledger_core::decode(bytes.ptr, bytes.len, node)) return;
    if (node.heartbeat_ms > 0 && system_clock().unix_ms() - node.heartbeat_ms < kAliveMs)
      failure_ = Failure{kFailed, "node " + std::to_string(node.id) +
                                      " was alive less than 30 s ago; stop every gateway on these books first"};
  }
  void flush() {
    std::vector<oc_ledger_row> rows;
    for (const auto& [table, bytes] : bytes_)
      rows.push_back({sizeof(oc_ledger_row), table, {bytes.data(), bytes.size()}});
    std::vector<const oc_ledger_row*> pointers;
    for (const oc_ledger_row& row : rows) pointers.push_back(&row);
    if (!failure_ && !rows.empty()) restore(pointers.data(), pointers.size());
    bytes_.clear();
  }
  void restore(const oc_ledger_row* const* rows, std::uint64_t n) {
    const oc_status status = to_.table().restore(to_.self(), rows, n);
    if (status == OC_E_CONFLICT)
      failure_ = Failure{kFailed, to_.id() + " does not take the books: it is not empty, or they are not sound"};
    else if (status != OC_OK)
      failure_ = Failure{kFailed, to_.id() + " failed while it took the books; it took nothing"};
  }

  const Side& to_;
  std::vector<std::pair<std::uint32_t, ledger_core::Bytes>> bytes_;
  Books books_;
  std::optional<Failure> failure_;
};

void print(std::ostream& out, const Side& from, const Side& to, const Books& books, const TrialBalance& sums) {
  out << "copied " << from.id() << " to " << to.id() << ":\n";
  for (std::size_t table = 1; table < kTables.size(); ++table)
    if (books[table].rows != 0) out << "  " << kTables[table] << "  " << books[table].rows << '\n';
  out << "both verified; rows and trial balances of " << sums.size() << " accounts are the same\n";
}

std::optional<Failure> migrate(const Side& from, const Side& to, std::ostream& out) {
  if (from.is_same_as(to)) return Failure{kBadUsage, "both files name the same ledger"};
  for (const Side* side : {&from, &to})
    if (!side->can_dump()) return Failure{kBadUsage, side->id() + " can neither be copied nor take a copy"};
  if (const auto found = broken(from)) return Failure{kFailed, from.id() + " is broken; nothing was copied" + *found};
  Copy copy(to);
  if (auto failure = copy.run(from)) return failure;
  if (const auto found = broken(to)) return Failure{kFailed, to.id() + " is broken after the copy" + *found};
  const auto before = trial_balance(from), after = trial_balance(to);
  if (!before || !after || *before != *after) return Failure{kFailed, "the trial balances differ"};
  const auto arrived = contents(to);
  if (!arrived) return Failure{kFailed, to.id() + " could not be read to its end"};
  for (std::size_t table = 1; table < kTables.size(); ++table)
    if (copy.books()[table] != (*arrived)[table])
      return Failure{kFailed, "the rows of table " + std::string(kTables[table]) +
                                  " differ: " + std::to_string(copy.books()[table].rows) + " left, " +
                                  std::to_string((*arrived)[table].rows) + " arrived"};
  print(out, from, to, copy.books(), *after);
  return std::nullopt;
}

}  // namespace

int run_migrate_backend(const std::vector<std::string>& args, std::ostream& out, std::ostream& err) {
  const auto tell = [&](const std::string& text, int code) {
    err << "1chat: " << text << '\n';
    return code;
  };
  const auto options = Options::parse(args, {"from", "to"}, {});
  if (!options) return tell(options.error().message + "; " + kUsage, kBadUsage);
  const auto from_file = options->value("from"), to_file = options->value("to");
  if (!from_file || !to_file) return tell(kUsage, kBadUsage);
  const auto from = Side::open(*from_file, err);
  if (!from) return tell(from.error().message, kBadUsage);
  const auto to = Side::open(*to_file, err);
  if (!to) return tell(to.error().message, kBadUsage);
  const auto failure = migrate(**from, **to, out);
  return failure ? tell(failure->text, failure->exit_code) : kSame;
}

}  // namespace onechat::main
