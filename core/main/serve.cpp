#include "main/serve.hpp"

#include <pthread.h>
#include <signal.h>

#include <Poco/Exception.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>
#include <thread>

#include "control/address.hpp"
#include "control/admin_server.hpp"
#include "control/config.hpp"
#include "control/control_plane.hpp"
#include "control/data_dir.hpp"
#include "control/ledger_metrics.hpp"
#include "control/log.hpp"
#include "control/money_text.hpp"
#include "json/json.hpp"
#include "main/backend_instance.hpp"
#include "main/gateway.hpp"
#include "main/options.hpp"

namespace onechat::main {

struct Refusal {  // why the process does not start or go on
  int exit_code;
  std::string text;
};
[[noreturn]] void throw_exception_from_error(const Refusal& r, const boost::source_location&);
void throw_exception_from_error(const Refusal& r, const boost::source_location&) { throw std::logic_error(r.text); }

namespace {

template <class T>
using StartResult = boost::system::result<T, Refusal>;

namespace fs = std::filesystem;


int told(const Refusal& r) {
  std::cerr << "1chat: " << r.text << "\n";
  return r.exit_code;
}

std::string json_of(const std::vector<plugin::Listing>& plugins) {
  std::string out;
  oc_jsonw w(&out);
  w.array();
  for (const auto& l : plugins)
    w.object()
        .key("id")
        .string(l.id)
        .key("kind")
        .string(l.kind)
        .key("version")
        .string(l.version)
        .key("abi")
        .string(l.abi)
        .key("path")
        .string(l.path)
        .key("problem")
        .string(l.problem)
        .close();
  w.close();
  return out;
}

// Today's price of each listed model, USD per million tokens as exact decimals; "row" is all that the file says of it.
std::string prices_json(const ledger::PriceBook* book) {
  std::string out;
  oc_jsonw w(&out);
  w.array();
  const std::int64_t now = system_clock().unix_ms();
  for (const auto& m : book != nullptr ? book->models() : std::vector<ledger::PriceBook::Model>()) {
    const auto found = book->find(m.provider, m.id, now);
    if (!found) continue;
    const ledger::Rates& r = found.price->base;
    w.object().key("provider").string(m.provider).key("model").string(m.id);
    for (const auto& n : ledger::rate_names()) w.key(n.text).string(ledger::usd_text(r.*n.rate));
    w.key("max_output_tokens").integer(static_cast<std::int64_t>(m.max_output_tokens));
    w.key("row").raw(found.text).close();
  }
  w.close();
  return out;
}

// The price that the configuration itself gives to what a client asks for: an exact name first, then the longest pattern.
std::optional<ledger::Price> own_price(const std::vector<control::ModelConfig>& models, std::string_view asked) {
  const control::ModelConfig* best = nullptr;
  for (const auto& m : models) {
    if (m.id == asked) {
      best = &m;
      break;
    }
    const bool fits = m.id.ends_with('*') && asked.starts_with(std::string_view(m.id).substr(0, m.id.size() - 1));
    if (fits && (best == nullptr || best->id.size() < m.id.size())) best = &m;
  }
  if (best == nullptr || !best->price) return std::nullopt;
  const auto price = ledger::parse_price(best->price->usd_per_million);
  return price ? std::optional(*price) : std::nullopt;
}

// Flags that go before the file, at start and at every reload.
struct Overrides {
  std::string config_file;
  std::optional<std::string> data_dir;
  std::optional<control::Address> listen, admin;
  std::optional<unsigned> workers;
};

StartResult<Overrides> parse_overrides(const std::vector<std::string>& args) {
  auto options = Options::parse(args, {"config", "data", "listen", "admin", "workers"}, {});
  if (!options)
    return Refusal{2, options.error().message +
                          "; usage: 1chat serve --config FILE [--data DIR] [--listen "
                          "ADDR:PORT] [--admin ADDR:PORT] [--workers N]"};
  Overrides out;
  out.config_file = options->value("config").value_or("");
  if (out.config_file.empty()) return Refusal{2, "serve needs --config FILE"};
  out.data_dir = options->value("data");
  for (auto [name, to] : {std::pair{"listen", &out.listen}, std::pair{"admin", &out.admin}}) {
    const auto text = options->value(name);
    if (!text) continue;
    auto address = control::parse_address(*text);
    if (!address) return Refusal{2, "--" + std::string(name) + ": " + address.error().message};
    *to = *address;
  }
  if (const auto text = options->value("workers")) {
    char* end = nullptr;
    const unsigned long n = std::strtoul(text->c_str(), &end, 10);
    if (text->empty() || *end != '\0' || n == 0 || n > 256)
      return Refusal{2, "--workers must be a number from 1 to 256"};
    out.workers = static_cast<unsigned>(n);
  }
  return out;
}

StartResult<control::Config> load(const Overrides& overrides) {
  control::Config config;
  const auto problems = control::load_config(overrides.config_file, config);
  if (!problems.empty()) {
    std::string text = std::to_string(problems.size()) + " problem(s) in the configuration";
    for (const auto& p : problems) text += "\n  " + control::to_string(p);
    return Refusal{2, text};
  }
  if (overrides.data_dir) config.data_dir = *overrides.data_dir;
  if (overrides.listen) config.listen = *overrides.listen;
  if (overrides.admin) config.admin = *overrides.admin;
  if (overrides.workers) config.workers = *overrides.workers;
  return config;
}

StartResult<std::shared_ptr<const ledger::PriceBook>> load_prices(const control::Config& config) {
  if (config.price_file.empty()) return std::shared_ptr<const ledger::PriceBook>();
  auto book = ledger::PriceBook::load(config.price_file);
  if (!book) return Refusal{2, book.error().message};
  return std::make_shared<const ledger::PriceBook>(std::move(*book));
}

// Opens a second instance on the same books for each question. `services` outlives it.
control::AskAside second_ledger(const control::Config& config, const plugin::LoopServices& services) {
  return [&services, use = config.ledger, file = fs::path(config.data_dir) / "ledger.db",
          folders = std::vector<fs::path>(config.plugin_dirs.begin(), config.plugin_dirs.end())](
             const std::function<void(const ledger::Backend&)>& question) {
    plugin::Catalogue catalogue(folders);
    const auto made = open_backend<oc_ledger_backend>(catalogue, OC_KIND_LEDGER, use, file, services);
    if (!made) return false;
    question({&(*made)->table(), (*made)->self()});
    return true;
  };
}

// The whole process, member by member in the order of its making; what is made later may use what came before.
class Process {
 public:
  explicit Process(Overrides overrides) : overrides_(std::move(overrides)) {}
  int run();

