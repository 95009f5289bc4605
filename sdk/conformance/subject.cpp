#include "subject.hpp"

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "plugin/instance.hpp"
#include "plugin/manifest.hpp"
#include "tests/ledger/test_calendar.hpp"

namespace onechat::conformance {
namespace {

std::int64_t clock_ms = 1'768'392'000'000;

std::int64_t unix_ms() { return clock_ms; }

// Windows that the reference can compute, too.
oc_status calendar_window(oc_host_ctx*, std::uint32_t period, oc_str zone, std::int64_t at_ms, std::int64_t* begin,
                          std::int64_t* end) {
  const auto window = ledger_test::test_window(period, std::string(view(zone)), at_ms);
  if (!window) return OC_E_INVALID;
  *begin = window->first;
  *end = window->second;
  return OC_OK;
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

// Calls `f` with each T that a function of the table hands out.
template <class T, class F>
struct Each {
  explicit Each(F& f) : f_(&f) {}
  static void call(void* arg, const T* item) { (*static_cast<F*>(arg))(*item); }
  void* arg() const { return f_; }
  F* f_;
};

}  // namespace

std::int64_t& now_ms() noexcept { return clock_ms; }

// ---- one instance

Books::~Books() {
  if (self_ != nullptr) component_->destroy(self_);
}

oc_status Books::apply(const Ops& ops, Results& results) {
  oc_ledger_result unset{};
  std::memset(static_cast<void*>(&unset), 0x5a, sizeof unset);  // whatever is not filled is seen
  results.assign(ops.size(), unset);
  return table_.apply(self_, ops.data(), results.data(), ops.size());
}

oc_ledger_result Books::apply(const oc_ledger_op& op) {
  Results results;
  const oc_status status = apply(Ops{op}, results);
  if (status != OC_OK) results[0] = {status, 0, 0, 0, 0, 0, 0};
  return results[0];
}

oc_ledger_balance Books::balance(std::uint64_t account) {
  oc_ledger_balance b{};
  b.struct_size = sizeof b;
  table_.balance(self_, account, &b);
  return b;
}

oc_ledger_open Books::open() {
  oc_ledger_open o{};
  o.struct_size = sizeof o;
  table_.open(self_, &o);
  return o;
}

TrialBalance Books::trial_balance(std::int64_t at_ms) {
  TrialBalance out;
  const auto add = [&](const oc_ledger_sum& s) {
    if (s.debits != 0 || s.credits != 0) out[{s.code, s.owner}] = {s.debits, s.credits};
  };
  table_.trial_balance(self_, at_ms, Each<oc_ledger_sum, decltype(add)>::call, const_cast<void*>(static_cast<const void*>(&add)));
  return out;
}

Verified Books::verify() {
  Verified out;
  auto add = [&](const oc_ledger_problem& p) {
    out.problems.push_back(std::string(view(p.invariant)) + ": " + std::string(view(p.detail)));
  };
  out.status = table_.verify(self_, Each<oc_ledger_problem, decltype(add)>::call, &add, &out.transfers);
  return out;
}

oc_status Books::dump(std::vector<StoredRow>& rows) {
  auto add = [&](const oc_ledger_row& r) { rows.push_back({r.table, std::string(view(r.data))}); };
  return table_.dump(self_, Each<oc_ledger_row, decltype(add)>::call, &add);
}

oc_status Books::restore(const std::vector<StoredRow>& rows) {
  constexpr std::size_t kRowsAtOnce = 1000;
  for (std::size_t at = 0; at < rows.size();) {
    std::vector<oc_ledger_row> some;
    for (; at < rows.size() && some.size() < kRowsAtOnce; ++at)
      some.push_back({sizeof(oc_ledger_row), rows[at].table, bytes(rows[at].data)});
    std::vector<const oc_ledger_row*> list;
    for (const oc_ledger_row& r : some) list.push_back(&r);
    if (const oc_status status = table_.restore(self_, list.data(), list.size()); status != OC_OK) return status;
  }
  return table_.restore(self_, nullptr, 0);
}

std::vector<oc_ledger_budget> Books::budgets(std::uint64_t account) {
  std::vector<oc_ledger_budget> out;
  auto add = [&](const oc_ledger_budget& b) {
    out.push_back(b);
    out.back().time_zone = {};
  };
  table_.budgets(self_, account, Each<oc_ledger_budget, decltype(add)>::call, &add);
  return out;
}

Books::Found Books::find(const oc_id128& id) {
  Found out;
  table_.find(
      self_, id,
      [](void* arg, const oc_ledger_hold* h) { static_cast<Found*>(arg)->holds.push_back(*h); },
      [](void* arg, const oc_ledger_entry* e) { static_cast<Found*>(arg)->entries.push_back(*e); }, &out);
  return out;
}

std::vector<oc_ledger_entry> Books::statement(std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms) {
  std::vector<oc_ledger_entry> out;
  auto add = [&](const oc_ledger_entry& e) { out.push_back(e); };
  table_.statement(self_, account, from_ms, to_ms, Each<oc_ledger_entry, decltype(add)>::call, &add);
  return out;
}

// ---- the plugin

Result<Subject> Subject::load(const std::string& library, const std::string& settings) {
  namespace fs = std::filesystem;
  const fs::path path = fs::absolute(library);
  auto manifest = plugin::read_manifest(path.parent_path() / (path.stem().string() + ".plugin.json"));
  if (!manifest) return manifest.error();
  auto loaded = plugin::Library::load(*manifest);
  if (!loaded) return loaded.error();
  Subject s;
  s.loaded_ = *loaded;
  s.component_ = s.loaded_->find(OC_KIND_LEDGER);
  if (s.component_ == nullptr) return Error(OC_E_CONFIG, "plugin '" + manifest->id + "' is no ledger");
  s.path_ = path.string();
  s.settings_ = settings;
  return s;
}

Subject::~Subject() {
  std::error_code ignored;
  if (!root_.empty()) std::filesystem::remove_all(root_, ignored);
}
Subject::Subject(Subject&& other) noexcept
    : loaded_(std::move(other.loaded_)),
      component_(other.component_),
      path_(std::move(other.path_)),
      settings_(std::move(other.settings_)),
      root_(std::exchange(other.root_, {})),
      places_(other.places_),
      caps_(other.caps_) {}

Result<void> Subject::probe() {
  auto books = open(place());
  if (!books) return books.error();
  const auto get_ext = component_->facts.get_ext;
  const void* own = get_ext != nullptr ? get_ext((*books)->self(), "onechat.instance_caps/1") : nullptr;
  caps_ = own != nullptr ? *static_cast<const std::uint64_t*>(own) : component_->facts.caps;
  return {};
}

bool Subject::has_places() const noexcept {
  return settings_.find("{dir}") != std::string::npos || settings_.find("{name}") != std::string::npos;
}

Place Subject::place() {
  Place p;
  p.name = "oc_conform_" + std::to_string(::getpid()) + "_" + std::to_string(++places_);
  if (settings_.find("{dir}") == std::string::npos) return p;
  if (root_.empty()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "oc-conform-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    root_ = pattern;
  }
  p.folder = root_ + "/" + p.name;
  std::filesystem::create_directory(p.folder);
  return p;
}

Result<std::unique_ptr<Books>> Subject::open(const Place& place) const {
  std::string settings = settings_;
  replace_all(settings, "{dir}", place.folder);
  replace_all(settings, "{name}", place.name);
  if (auto ok = plugin::check_settings(*component_, "oc-conform", settings); !ok) return ok.error();
  std::unique_ptr<Books> books(new Books);
  books->services_.log = [b = books.get()](std::int32_t level, std::string_view, std::string_view text) {
    if (level >= OC_LOG_ERROR) b->last_error = text;
  };
  books->ctx_.services = &books->services_;
  books->ctx_.component_id = component_->id;
  books->host_ = plugin::make_host_table(books->ctx_);
  books->host_.unix_ms = unix_ms;
  books->host_.calendar_window = calendar_window;
  plugin::normalise(static_cast<const oc_ledger_backend*>(component_->facts.vtbl), books->table_);
  books->component_ = &component_->facts;
  Arena scratch;
  oc_str why{};
  const oc_status status =
      component_->facts.create(component_->original, &books->host_, &scratch, bytes(settings), &books->self_, &why);
  if (status == OC_OK && books->self_ != nullptr) return books;
  books->self_ = nullptr;
  return Error(status, "create: " + (why.len != 0 ? std::string(view(why)) : std::string(status_name(status))));
}

Result<std::unique_ptr<Books>> Subject::reopen(const Place& place) const {
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause{100};
  auto books = open(place);
  for (int i = 0; i < kTries && !books; ++i) {
    std::this_thread::sleep_for(kPause);
    books = open(place);
  }
  return books;
}

}  // namespace onechat::conformance
