#include "control/config_build.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "control/address.hpp"
#include "control/money_text.hpp"
#include "ledger/rating.hpp"

namespace onechat::control {
namespace {

using Kind = YamlNode::Kind;

bool is_rate(std::string_view name) {
  const auto names = ledger::rate_names();
  return std::any_of(names.begin(), names.end(), [&](const auto& n) { return n.text == name; });
}
bool is_price(std::string_view name) {
  const auto tier = ledger::tier_named(name);
  return is_rate(name) || (tier && *tier != ledger::ServiceTier::standard);
}
const std::vector<std::string> kDefaultPipeline{"authenticate", "admit", "route", "reserve", "call", "settle", "trace"};
const std::vector<std::string> kUnmeteredPipeline{"authenticate", "admit", "route", "call", "trace"};

// "api_key", "authorization"; not "api_key_header" or "token_file", which only say where a secret goes or lies.
bool sounds_secret(std::string key) {
  std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
  for (std::string_view tail : {"header", "name", "file"})
    if (key.size() >= tail.size() && key.compare(key.size() - tail.size(), tail.size(), tail) == 0) return false;
  for (std::string_view word : {"key", "secret", "token", "password", "authorization"})
    if (key.find(word) != key.npos) return true;
  return false;
}

// Values that must never be shown: what came from the environment, and text under a key that sounds like a secret.
void collect_secrets(const YamlNode& node, const std::string& key, std::vector<std::string>& out) {
  for (const auto& value : node.from_env) out.push_back(value);
  if (node.is(Kind::string) && !node.text.empty() && sounds_secret(key)) out.push_back(node.text);
  for (const auto& item : node.items) collect_secrets(item, key, out);
  for (const auto& member : node.members) collect_secrets(member.value, member.key, out);
}

void collect_environment(const YamlNode& node, std::vector<std::string>& out) {
  out.insert(out.end(), node.from_env.begin(), node.from_env.end());
  for (const auto& item : node.items) collect_environment(item, out);
  for (const auto& member : node.members) collect_environment(member.value, out);
}

void collect_missing(const YamlNode& node, std::vector<std::string>& out) {
  for (const auto& name : node.missing_env)
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  for (const auto& item : node.items) collect_missing(item, out);
  for (const auto& member : node.members) collect_missing(member.value, out);
}

class Builder {
 public:
  Builder(const YamlNode& root, const Environment& env, Config& out, std::vector<Problem>& problems)
      : root_(root), env_(env), out_(out), problems_(problems) {}

  void run() {
    addresses();
    text(root_, "data", out_.data_dir);
    number(root_, "workers", out_.workers);
    plugin_dirs();
    limits();
    flow();
    upstream();
    surfaces();
    providers();
    named(root_.get("routers"), out_.routers);
    named(root_.get("stages"), out_.stages);
    models();
    prices();
    backends();
    money();
    pipeline();
    missing_variables();
  }

 private:
  void say(int line, std::string text) { problems_.push_back({out_.file, line, std::move(text)}); }

  static const YamlNode* object(const YamlNode& in, std::string_view key) {
    const YamlNode* node = in.get(key);
    return node && node->is(Kind::object) ? node : nullptr;
  }
  static bool text(const YamlNode& in, std::string_view key, std::string& out) {
    const YamlNode* node = in.get(key);
    if (!node || !node->is(Kind::string) || !node->missing_env.empty()) return false;
    out = node->text;
    return true;
  }
  template <class T>
  static void number(const YamlNode& in, std::string_view key, T& out) {
    const YamlNode* node = in.get(key);
    if (!node || !node->is(Kind::number)) return;
    T value{};
    const auto* end = node->text.data() + node->text.size();
    if (std::from_chars(node->text.data(), end, value).ptr == end) out = value;
  }
  // Seconds, whole or not, as milliseconds; the schema has bounded them.
  static void seconds(const YamlNode& in, std::string_view key, std::uint32_t& out_ms) {
    const YamlNode* node = in.get(key);
    if (!node || !node->is(Kind::number)) return;
    const double ms = std::strtod(node->text.c_str(), nullptr) * 1000;
    if (ms >= 0 && ms <= std::numeric_limits<std::uint32_t>::max())
      out_ms = static_cast<std::uint32_t>(std::llround(ms));
  }

