#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "control/address.hpp"
#include "control/config_build.hpp"
#include "ledger/price_book.hpp"

namespace onechat::control {
namespace {

// The built-in steps in the one order they can run in.
constexpr std::array<std::string_view, 7> kSteps{"authenticate", "admit",  "route", "reserve",
                                                 "call",         "settle", "trace"};

bool is_step(std::string_view name) { return std::find(kSteps.begin(), kSteps.end(), name) != kSteps.end(); }

template <class List>
bool has_name(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](const auto& e) { return e.name == name; });
}

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> out;
  for (const auto& e : list) out.push_back(e.name);
  return out;
}

bool readable_file(const std::string& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 && S_ISREG(s.st_mode) && ::access(path.c_str(), R_OK) == 0;
}

class Checker {
 public:
  Checker(const YamlNode& root, Config& config, std::vector<Problem>& problems)
      : root_(root), config_(config), problems_(problems) {}

  void run() {
    addresses();
    files();
    for (auto& model : config_.models) check(model);
    for (const auto& markup : config_.markups) check(markup);
    pipeline();
  }

 private:
  void say(int line, std::string text) { problems_.push_back({config_.file, line, std::move(text)}); }
  int line_of(std::string_view key) const {
    const YamlNode* node = root_.get(key);
    return node ? node->line : 0;
  }

  void addresses() {
    if (config_.listen.port != 0 && config_.listen.port == config_.admin.port &&
        config_.listen.host == config_.admin.host)
      say(line_of("listen"), "listen and admin.listen are the same address, " + to_string(config_.listen));
  }

  void files() {
    const auto needed = [&](const std::string& path, std::string_view key, const std::string& what) {
      if (!path.empty() && !readable_file(path)) say(line_of(key), what + " '" + path + "' cannot be read");
    };
    needed(config_.tls_certificate_file, "tls", "tls.certificate_file");
    needed(config_.tls_key_file, "tls", "tls.key_file");
    needed(config_.price_file, "prices", "prices.file");
    if (readable_file(config_.price_file))
      if (const auto book = ledger::PriceBook::load(config_.price_file); !book)
        say(line_of("prices"), "prices.file: " + book.error().message);
    needed(config_.client.ca_file, "upstream", "upstream.ca_file");
    for (const auto& p : config_.providers)
      if (p.client.ca_file != config_.client.ca_file && !readable_file(p.client.ca_file))
        say(p.line, "ca_file '" + p.client.ca_file + "' of provider '" + p.name + "' cannot be read");
  }

  void check(ModelConfig& model) {
    const auto star = model.id.find('*');
    const bool pattern = star != model.id.npos;
    if (model.id.empty()) say(model.line, "a model needs a name");
    if (pattern && star + 1 != model.id.size())
      say(model.line, "model '" + model.id + "': '*' can only stand at the end");
    for (const auto& target : model.targets) {
      if (!target.provider.empty() && !has_name(config_.providers, target.provider))
        say(target.line, "model '" + model.id + "' points to provider '" + target.provider + "', which is not defined" +
                             did_you_mean(target.provider, names_of(config_.providers)));
      if (!pattern && target.model.find('*') != target.model.npos)
        say(target.line, "model '" + model.id + "': '*' in a target needs one in the model's name");
    }
    if (!model.router.empty() && !has_name(config_.routers, model.router)) {
      auto known = names_of(config_.routers);
      known.push_back("direct");
      imply(model.router, model.line, "router", known, config_.routers);
    }
  }

  // Could a client ever ask for a model that the rule names? Both may be patterns.
  bool meets_a_model(std::string_view wanted) const {
    const auto stem = [](std::string_view s) { return s.substr(0, s.find('*')); };
    return std::any_of(config_.models.begin(), config_.models.end(), [&](const ModelConfig& m) {
      const bool pattern = m.id.find('*') != m.id.npos, wants = wanted.find('*') != wanted.npos;
      if (!pattern && !wants) return m.id == wanted;
      const std::string_view a = stem(m.id), b = stem(wanted);
      if (!pattern) return a.substr(0, b.size()) == b;
      if (!wants) return b.substr(0, a.size()) == a;
      return a.substr(0, b.size()) == b || b.substr(0, a.size()) == a;
    });
  }