 private:
  std::optional<Refusal> open_books();
  std::optional<Refusal> open_till();
  std::optional<Refusal> serve();
  void welcome(const control::Boot& boot) const;
  void warn_of_unknown_projects() const;
  void wait_for_end();
  Result<void> reload();
  std::string plugins_json() const;
  control::PriceAt prices_at(std::shared_ptr<const ledger::PriceBook> book);
  int end();

  Overrides overrides_;
  control::Config config_;
  std::shared_ptr<const ledger::PriceBook> prices_;
  std::unique_ptr<control::Log> log_;
  plugin::LoopServices backend_services_;
  std::unique_ptr<plugin::Catalogue> catalogue_;
  std::unique_ptr<plugin::Instance<oc_ledger_backend>> ledger_plugin_;
  std::unique_ptr<plugin::Instance<oc_store>> store_plugin_;
  std::unique_ptr<ledger::Journal> journal_;
  std::unique_ptr<ledger::LedgerEngine> ledger_;
  std::unique_ptr<ledger::Till> till_;
  std::unique_ptr<record::StoreEngine> store_;
  admission::KeyTable keys_;
  admission::Admission admission_;
  std::unique_ptr<exchange::Node> node_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<control::ControlPlane> plane_;
  std::unique_ptr<control::AdminApi> api_;
  std::unique_ptr<control::AdminServer> admin_;
  std::mutex reloading_;
};

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
  return set;
}

int Process::run() {
  auto config = load(overrides_);
  if (!config) return told(config.error());
  config_ = std::move(*config);
  auto prices = load_prices(config_);
  if (!prices) return told(prices.error());
  prices_ = *prices;

  // Blocked before the first thread, so that only wait_for_end() takes them.
  const sigset_t set = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  log_ = std::make_unique<control::Log>(control::level_of(config_.log_level));
  log_->set_secrets(control::secrets_of(config_));
  if (const auto why = open_books()) return told(*why);
  if (const auto why = serve()) {
    if (gateway_) gateway_->stop(0);
    return told(*why);
  }
  wait_for_end();
  return end();
}

// Ledger, store and who may ask: everything that keeps something.
std::optional<Refusal> Process::open_books() {
  auto token = control::prepare_data_dir(config_.data_dir);
  if (!token) return Refusal{1, token.error().message};
  backend_services_.clock = &system_clock();
  backend_services_.log = [this](std::int32_t level, std::string_view component, std::string_view message) {
    log_->write(static_cast<control::Level>(level), "plugin", {{"plugin", component}, {"message", message}});
  };
  catalogue_ = std::make_unique<plugin::Catalogue>(
      std::vector<fs::path>(config_.plugin_dirs.begin(), config_.plugin_dirs.end()));
  const auto open = [&](auto& to, std::uint32_t kind, const control::PluginUse& use,
                        const char* file) -> std::optional<Refusal> {
    using Table = std::decay_t<decltype(to->table())>;
    auto made = open_backend<Table>(*catalogue_, kind, use, fs::path(config_.data_dir) / file, backend_services_);
    if (!made) return Refusal{1, made.error().message};
    to = std::move(*made);
    return std::nullopt;
  };
  if (auto why = open(store_plugin_, OC_KIND_STORE, config_.store, "store.db")) return why;
  store_ = std::make_unique<record::StoreEngine>(record::StoreBackend{&store_plugin_->table(), store_plugin_->self()},
                                                 record::StoreLimits{});
  if (!config_.ledger_none) {
    if (auto why = open(ledger_plugin_, OC_KIND_LEDGER, config_.ledger, "ledger.db")) return why;
    if (config_.ledger_durable && (ledger_plugin_->caps() & OC_LEDGER_CAP_DURABLE_ACK) == 0)
      return Refusal{2, "ledger '" + ledger_plugin_->id() + "' forgets what it acknowledged when its process ends; " +
                            "for tests only, `durable: false` beside `use` takes it all the same"};
    if (auto why = open_till()) return why;
  }
  node_ = std::make_unique<exchange::Node>(
      exchange::Node{system_clock(), keys_, admission_, till_.get(), *store_, config_.node});
  node_->log = [this](const exchange::RequestLine& line) {
    const auto level = !line.failed              ? control::Level::debug
                       : line.http_status >= 500 ? control::Level::warn
                                                 : control::Level::info;
    log_->write(level, "request",
                {{"request_id", line.request_id},
                 {"project", line.project},
                 {"model", line.model},
                 {"provider", line.provider},
                 {"status", line.status},
                 {"http_status", line.http_status},
                 {"attempts", line.attempts},
                 {"total_us", line.total_us},
                 {"message", line.message}});
  };

  control::ControlHooks hooks;
  hooks.plugins_json = [this] { return plugins_json(); };
  hooks.prices_json = [this] { return prices_json(prices_.get()); };
  hooks.prices_at = [this](std::shared_ptr<const ledger::PriceBook> book) { return prices_at(std::move(book)); };
  hooks.reload = [this] { return reload(); };
  if (ledger_plugin_ && (ledger_plugin_->caps() & OC_LEDGER_CAP_READ_ASIDE) != 0)
    hooks.ledger_aside = [this](const auto& question) {
      question(ledger::Backend{&ledger_plugin_->table(), ledger_plugin_->self()});
      return true;
    };
  else if (ledger_plugin_ && (ledger_plugin_->caps() & OC_LEDGER_CAP_MULTI_NODE) != 0)
    hooks.ledger_aside = second_ledger(config_, backend_services_);
  hooks.metrics = [this](control::MetricsText& out) {
    if (gateway_) gateway_->add_metrics(out);
    if (till_) control::add_till_metrics(out, *till_);
  };
  control::AuditPlan audit = config_.audit;
  if (audit.anchor_file.empty()) audit.anchor_file = config_.data_dir + "/ledger-anchors.jsonl";
  plane_ = std::make_unique<control::ControlPlane>(*store_, ledger_.get(), keys_, system_clock(),
                                                   control::ControlOptions{config_.first_boot_credit_nano, audit},
                                                   std::move(hooks));
  api_ = std::make_unique<control::AdminApi>(*plane_, *token);
  return std::nullopt;
}

// The journal, the ledger's engine, and this node's life on the books.
std::optional<Refusal> Process::open_till() {
  auto journal = ledger::Journal::open(fs::path(config_.data_dir) / "journal", config_.journal, system_clock());
  if (!journal) return Refusal{1, "the ledger's journal: " + journal.error().message};
  journal_ = std::move(*journal);
  ledger_ = std::make_unique<ledger::LedgerEngine>(ledger::Backend{&ledger_plugin_->table(), ledger_plugin_->self()},
                                                   ledger::EngineLimits{}, system_clock(), journal_.get());
  ledger::TillOptions options = config_.till;
  options.node = config_.node;
  if ((ledger_plugin_->caps() & OC_LEDGER_CAP_LEASE) == 0) options.leases.reserves_per_s = 0;
  options.log = [this](std::int32_t level, std::string_view message) {
    log_->write(static_cast<control::Level>(level), "ledger", {{"message", message}});
  };
  till_ = std::make_unique<ledger::Till>(*ledger_, journal_.get(), std::move(options), system_clock());
  if (const auto begun = till_->start(); !begun) return Refusal{1, begun.error().message};
  return std::nullopt;
}

std::optional<Refusal> Process::serve() {
  gateway_ = std::make_unique<Gateway>(*node_, backend_services_.log);
  auto boot = plane_->boot();
  if (!boot) return Refusal{1, boot.error().message};
  if (auto started = gateway_->start(config_, prices_); !started)
    return Refusal{started.error().status == OC_E_CONFIG ? 2 : 1, started.error().message};
  config_.listen.port = gateway_->port();
  try {
    admin_ = std::make_unique<control::AdminServer>(config_.admin, *api_, *log_);
    admin_->start();
  } catch (const Poco::Exception& e) {
    return Refusal{1, "cannot listen on " + control::to_string(config_.admin) + " (admin): " + e.displayText()};
  }
  config_.admin = admin_->address();
  for (const auto& p : config_.providers)
    if (p.disabled) log_->warn("provider_disabled", {{"provider", p.name}, {"why", p.disabled_why}});
  if (config_.ledger_none) log_->warn("ledger_none", {{"message", "requests are served without being paid for"}});
  log_->info("ready", {{"listen", control::to_string(config_.listen)}, {"admin", control::to_string(config_.admin)}});
  warn_of_unknown_projects();
  welcome(*boot);
  return std::nullopt;
}

// A rule for a project may be written before the project is made; more often its name is misspelt.
void Process::warn_of_unknown_projects() const {
  std::set<std::string, std::less<>> known;
  for (const auto& project : plane_->directory().projects()) known.insert(project.name);
  const auto look = [&](std::string_view setting, const std::string& project) {
    if (!project.empty() && known.count(project) == 0)
      log_->warn("unknown_project", {{"setting", setting}, {"project", project}});
  };
  for (const auto& [project, rules] : config_.holds.projects()) look("holds.projects", project);
  for (const auto& markup : config_.markups) look("prices.markups", markup.rule.project);
}

void Process::welcome(const control::Boot& boot) const {
  const std::string scheme = config_.tls_certificate_file.empty() ? "http" : "https";
  const std::string url = scheme + "://" + control::to_string(config_.listen);
  std::cout << "ready: listening on " << control::to_string(config_.listen) << ", admin on "
            << control::to_string(config_.admin) << "\n";
  if (boot.first) {
    std::cout << "\nFirst start. Project '" << boot.project << "' has a demo credit of "
              << control::to_usd(boot.credit_nano) << " USD and this API key, shown only now:\n\n  " << boot.api_key
              << "\n\nTry it:\n\n  curl " << url << "/v1/chat/completions -H 'Authorization: Bearer " << boot.api_key
              << "' \\\n    -H 'Content-Type: application/json' \\\n"
                 "    -d '{\"model\":\"1chat/demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n\n"
                 "  # Python\n  from openai import OpenAI\n  client = OpenAI(base_url=\""
              << url << "/v1\", api_key=\"" << boot.api_key
              << "\")\n\n  // JavaScript\n  import OpenAI from 'openai';\n"
                 "  const client = new OpenAI({ baseURL: '"
              << url << "/v1', apiKey: '" << boot.api_key << "' });\n\n";
  }
  std::cout << std::flush;
}

void Process::wait_for_end() {
  const sigset_t set = handled_signals();
  for (;;) {
    const int signal = ::sigwaitinfo(&set, nullptr);
    if (signal == SIGTERM || signal == SIGINT) return;
    if (signal == SIGHUP) {
      const auto done = reload();
      if (done)
        log_->info("reloaded", {{"file", overrides_.config_file}});
      else
        log_->error("reload_refused", {{"why", done.error().message}, {"still", "the former configuration"}});
    }
  }
}

// Reads the file again and swaps, or changes nothing and says why.
Result<void> Process::reload() {
  const std::lock_guard lock(reloading_);
  auto config = load(overrides_);
  if (!config) return Error(OC_E_CONFIG, config.error().text);
  auto prices = load_prices(*config);
  if (!prices) return Error(OC_E_CONFIG, prices.error().text);
  if (config->data_dir != config_.data_dir || config->ledger_none != config_.ledger_none ||
      config->ledger.use != config_.ledger.use || config->store.use != config_.store.use)
    return Error(OC_E_CONFIG, "data, ledger and store cannot change while the gateway runs; restart it");
  auto secrets = control::secrets_of(*config);
  for (auto& s : control::secrets_of(config_)) secrets.push_back(std::move(s));
  log_->set_secrets(std::move(secrets));
  if (auto done = gateway_->reload(*config, *prices); !done) return done.error();
  log_->set_level(control::level_of(config->log_level));
  config->listen = config_.listen;
  config->admin = config_.admin;
  config_ = std::move(*config);
  prices_ = *prices;
  warn_of_unknown_projects();
  return {};
}

// What a request would be charged by, were it made now: the configuration's own prices go before the book's.
control::PriceAt Process::prices_at(std::shared_ptr<const ledger::PriceBook> book) {
  const std::lock_guard lock(reloading_);
  if (!book) book = prices_;
  return [book, models = config_.models](std::string_view model, std::string_view provider, std::string_view target_model,
                                         std::int64_t unix_ms) -> std::optional<ledger::Price> {
    if (const auto own = own_price(models, model)) return own;
    if (!book) return std::nullopt;
    const auto found = book->find(provider, target_model, unix_ms);
    return found ? std::optional(*found.price) : std::nullopt;
  };
}

std::string Process::plugins_json() const {
  plugin::Catalogue catalogue(std::vector<fs::path>(config_.plugin_dirs.begin(), config_.plugin_dirs.end()));
  return json_of(catalogue.list());
}

int Process::end() {
  log_->info("draining", {{"at_most_s", static_cast<std::int64_t>(config_.drain_s)}});
  const bool clean = gateway_->stop(config_.drain_s);
  admin_->stop();
  plane_->auditor().stop();
  if (till_) till_->drain();
  store_->drain();
  log_->info("ended", {{"clean", clean}});
  const bool books = !till_ || till_->available();
  if (!clean || !books) {  // something does not let go: what is durable is durable, do not unwind under it
    log_.release();
    std::cout << std::flush;
    std::_Exit(0);
  }
  gateway_.reset();
  return 0;
}

}  // namespace