  void address(const YamlNode& in, std::string_view key, Address& out) {
    std::string said;
    if (!text(in, key, said)) return;
    const auto parsed = parse_address(said);
    if (parsed)
      out = *parsed;
    else
      say(in.get(key)->line, parsed.error().message);
  }

  void addresses() {
    address(root_, "listen", out_.listen);
    if (const YamlNode* admin = object(root_, "admin")) address(*admin, "listen", out_.admin);
    if (const YamlNode* tls = object(root_, "tls")) {
      text(*tls, "certificate_file", out_.tls_certificate_file);
      text(*tls, "key_file", out_.tls_key_file);
    }
  }

  void plugin_dirs() {
    const YamlNode* plugins = object(root_, "plugins");
    const YamlNode* path = plugins ? plugins->get("path") : nullptr;
    if (path)
      for (const auto& item : path->items) out_.plugin_dirs.push_back(item.text);
    if (out_.plugin_dirs.empty()) out_.plugin_dirs.push_back("build/lib/1chat/plugins");
  }

  void limits() {
    if (const YamlNode* in = object(root_, "limits")) {
      auto& s = out_.server;
      number(*in, "head_bytes", s.head_bytes_max);
      number(*in, "body_bytes", s.body_bytes_max);
      number(*in, "headers", s.headers_max);
      number(*in, "connections", s.connections_max);
      seconds(*in, "head_s", s.head_ms);
      seconds(*in, "body_stall_s", s.body_stall_ms);
      seconds(*in, "keep_alive_s", s.keep_alive_ms);
      seconds(*in, "write_stall_s", s.write_stall_ms);
    }
    if (const YamlNode* in = object(root_, "rates")) {
      rates(object(*in, "key"), out_.key_limits);
      rates(object(*in, "project"), out_.project_limits);
    }
  }
  static void rates(const YamlNode* in, admission::Limits& out) {
    if (!in) return;
    number(*in, "requests_per_minute", out.requests_per_minute);
    number(*in, "tokens_per_minute", out.tokens_per_minute);
    number(*in, "concurrency", out.concurrency);
  }

  void flow() {
    if (const YamlNode* in = object(root_, "retry")) {
      number(*in, "attempts_max", out_.retry.attempts_max);
      number(*in, "budget_percent", out_.retry.budget_percent);
      number(*in, "backoff_ms", out_.retry.backoff_ms);
    }
    if (const YamlNode* in = object(root_, "breaker")) {
      number(*in, "failures", out_.breaker.failures);
      seconds(*in, "open_s", out_.breaker.open_ms);
    }
    number(root_, "drain_s", out_.drain_s);
    seconds(root_, "drain_on_disconnect_s", out_.drain_on_disconnect_ms);
    if (const YamlNode* in = object(root_, "traces"))
      if (const YamlNode* bodies = in->get("bodies"); bodies && bodies->is(Kind::boolean))
        out_.trace_bodies = bodies->text == "true";
    if (const YamlNode* in = object(root_, "log")) text(*in, "level", out_.log_level);
    if (const YamlNode* credit = root_.get("first_boot_credit_usd"); credit && !credit->text.empty()) {
      const auto nano = parse_usd(credit->text);
      if (nano && *nano >= 0)
        out_.first_boot_credit_nano = *nano;
      else
        say(credit->line, "first_boot_credit_usd must be an amount of at most 9 decimals, such as 5.00");
    }
  }

  void connection(const YamlNode& in, net::ClientOptions& out) {
    if (const YamlNode* t = object(in, "timeouts")) {
      seconds(*t, "connect_s", out.connect_ms);
      seconds(*t, "first_byte_s", out.first_byte_ms);
      seconds(*t, "idle_s", out.idle_ms);
    }
    number(in, "pool_size_max", out.pool_size_max);
    seconds(in, "pool_idle_s", out.pool_idle_ms);
    seconds(in, "dns_ttl_s", out.dns_ttl_ms);
    text(in, "ca_file", out.ca_file);
    if (text(in, "proxy", out.proxy))
      if (const auto why = proxy_problem(out.proxy); !why.empty()) say(in.get("proxy")->line, "the proxy " + why);
  }

  void upstream() {
    const YamlNode* in = object(root_, "upstream");
    if (!in) return;
    connection(*in, out_.client);
    proxy_said_ = in->get("proxy") != nullptr;
  }

