#include "ledger/price_book.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <limits>

namespace onechat::ledger {
namespace {

struct Fault {  // thrown inside this file, turned into an Error at its edge
  YAML::Mark mark;
  std::string text;
};

[[noreturn]] void fault(const YAML::Node& at, std::string text) { throw Fault{at.Mark(), std::move(text)}; }

std::string scalar(const YAML::Node& node, const std::string& what) {
  if (!node.IsScalar()) fault(node, what + ": expected one value");
  return node.Scalar();
}

std::uint64_t count(const YAML::Node& node, const std::string& what) {
  const auto value = parse_decimal(scalar(node, what), 0);
  if (!value || *value < 0) fault(node, what + ": expected a whole number");
  return static_cast<std::uint64_t>(*value);
}

Rates rates(const YAML::Node& row, const PriceTexts& texts) {
  auto r = parse_rates(texts);
  if (!r) fault(row, r.error().message);
  return *r;
}

Price::Tier tier(const YAML::Node& node, PriceTexts texts) {
  if (!node.IsMap() || !node["input_tokens"]) fault(node, "above: each entry needs input_tokens");
  Price::Tier out;
  for (const auto& member : node) {
    const std::string name = member.first.Scalar();
    if (name == "input_tokens")
      out.input_tokens_above = count(member.second, name);
    else
      texts[name] = scalar(member.second, name);
  }
  out.rates = rates(node, texts);
  return out;
}

std::vector<Price::Tier> tiers(const YAML::Node& above, const PriceTexts& texts) {
  if (!above.IsSequence()) fault(above, "above: expected a list");
  std::vector<Price::Tier> out;
  for (const auto& t : above) {
    out.push_back(tier(t, texts));
    if (out.size() > 1 && out[out.size() - 2].input_tokens_above >= out.back().input_tokens_above)
      fault(t, "above: input_tokens must rise");
  }
  return out;
}

// "flex: 0.5" multiplies the row's own prices; "flex: { input: ... }" has prices of its own, the rest as in the row.
Price::Service service(ServiceTier of, const YAML::Node& node, const Price& row, PriceTexts texts) {
  const std::string name(name_of(of));
  Price::Service out{of, {}, row.base, row.tiers};
  if (node.IsScalar()) {
    const auto times = parse_multiplier(node.Scalar());
    if (!times) fault(node, name + ": '" + node.Scalar() + "' is not a multiplier such as 0.5 or 1/3");
    out.times = *times;
    return out;
  }
  if (!node.IsMap()) fault(node, name + ": expected a multiplier or a map of prices");
  for (const auto& member : node)
    if (member.first.Scalar() != "above") texts[member.first.Scalar()] = scalar(member.second, member.first.Scalar());
  out.base = rates(node, texts);
  out.tiers = node["above"] ? tiers(node["above"], texts) : std::vector<Price::Tier>();
  return out;
}

PriceBook::Version version(const YAML::Node& row) {
  if (!row.IsMap()) fault(row, "prices: each entry is a map of prices");
  PriceBook::Version out;
  out.from_unix_ms = std::numeric_limits<std::int64_t>::min();
  PriceTexts texts;
  std::string from;
  for (const auto& member : row) {
    const std::string name = member.first.Scalar();
    if (name == "from") {
      from = scalar(member.second, name);
      const auto date = parse_date(from);
      if (!date) fault(member.second, "from: '" + from + "' is not a date like 2026-07-30");
      out.from_unix_ms = *date;
    } else if (name != "above" && !tier_named(name)) {
      texts[name] = scalar(member.second, name);
    }
  }
  out.price.base = rates(row, texts);
  if (row["above"]) out.price.tiers = tiers(row["above"], texts);
  for (const ServiceTier special : kSpecialTiers)
    if (const auto node = row[std::string(name_of(special))])
      out.price.services.push_back(service(special, node, out.price, texts));
  if (row["standard"]) fault(row["standard"], "standard: the row itself is the standard price");
  out.text = price_text(out.price, from);
  return out;
}

PriceBook::Model model(const std::string& provider, const std::string& id, const YAML::Node& node) {
  if (!node.IsMap()) fault(node, provider + "/" + id + ": expected a map with `prices`");
  PriceBook::Model out;
  out.provider = provider;
  out.id = id;
  for (const auto& member : node) {
    const std::string name = member.first.Scalar();
    if (name == "max_output_tokens") {
      out.max_output_tokens = count(member.second, name);
    } else if (name == "also") {
      if (!member.second.IsSequence()) fault(member.second, "also: expected a list of names");
      for (const auto& other : member.second) out.also.push_back(scalar(other, name));
    } else if (name == "prices") {
      if (!member.second.IsSequence()) fault(member.second, "prices: expected a list");
      for (const auto& row : member.second) {
        out.versions.push_back(version(row));
        const auto& v = out.versions;
        if (v.size() > 1 && v[v.size() - 2].from_unix_ms >= v.back().from_unix_ms)
          fault(row, "prices: `from` must rise");
      }
    } else {
      fault(member.first, "unknown key '" + name + "'; the keys are also, max_output_tokens, prices");
    }
  }
  if (out.versions.empty()) fault(node, provider + "/" + id + ": has no prices");
  return out;
}

std::vector<PriceBook::Model> read(const YAML::Node& root) {
  std::vector<PriceBook::Model> out;
  if (!root.IsMap() || !root["providers"] || !root["providers"].IsMap()) fault(root, "expected a map `providers`");
  for (const auto& member : root)
    if (member.first.Scalar() != "providers") fault(member.first, "unknown key '" + member.first.Scalar() + "'");
  for (const auto& provider : root["providers"]) {
    if (!provider.second.IsMap()) fault(provider.second, "expected a map of models");
    for (const auto& m : provider.second) out.push_back(model(provider.first.Scalar(), m.first.Scalar(), m.second));
  }
  return out;
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00";
  if (text.size() != kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i] == '-' ? text[i] != '-' : text[i] < '0' || text[i] > '9') return std::nullopt;
  const auto year = parse_decimal(text.substr(0, 4), 0), month = parse_decimal(text.substr(5, 2), 0),
             day = parse_decimal(text.substr(8, 2), 0);
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::sys_days(date).time_since_epoch()).count();
}