int run_serve(const std::vector<std::string>& args) {
  auto overrides = parse_overrides(args);
  if (!overrides) return told(overrides.error());
  Process process(std::move(*overrides));
  return process.run();
}

int run_plugins(const std::vector<std::string>& args) {
  auto options = Options::parse(args, {"config"}, {"json"});
  if (!options) return told({2, options.error().message + "; usage: 1chat plugins [--config FILE] [--json]"});
  std::vector<fs::path> folders;
  if (const auto file = options->value("config")) {
    Overrides overrides;
    overrides.config_file = *file;
    auto config = load(overrides);
    if (!config) return told(config.error());
    folders.assign(config->plugin_dirs.begin(), config->plugin_dirs.end());
  } else {
    folders.push_back(fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib/1chat/plugins");
  }
  plugin::Catalogue catalogue(folders);
  const auto plugins = catalogue.list();
  bool usable = true;
  for (const auto& l : plugins) {
    usable = usable && l.problem.empty();
    if (options->flag("json")) continue;
    if (l.problem.empty())
      std::cout << l.id << "  " << l.kind << "  " << l.version << "  ABI " << l.abi << "  " << l.path << "\n";
    else
      std::cout << l.id << "  UNUSABLE  " << l.problem << "\n";
  }
  if (options->flag("json")) std::cout << json_of(plugins) << "\n";
  return usable ? 0 : 1;
}

}  // namespace onechat::main