  // Everything but the host's own keys, as the plugin's settings.
  static std::string settings_json(const YamlNode& in, std::initializer_list<std::string_view> host_keys) {
    YamlNode rest;
    rest.kind = Kind::object;
    for (const auto& m : in.members)
      if (std::find(host_keys.begin(), host_keys.end(), m.key) == host_keys.end()) rest.members.push_back(m);
    return to_json(rest);
  }

  static PluginUse plugin(const std::string& name, const YamlNode& in, int line) {
    PluginUse use;
    use.name = name;
    use.line = line;
    if (in.is(Kind::string)) {
      use.use = in.text;
      use.config_json = "{}";
      return use;
    }
    text(in, "use", use.use);
    use.config_json = settings_json(in, {"use"});
    collect_secrets(in, "", use.secrets);
    return use;
  }

  void named(const YamlNode* in, std::vector<PluginUse>& out) {
    if (!in) return;
    for (const auto& m : in->members)
      if (m.value.is(Kind::object)) out.push_back(plugin(m.key, m.value, m.line));
  }

  void surfaces() {
    const YamlNode* in = root_.get("surfaces");
    if (!in) return;
    for (const auto& item : in->items) {
      PluginUse use = plugin("", item, item.line);
      use.name = use.use;
      const auto twice = [&](const PluginUse& other) { return other.use == use.use; };
      if (!use.use.empty() && std::any_of(out_.surfaces.begin(), out_.surfaces.end(), twice))
        say(item.line, "surface '" + use.use + "' is named twice");
      out_.surfaces.push_back(std::move(use));
    }
  }

  void providers() {
    const YamlNode* in = object(root_, "providers");
    if (!in) return;
    for (const auto& m : in->members)
      if (m.value.is(Kind::object)) out_.providers.push_back(provider(m));
  }

  ProviderConfig provider(const YamlMember& m) {
    const YamlNode& in = m.value;
    ProviderConfig p;
    p.name = m.key;
    p.line = m.line;
    text(in, "use", p.use);
    text(in, "base_url", p.base_url);
    p.config_json = settings_json(in, {"use", "timeouts", "pool_size_max", "proxy", "ca_file", "byok"});
    if (const YamlNode* byok = in.get("byok"); byok && byok->is(Kind::boolean)) p.byok = byok->text == "true";
    for (const auto& setting : in.members)
      if (setting.key != "use" && setting.key != "base_url" && setting.key != "timeouts" && setting.key != "ca_file")
        collect_secrets(setting.value, setting.key, p.secrets);
    p.client = out_.client;
    connection(in, p.client);
    if (!p.base_url.empty())
      if (const auto why = base_url_problem(p.base_url); !why.empty())
        say(in.get("base_url")->line, "base_url of provider '" + p.name + "' " + why);
    if (!proxy_said_ && !in.get("proxy")) environment_proxy(p);
    disable_without_secrets(in, p);
    return p;
  }

  void environment_proxy(ProviderConfig& p) {
    p.client.proxy = proxy_from_environment(p.base_url, env_);
    const auto why = proxy_problem(p.client.proxy);
    if (!why.empty() && !said_bad_proxy_) say(p.line, "the proxy of HTTPS_PROXY " + why);
    said_bad_proxy_ = said_bad_proxy_ || !why.empty();
  }

  void disable_without_secrets(const YamlNode& in, ProviderConfig& p) {
    std::vector<std::string> missing;
    collect_missing(in, missing);
    if (missing.empty()) return;
    p.disabled = true;
    for (const auto& name : missing) p.disabled_why += (p.disabled_why.empty() ? "" : ", ") + name;
    p.disabled_why += missing.size() == 1 ? " is not set" : " are not set";
  }

  void models() {
    const YamlNode* in = object(root_, "models");
    if (!in) return;
    for (const auto& m : in->members)
      if (m.value.is(Kind::object)) out_.models.push_back(model(m));
  }

  ModelConfig model(const YamlMember& m) {
    ModelConfig out;
    out.id = m.key;
    out.line = m.line;
    text(m.value, "router", out.router);
    text(m.value, "owned_by", out.owned_by);
    text(m.value, "group", out.group);
    number(m.value, "max_output_tokens", out.max_output_tokens);
    if (out.router == "direct") out.router.clear();
    if (const YamlNode* targets = m.value.get("targets"))
      for (const auto& item : targets->items) {
        TargetConfig target;
        target.line = item.line;
        if (!text(item, "model", target.model)) target.model = out.id;
        number(item, "weight", target.weight);
        const YamlNode* doors = item.get("provider");
        if (doors == nullptr || !doors->is(Kind::array)) {
          text(item, "provider", target.provider);
          out.targets.push_back(std::move(target));
          continue;
        }
        target.doors = ++doors_;
        for (const auto& door : doors->items) {
          target.provider = door.text;
          out.targets.push_back(target);
        }
      }
    if (const YamlNode* price = object(m.value, "price")) out.price = price_of(*price, out.id);
    return out;
  }