Result<PriceBook::Version> parse_row(const std::string& text) {
  try {
    return version(YAML::Load(text));
  } catch (const Fault& f) {
    return Error(OC_E_CONFIG, f.text);
  } catch (const YAML::Exception& e) {
    return Error(OC_E_CONFIG, e.msg);
  }
}

Result<PriceBook> PriceBook::load(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error(OC_E_CONFIG, file + ": cannot be read");
  return parse(std::string(std::istreambuf_iterator<char>(in), {}), file);
}

Result<PriceBook> PriceBook::parse(const std::string& yaml, const std::string& name) {
  const auto error = [&](const YAML::Mark& mark, const std::string& text) {
    return Error(OC_E_CONFIG, name + ":" + std::to_string(std::max(mark.line, 0) + 1) + ": " + text);
  };
  PriceBook book;
  try {
    book.models_ = read(YAML::Load(yaml));
  } catch (const Fault& f) {
    return error(f.mark, f.text);
  } catch (const YAML::Exception& e) {
    return error(e.mark, e.msg);
  }
  if (const std::string twice = book.index(); !twice.empty())
    return Error(OC_E_CONFIG, name + ": " + twice + " is priced twice");
  return book;
}

std::string PriceBook::index() {
  std::string twice;
  const auto put = [&](Names& names, const std::string& name, std::size_t i, bool own) {
    if (!name.empty() && name.back() == '*') {
      const std::string prefix = name.substr(0, name.size() - 1);
      for (auto& [known, at] : names.prefixes)
        if (known == prefix) {
          if (own) twice = name;
          at = kSeveral;
          return;
        }
      names.prefixes.emplace_back(prefix, i);
      return;
    }
    const auto [it, added] = names.exact.emplace(name, i);
    if (added) return;
    if (own && it->second != i) twice = name;
    if (it->second != i) it->second = kSeveral;
  };
  for (std::size_t i = 0; i < models_.size(); ++i) {
    const Model& m = models_[i];
    Names& own = by_provider_[m.provider];
    put(own, m.id, i, true);
    put(any_, m.id, i, false);
    for (const std::string& name : m.also) {
      put(own, name, i, true);
      put(any_, name, i, false);
    }
  }
  const auto longest_first = [](Names& n) {
    std::stable_sort(n.prefixes.begin(), n.prefixes.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  };
  for (auto& [provider, names] : by_provider_) longest_first(names);
  longest_first(any_);
  return twice;
}

std::size_t PriceBook::Names::find(std::string_view model) const {
  if (const auto it = exact.find(model); it != exact.end()) return it->second;
  for (const auto& [prefix, i] : prefixes)
    if (model.substr(0, prefix.size()) == prefix) return i;
  return kNone;
}

PriceBook::Found PriceBook::find(std::string_view provider, std::string_view model, std::int64_t unix_ms) const {
  const auto own = by_provider_.find(provider);
  const std::size_t i = (own != by_provider_.end() ? own->second : any_).find(model);
  if (i == kNone || i == kSeveral) return {};
  Found found;
  for (const Version& v : models_[i].versions)
    if (v.from_unix_ms <= unix_ms) found = {&models_[i], &v.price, v.text};
  return found;
}

}  // namespace onechat::ledger