  void check(const MarkupConfig& markup) {
    const auto& rule = markup.rule;
    if (!rule.provider.empty() && !has_name(config_.providers, rule.provider))
      say(markup.line, "prices.markups: provider '" + rule.provider + "' is not defined" +
                           did_you_mean(rule.provider, names_of(config_.providers)));
    if (!rule.org.empty() && std::find(config_.orgs.begin(), config_.orgs.end(), rule.org) == config_.orgs.end())
      say(markup.line,
          "prices.markups: org '" + rule.org + "' is not defined under prices.orgs" + did_you_mean(rule.org, config_.orgs));
    if (const auto star = rule.model.find('*'); star != rule.model.npos && star + 1 != rule.model.size())
      return say(markup.line, "prices.markups: model '" + rule.model + "': '*' can only stand at the end");
    if (rule.model.empty() || meets_a_model(rule.model)) return;
    std::vector<std::string> ids;
    for (const auto& m : config_.models) ids.push_back(m.id);
    say(markup.line, "prices.markups: no model is called '" + rule.model + "'" + did_you_mean(rule.model, ids));
  }

  // A plugin can be named where it is used, without an entry for its settings; but not when it looks like a slip of the
  // pen.
  void imply(const std::string& name, int line, const std::string& what, const std::vector<std::string>& known,
             std::vector<PluginUse>& list) {
    if (const auto hint = did_you_mean(name, known); !hint.empty())
      return say(line, what + " '" + name + "' is not defined" + hint);
    PluginUse use;
    use.name = use.use = name;
    use.config_json = "{}";
    use.line = line;
    list.push_back(std::move(use));
  }

  int line_of_step(std::size_t i) const {
    const YamlNode* node = root_.get("pipeline");
    return node && i < node->items.size() ? node->items[i].line : line_of("pipeline");
  }
  std::size_t place(std::string_view step) const {
    const auto& p = config_.pipeline;
    return static_cast<std::size_t>(std::find(p.begin(), p.end(), step) - p.begin());
  }
  bool has_step(std::string_view step) const { return place(step) < config_.pipeline.size(); }

  void pipeline() {
    const auto& steps = config_.pipeline;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (std::find(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(i), steps[i]) !=
          steps.begin() + static_cast<std::ptrdiff_t>(i))
        say(line_of_step(i), "pipeline: '" + steps[i] + "' is named twice");
      else if (!is_step(steps[i]))
        stage(i);
    }
    order();
    guarded_call();
    for (const auto& s : config_.stages)
      if (is_step(s.name))
        say(s.line, "stage '" + s.name + "' has the name of a built-in step");
      else if (!has_step(s.name))
        say(s.line, "stage '" + s.name + "' is not in the pipeline: it would never run");
  }

  void stage(std::size_t i) {
    const std::string name = config_.pipeline[i];
    if (!has_name(config_.stages, name)) {
      auto known = names_of(config_.stages);
      known.insert(known.end(), kSteps.begin(), kSteps.end());
      imply(name, line_of_step(i), "pipeline step", known, config_.stages);
    }
    if (has_step("authenticate") && i < place("authenticate"))
      say(line_of_step(i), "pipeline: stage '" + name + "' must come after 'authenticate'");
    if (i > place("call"))
      say(line_of_step(i), "pipeline: stage '" + name + "' must come before 'call'; it sees the answer from there");
  }

  void order() {
    std::string_view before;
    std::size_t highest = 0;
    for (std::string_view step : kSteps) {
      const std::size_t at = place(step);
      if (at == config_.pipeline.size()) continue;
      if (!before.empty() && at < highest)
        say(line_of_step(at), "pipeline: '" + std::string(step) + "' must come after '" + std::string(before) + "'");
      if (before.empty() || at > highest) {
        highest = at;
        before = step;
      }
    }
  }

  void guarded_call() {
    const int line = line_of("pipeline");
    for (std::string_view step : {"route", "call"})
      if (!has_step(step)) say(line, "pipeline: '" + std::string(step) + "' is missing");
    if (config_.ledger_none) {
      for (std::string_view step : {"reserve", "settle"})
        if (has_step(step))
          say(line_of_step(place(step)),
              "pipeline: '" + std::string(step) + "' needs a ledger, and the file says `ledger: none`");
      return;
    }
    for (std::string_view step : {"authenticate", "reserve", "settle"})
      if (!has_step(step))
        say(line, "pipeline: 'call' can be reached without '" + std::string(step) +
                      "', so it could not be charged; add it, or say `ledger: none`");
  }

  const YamlNode& root_;
  Config& config_;
  std::vector<Problem>& problems_;
};

}  // namespace

void check_config(const YamlNode& root, Config& config, std::vector<Problem>& problems) {
  Checker(root, config, problems).run();
}

}  // namespace onechat::control