  // What the schema has refused is not refused again.
  static std::map<std::string, std::string> known_only(std::map<std::string, std::string> prices) {
    std::erase_if(prices, [](const auto& p) { return !is_price(p.first); });
    return prices;
  }

  PriceConfig price_of(const YamlNode& in, const std::string& model) {
    PriceConfig out;
    for (const auto& m : in.members) {
      if (!m.value.is(Kind::number) && !m.value.is(Kind::string)) continue;
      if (is_plain_decimal(m.value.text) || !is_rate(m.key))
        out.usd_per_million[m.key] = m.value.text;
      else
        say(m.line, "price '" + m.key + "' of model '" + model +
                        "' must be a plain decimal that is not negative, such as 0.15");
    }
    if (const auto price = ledger::parse_price(known_only(out.usd_per_million)); !price)
      say(in.line, "price of model '" + model + "': " + price.error().message);
    return out;
  }

  void prices() {
    const YamlNode* in = object(root_, "prices");
    if (!in) return;
    text(*in, "file", out_.price_file);
    std::uint32_t default_bps = kMarkupBps;
    percent(*in, "markup_percent", default_bps);
    out_.markup_table = ledger::MarkupTable(default_bps);
    if (const YamlNode* orgs = object(*in, "orgs"))
      for (const auto& org : orgs->members) {
        out_.orgs.push_back(org.key);
        for (const auto& project : org.value.items)
          if (const auto added = out_.markup_table.add_to_org(project.text, org.key); !added)
            say(project.line, "prices.orgs: " + added.error().message);
      }
    if (const YamlNode* rules = in->get("markups"))
      for (const auto& item : rules->items) markup(item);
  }

  void markup(const YamlNode& in) {
    MarkupConfig out;
    out.line = in.line;
    text(in, "project", out.rule.project);
    text(in, "org", out.rule.org);
    text(in, "model", out.rule.model);
    text(in, "provider", out.rule.provider);
    if (!in.get("percent") || !percent(in, "percent", out.rule.bps)) return;  // the schema misses it
    if (const auto added = out_.markup_table.add(out.rule); !added)
      say(in.line, "prices.markups: " + added.error().message);
    out_.markups.push_back(std::move(out));
  }

  bool percent(const YamlNode& in, std::string_view key, std::uint32_t& out_bps) {
    const YamlNode* said = in.get(key);
    if (!said || said->text.empty()) return false;
    const auto bps = parse_percent(said->text);
    if (bps)
      out_bps = *bps;
    else
      say(said->line, std::string(key) + " " + bps.error().message);
    return bool(bps);
  }

  void backends() {
    const YamlNode* ledger = root_.get("ledger");
    out_.ledger_none = ledger && ledger->is(Kind::string) && ledger->text == "none";
    if (!out_.ledger_none) out_.ledger = backend("ledger", ledger);
    if (const YamlNode* durable = ledger ? ledger->get("durable") : nullptr) {
      out_.ledger_durable = durable->text != "false";
      out_.ledger.config_json = settings_json(*ledger, {"use", "durable"});
    }
    out_.store = backend("store", root_.get("store"));
    std::uint32_t verify_every_h = 0, anchor_every_s = 60;
    if (const YamlNode* audit = object(root_, "audit")) {
      number(*audit, "verify_every_h", verify_every_h);
      number(*audit, "anchor_every_s", anchor_every_s);
      text(*audit, "anchor_file", out_.audit.anchor_file);
    }
    out_.audit.verify_every = std::chrono::hours(verify_every_h);
    out_.audit.anchor_every = std::chrono::seconds(anchor_every_s);
  }
  template <std::size_t N>
  static void choice(const YamlNode& in, std::string_view key, const std::pair<std::string_view, std::uint32_t> (&words)[N],
                     std::uint32_t& out) {
    std::string said;
    if (!text(in, key, said)) return;
    for (const auto& [word, value] : words)
      if (word == said) out = value;
  }

