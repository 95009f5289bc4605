// The ledger plugin under test: loaded as a gateway loads it, opened as often as checks need, on a clock of the checks.
//
// In the settings "{dir}" stands for an empty folder and "{name}" for a word that nobody used before: each place() has
// its own, and to open a place again is to find its books again. Single thread.
#pragma once
#include <onechat/ledger_rows.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugin/host_services.hpp"
#include "plugin/library.hpp"

namespace onechat::conformance {

using Ops = std::vector<oc_ledger_op>;
using Results = std::vector<oc_ledger_result>;

struct Place {
  std::string folder, name;  // folder: "" when the settings do not ask for one
};

struct Sum {
  std::int64_t debits = 0, credits = 0;
  friend bool operator==(const Sum&, const Sum&) = default;
};
using TrialBalance = std::map<std::pair<std::uint32_t, std::uint64_t>, Sum>;  // by code and owner

struct StoredRow {
  std::uint32_t table = 0;
  std::string data;
  friend bool operator==(const StoredRow&, const StoredRow&) = default;
};

struct Verified {
  oc_status status = OC_OK;
  std::uint64_t transfers = 0;
  std::vector<std::string> problems;  // "I2: account 7: ..."
  bool clean() const noexcept { return status == OC_OK && problems.empty(); }
};

// One instance of the plugin. Its table's functions under friendlier types.
class Books {
 public:
  ~Books();
  Books(const Books&) = delete;
  Books& operator=(const Books&) = delete;

  const oc_ledger_backend& table() const noexcept { return table_; }
  void* self() const noexcept { return self_; }

  oc_status apply(const Ops& ops, Results& results);
  oc_ledger_result apply(const oc_ledger_op& op);  // a batch of one; a failed batch gives its status
  oc_ledger_balance balance(std::uint64_t account);
  oc_ledger_open open();
  TrialBalance trial_balance(std::int64_t at_ms = INT64_MAX);
  Verified verify();
  oc_status dump(std::vector<StoredRow>& rows);
  oc_status restore(const std::vector<StoredRow>& rows);
  std::vector<oc_ledger_budget> budgets(std::uint64_t account);  // without their time zones

  struct Found {
    std::vector<oc_ledger_hold> holds;
    std::vector<oc_ledger_entry> entries;
  };
  Found find(const oc_id128& id);
  std::vector<oc_ledger_entry> statement(std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms);

  std::string last_error;  // what the plugin logged last, at level error

 private:
  friend class Subject;
  Books() = default;
  oc_host_ctx ctx_;
  plugin::LoopServices services_;
  oc_host host_{};
  oc_ledger_backend table_{};
  const oc_component* component_ = nullptr;
  void* self_ = nullptr;
};

class Subject {
 public:
  // `library`: the plugin's .so, its manifest beside it. `settings`: JSON text, with the words above.
  static Result<Subject> load(const std::string& library, const std::string& settings);
  ~Subject();  // removes the folders it made
  Subject(Subject&&) noexcept;
  // Makes an instance, to see that it can be made and what it can do.
  Result<void> probe();

  const std::string& id() const noexcept { return component_->id; }
  bool can(std::uint64_t cap) const noexcept { return (caps_ & cap) != 0; }  // as the probed instance said
  bool has_places() const noexcept;  // the settings tell one place from another
  const std::string& library() const noexcept { return path_; }
  const std::string& settings() const noexcept { return settings_; }

  Place place();
  Result<std::unique_ptr<Books>> open(const Place& place) const;
  // The same, again and again for some seconds: a process that was just killed may not be quite gone for its server.
  Result<std::unique_ptr<Books>> reopen(const Place& place) const;

 private:
  Subject() = default;
  std::shared_ptr<const plugin::Library> loaded_;
  const plugin::Component* component_ = nullptr;
  std::string path_, settings_, root_;
  unsigned places_ = 0;
  std::uint64_t caps_ = 0;
};

// What host->unix_ms answers in this process. Begins at noon of 2026-01-14, UTC.
std::int64_t& now_ms() noexcept;

}  // namespace onechat::conformance