  // What `in` does not say is as in `otherwise`.
  ledger::HoldRules hold_rules(const YamlNode& in, ledger::HoldRules otherwise) {
    std::uint32_t expected = otherwise.expected ? 1 : 0;
    choice(in, "policy", {{"worst_case", 0}, {"expected", 1}}, expected);
    otherwise.expected = expected == 1;
    if (const YamlNode* clip = in.get("clip"); clip && clip->is(Kind::boolean)) otherwise.clip = clip->text == "true";
    number(in, "clip_floor_tokens", otherwise.clip_floor_tokens);
    choice(in, "overage", {{"debt", OC_OVERAGE_DEBT}, {"absorb", OC_OVERAGE_ABSORB}, {"overdraft", OC_OVERAGE_OVERDRAFT}},
           otherwise.overage);
    return otherwise;
  }

  void money() {
    number(root_, "node", out_.node);
    ledger::TillOptions& till = out_.till;
    if (const YamlNode* in = object(root_, "holds")) {
      out_.holds.usual = hold_rules(*in, {});
      till.overage = out_.holds.usual.overage;
      if (const YamlNode* projects = object(*in, "projects"))
        for (const auto& project : projects->members)
          out_.holds.set(project.key, hold_rules(project.value, out_.holds.usual));
      seconds(*in, "ttl_s", till.hold_ttl_ms);
      choice(*in, "crash", {{"progress", OC_CRASH_PROGRESS}, {"void", OC_CRASH_VOID}, {"hold", OC_CRASH_HOLD}}, till.crash);
    }
    till.leases.drain_s = (till.hold_ttl_ms + 999) / 1000;
    if (const YamlNode* in = object(root_, "leases")) {
      number(*in, "above_per_s", till.leases.reserves_per_s);
      seconds(*in, "ttl_s", till.leases.ttl_ms);
      seconds(*in, "idle_s", till.leases.idle_ms);
      seconds(*in, "spend_s", till.leases.spend_ms);
      number(*in, "wallet_permille", till.leases.wallet_permille);
    }
    if (const YamlNode* in = object(root_, "journal")) {
      std::uint32_t mb = 0;
      number(*in, "max_mb", mb);
      if (mb != 0) out_.journal.segments_max = static_cast<std::uint32_t>((std::uint64_t{mb} << 20) / out_.journal.segment_bytes);
      number(*in, "sync_ms", out_.journal.sync_ms);
    }
  }
  static PluginUse backend(const std::string& name, const YamlNode* in) {
    if (in && (in->is(Kind::object) || in->is(Kind::string))) return plugin(name, *in, in->line);
    PluginUse use;
    use.name = name;
    use.use = "sqlite";
    use.config_json = "{}";
    return use;
  }

  void pipeline() {
    const YamlNode* in = root_.get("pipeline");
    if (!in)
      out_.pipeline = out_.ledger_none ? kUnmeteredPipeline : kDefaultPipeline;
    else
      for (const auto& item : in->items) out_.pipeline.push_back(item.text);
  }

  // A variable that is not there switches its provider off; anywhere else nothing could stand in for it.
  void missing_variables() {
    for (const auto& m : root_.members)
      if (m.key != "providers") missing_in(m.value);
  }
  void missing_in(const YamlNode& node) {
    for (const auto& name : node.missing_env)
      say(node.line, name + " is not set; ${" + name + ":-VALUE} gives a default");
    for (const auto& item : node.items) missing_in(item);
    for (const auto& member : node.members) missing_in(member.value);
  }

  const YamlNode& root_;
  const Environment& env_;
  Config& out_;
  std::vector<Problem>& problems_;
  std::uint32_t doors_ = 0;  // lists of doors so far
  bool proxy_said_ = false, said_bad_proxy_ = false;
};

}  // namespace

void build_config(const YamlNode& root, const Environment& env, Config& out, std::vector<Problem>& problems) {
  Builder(root, env, out, problems).run();
}

void hide_environment(const YamlNode& root, std::vector<Problem>& problems) {
  constexpr std::size_t kSecretMin = 4;  // bytes; less is found in any sentence
  std::vector<std::string> values;
  collect_environment(root, values);
  std::erase_if(values, [](const std::string& value) { return value.size() < kSecretMin; });
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (Problem& problem : problems)
    for (const std::string& value : values)
      for (auto at = problem.text.find(value); at != std::string::npos; at = problem.text.find(value, at + 3))
        problem.text.replace(at, value.size(), "***");
}

}  // namespace onechat::control
