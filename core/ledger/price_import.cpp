#include "ledger/price_import.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "json/json.hpp"
#include "ledger/price_book.hpp"

namespace onechat::ledger {
namespace {

constexpr int kPerMillion = 6;  // digits between a price per token and one per million
constexpr std::size_t kArenaBytesMax = 512u << 20;

using Above = std::map<std::uint64_t, PriceTexts>;
struct Service {  // of one service tier: a multiplier, or prices of its own
  std::string times;
  PriceTexts base;
  Above above;
};
struct Row {  // one dated price list
  std::string from;
  PriceTexts base;
  Above above;
  std::map<std::string, Service> services;
};
struct Entry {
  std::string id;
  std::vector<std::string> also;
  std::uint64_t max_output_tokens = 0;
  std::vector<Row> rows;
};
using Book = std::map<std::string, std::vector<Entry>>;

// The decimal text of `text` times 10^`shift`; nullopt when it takes more than nine places or is no price.
std::optional<std::string> exact_text(std::string_view text, int shift) {
  const auto nano = parse_decimal(text, 9 + shift);
  if (!nano || *nano < 0) return std::nullopt;
  return usd_text(*nano);
}

// A JSON string is a YAML string.
std::string quoted(const std::string& text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

// What is told about a model is one line, whatever its catalogue calls it.
std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  return text;
}

// Tells what kept a model out; thrown and caught in this file.
struct Skip {
  std::string why;
};

// ---- writing

std::string prices(const PriceTexts& texts) {
  std::string out;
  for (const RateName& name : rate_names())
    if (const auto it = texts.find(std::string(name.text)); it != texts.end())
      out += (out.empty() ? "" : ", ") + it->first + ": " + it->second;
  return out;
}

std::string to_yaml(const Above& tiers) {
  if (tiers.empty()) return "";
  std::string out = ", above: [";
  const char* comma = "";
  for (const auto& [tokens, texts] : tiers) {
    out += comma + ("{ input_tokens: " + std::to_string(tokens) + ", " + prices(texts) + " }");
    comma = ", ";
  }
  return out + "]";
}

std::string to_yaml(const Row& row) {
  std::string out = "{ ";
  if (!row.from.empty()) out += "from: " + row.from + ", ";
  out += prices(row.base) + to_yaml(row.above);
  for (const auto& [tier, s] : row.services)
    out += ", " + tier + ": " + (s.times.empty() ? "{ " + prices(s.base) + to_yaml(s.above) + " }" : s.times);
  return out + " }";
}

std::string to_yaml(const Book& book) {
  std::string out = "providers:\n";
  for (const auto& [provider, entries] : book) {
    out += "  " + quoted(provider) + ":\n";
    for (const Entry& e : entries) {
      out += "    " + quoted(e.id) + ":\n";
      if (!e.also.empty()) {
        out += "      also: [";
        for (std::size_t i = 0; i < e.also.size(); ++i) out += (i != 0 ? ", " : "") + quoted(e.also[i]);
        out += "]\n";
      }
      if (e.max_output_tokens != 0) out += "      max_output_tokens: " + std::to_string(e.max_output_tokens) + "\n";
      out += "      prices:\n";
      for (const Row& row : e.rows) out += "        - " + to_yaml(row) + "\n";
    }
  }
  return out;
}

// Adds an entry whose name is not priced yet.
void add(std::vector<Entry>& entries, Entry entry) {
  if (entry.id.empty()) throw Skip{"it has no name"};
  if (std::any_of(entries.begin(), entries.end(), [&](const Entry& e) { return e.id == entry.id; }))
    throw Skip{"priced twice; the first price is taken"};
  entries.push_back(std::move(entry));
}

ImportedPrices finish(Book book, ImportedPrices out) {
  std::erase_if(book, [](const auto& provider) { return provider.second.empty(); });
  out.yaml = to_yaml(book);
  for (const auto& [provider, entries] : book) out.models += entries.size();
  return out;
}

// ---- LiteLLM

struct Field {
  std::string_view theirs, ours;
};
constexpr std::array<Field, 9> kLitellm{{{"input_cost_per_token", "input"},
                                         {"output_cost_per_token", "output"},
                                         {"cache_read_input_token_cost", "cache_read"},
                                         {"cache_creation_input_token_cost", "cache_write"},
                                         {"cache_creation_input_token_cost_above_1hr", "cache_write_1h"},
                                         {"output_cost_per_reasoning_token", "reasoning"},
                                         {"input_cost_per_audio_token", "audio_input"},
                                         {"output_cost_per_audio_token", "audio_output"},
                                         {"output_cost_per_image", "image"}}};

// "input_cost_per_token_above_200k_tokens" -> {input_cost_per_token, 200000}; {name, 0} when it is no tier's.
std::pair<std::string_view, std::uint64_t> split_tier(std::string_view name) {
  constexpr std::string_view kAbove = "_above_", kTokens = "k_tokens";
  constexpr std::int64_t kThousandsMax = 1'000'000'000;
  const std::size_t at = name.rfind(kAbove);
  if (at == std::string_view::npos || !name.ends_with(kTokens) || at + kAbove.size() + kTokens.size() > name.size())
    return {name, 0};
  const std::size_t begin = at + kAbove.size();
  const auto thousands = parse_decimal(name.substr(begin, name.size() - kTokens.size() - begin), 0);
  if (!thousands || *thousands <= 0 || *thousands > kThousandsMax) throw Skip{"priced by " + std::string(name)};
  return {name.substr(0, at), static_cast<std::uint64_t>(*thousands) * 1000};
}

// "input_cost_per_token_flex" -> {input_cost_per_token, flex}; {name, ""} when it is the standard tier's.
std::pair<std::string_view, std::string> split_service(std::string_view name) {
  constexpr std::array<Field, 3> kEnds{{{"_priority", "priority"}, {"_flex", "flex"}, {"_batches", "batch"}}};
  for (const Field& end : kEnds)
    if (name.size() > end.theirs.size() && name.ends_with(end.theirs))
      return {name.substr(0, name.size() - end.theirs.size()), std::string(end.ours)};
  return {name, ""};
}

// Things beside the tokens: without them the tokens are still priced right. Any other price keeps the model out.
constexpr std::array<std::string_view, 2> kLitellmBeside{"cache_read_input_audio_token_cost",
                                                         "cache_creation_input_audio_token_cost"};

bool is_free(const oc_json* price) { return price->type == OC_JSON_NUMBER && parse_decimal(price->raw, 30) == 0; }

// The price of a search, where it is one whatever the size of what was found.
std::optional<std::string> search_price(const oc_json* by_size) {
  std::optional<std::string> one;
  for (const oc_json* m = by_size->first; m != nullptr; m = m->next) {
    const auto text = m->type == OC_JSON_NUMBER ? exact_text(m->raw, 0) : std::nullopt;
    if (!text || (one && *one != *text)) return std::nullopt;
    one = text;
  }
  return one;
}

std::string multiplier_text(const Multiplier& m) {
  constexpr std::int64_t kOne = 1'000'000'000;
  return kOne % m.den == 0 ? usd_text(m.num * (kOne / m.den)) : std::to_string(m.num) + "/" + std::to_string(m.den);
}

// Adds what `tier` costs as a multiple of `standard`; false when it is no one multiple.
bool one_multiple(const PriceTexts& tier, const PriceTexts& standard, std::optional<Multiplier>& times) {
  for (const auto& [name, text] : tier) {
    const auto of = standard.find(name);
    const auto num = parse_decimal(text, 9), den = of == standard.end() ? std::nullopt : parse_decimal(of->second, 9);
    if (!num || !den) return false;
    if (*num == 0 && *den == 0) continue;
    if (*num == 0 || *den == 0) return false;
    const std::int64_t common = std::gcd(*num, *den);
    const Multiplier m{*num / common, *den / common};
    if (times && m != *times) return false;
    times = m;
  }
  return true;
}

// One multiplier where the tier is one, whatever the kind of token; else prices of its own, where they are all told.
void settle_service(const std::string& name, Row& row, std::vector<std::string>& left_out) {
  Service& s = row.services[name];
  if (!s.times.empty()) return;
  std::optional<Multiplier> times;
  bool one = s.base.count("input") != 0 && s.base.count("output") != 0 && one_multiple(s.base, row.base, times);
  for (const auto& [tokens, texts] : s.above)
    one = one && row.above.count(tokens) != 0 && one_multiple(texts, row.above.at(tokens), times);
  if (one && times && times->num <= kMultiplierPartMax && times->den <= kMultiplierPartMax) {
    s = {multiplier_text(*times), {}, {}};
    return;
  }
  const bool whole = s.base.count("input") != 0 && s.base.count("output") != 0;
  if (whole && (row.above.empty() || !s.above.empty())) return;
  row.services.erase(name);
  left_out.push_back(name);
}

Entry litellm_entry(const oc_json* model, std::vector<std::string>& left_out) {
  Entry entry;
  entry.id = std::string(model->key);
  Row row;
  for (const oc_json* m = model->first; m != nullptr; m = m->next) {
    const auto [plain, service] = split_service(m->key);
    const auto [name, above] = split_tier(plain);
    const auto field =
        std::find_if(kLitellm.begin(), kLitellm.end(), [n = name](const Field& f) { return f.theirs == n; });
    if (field == kLitellm.end()) {
      if (name == "provider_specific_entry") {
        if (const oc_json* fast = json::get(m, "fast"); fast != nullptr && parse_multiplier(fast->raw))
          row.services["fast"].times = multiplier_text(*parse_multiplier(fast->raw));
        continue;
      }
      if (name == "search_context_cost_per_query" && m->type == OC_JSON_OBJECT) {
        if (const auto text = search_price(m))
          row.base["search"] = *text;
        else
          left_out.emplace_back(m->key);
        continue;
      }
      if (m->key.find("_cost") == std::string_view::npos || !service.empty() || is_free(m)) continue;
      if (std::find(kLitellmBeside.begin(), kLitellmBeside.end(), m->key) == kLitellmBeside.end())
        throw Skip{"priced by " + std::string(m->key)};
      left_out.emplace_back(m->key);
      continue;
    }
    if (m->type != OC_JSON_NUMBER) continue;
    const auto text = exact_text(m->raw, field->ours == "image" ? 0 : kPerMillion);
    if (!text) throw Skip{std::string(m->key) + " " + std::string(m->raw) + " has more than 9 decimals per million"};
    PriceTexts& base = service.empty() ? row.base : row.services[service].base;
    Above& tiers = service.empty() ? row.above : row.services[service].above;
    (above != 0 ? tiers[above] : base)[std::string(field->ours)] = *text;
  }
  if (row.base.count("input") == 0 || row.base.count("output") == 0)
    throw Skip{"not priced by input and output tokens"};
  for (const char* tier : {"batch", "flex", "priority"})
    if (row.services.count(tier) != 0) settle_service(tier, row, left_out);
  const std::int64_t most = json::integer(json::get(model, "max_output_tokens"), 0);
  entry.max_output_tokens = most > 0 ? static_cast<std::uint64_t>(most) : 0;
  entry.rows.push_back(std::move(row));
  return entry;
}

// ---- genai-prices

constexpr std::array<Field, 8> kGenai{{{"input_mtok", "input"},
                                       {"output_mtok", "output"},
                                       {"cache_read_mtok", "cache_read"},
                                       {"cache_write_mtok", "cache_write"},
                                       {"cache_write_1h_mtok", "cache_write_1h"},
                                       {"output_reasoning_mtok", "reasoning"},
                                       {"input_audio_mtok", "audio_input"},
                                       {"output_audio_mtok", "audio_output"}}};
// Things beside the tokens: without them the tokens are still priced right.
constexpr std::array<std::string_view, 2> kGenaiBeside{"storage_searches_kcount", "cache_audio_read_mtok"};

std::string genai_text(const oc_json* number, std::string_view name, int shift) {
  if (number == nullptr || number->type != OC_JSON_NUMBER) throw Skip{std::string(name) + " is not a number"};
  const auto text = exact_text(number->raw, shift);
  if (!text) throw Skip{std::string(name) + " " + std::string(number->raw) + " has more than 9 decimals per million"};
  return *text;
}

Row genai_row(const oc_json* list, std::vector<std::string>& left_out) {
  Row row;
  for (const oc_json* m = list->first; m != nullptr; m = m->next) {
    const std::string_view name = m->key;
    if (name == "requests_kcount" || name == "web_searches_kcount") {
      row.base[name == "requests_kcount" ? "request" : "search"] = genai_text(m, name, -3);
      continue;
    }
    if (std::find(kGenaiBeside.begin(), kGenaiBeside.end(), name) != kGenaiBeside.end()) {
      left_out.emplace_back(name);
      continue;
    }
    const auto field = std::find_if(kGenai.begin(), kGenai.end(), [&](const Field& f) { return f.theirs == name; });
    if (field == kGenai.end()) throw Skip{"priced by " + std::string(name)};
    const std::string ours(field->ours);
    if (m->type != OC_JSON_OBJECT) {
      row.base[ours] = genai_text(m, name, 0);
      continue;
    }
    row.base[ours] = genai_text(json::get(m, "base"), name, 0);
    const oc_json* tiers = json::get(m, "tiers");
    for (const oc_json* t = tiers != nullptr ? tiers->first : nullptr; t != nullptr; t = t->next) {
      const std::int64_t start = json::integer(json::get(t, "start"), 0);
      if (start <= 0) throw Skip{std::string(name) + " has a tier without a start"};
      row.above[static_cast<std::uint64_t>(start)][ours] = genai_text(json::get(t, "price"), name, 0);
    }
  }
  if (row.base.count("input") == 0) throw Skip{"not priced by input tokens"};
  return row;
}

std::vector<Row> genai_rows(const oc_json* list, std::vector<std::string>& left_out) {
  if (list == nullptr) throw Skip{"no prices"};
  if (list->type == OC_JSON_OBJECT) return {genai_row(list, left_out)};
  std::vector<Row> rows;
  for (const oc_json* c = list->first; c != nullptr; c = c->next) {
    const oc_json* prices = json::get(c, "prices");
    if (prices == nullptr) throw Skip{"a conditional price without prices"};
    Row row = genai_row(prices, left_out);
    if (const oc_json* constraint = json::get(c, "constraint");
        constraint != nullptr && constraint->type == OC_JSON_OBJECT) {
      const oc_json* type = json::get(constraint, "type");
      const oc_json* start = json::get(constraint, "start_date");
      if (type == nullptr || type->text != "start_date" || start == nullptr || !parse_date(start->text))
        throw Skip{"its price depends on " + std::string(type != nullptr ? type->text : "something unknown")};
      row.from = std::string(start->text);
    }
    rows.push_back(std::move(row));
  }
  const auto earlier = [](const Row& a, const Row& b) { return a.from < b.from; };
  std::stable_sort(rows.begin(), rows.end(), earlier);
  if (rows.empty()) throw Skip{"no prices"};
  if (std::adjacent_find(rows.begin(), rows.end(), std::not_fn(earlier)) != rows.end())
    throw Skip{"two prices from the same day"};
  return rows;
}

// Other names of the model, where the catalogue's rule is one that we have: equal, or the same beginning.
void genai_names(const oc_json* match, Entry& entry, std::vector<std::string>& left_out) {
  if (match == nullptr || match->type != OC_JSON_OBJECT) return;
  for (const oc_json* rule = match->first; rule != nullptr; rule = rule->next) {
    if (rule->key == "or") {
      for (const oc_json* inner = rule->first; inner != nullptr; inner = inner->next)
        genai_names(inner, entry, left_out);
    } else if (rule->key == "equals" || rule->key == "starts_with") {
      const std::string name = std::string(rule->text) + (rule->key == "equals" ? "" : "*");
      if (name != entry.id) entry.also.push_back(name);
    } else {
      left_out.push_back("match " + std::string(rule->key) + " " + std::string(rule->raw));
    }
  }
}

// One name, one price: the catalogue takes the first rule that matches, so do we.
void drop_known_names(std::vector<Entry>& entries) {
  std::map<std::string, bool> taken;
  for (const Entry& e : entries) taken[e.id] = true;
  for (Entry& e : entries)
    e.also.erase(std::remove_if(e.also.begin(), e.also.end(),
                                [&](const std::string& n) { return !taken.emplace(n, true).second; }),
                 e.also.end());
}

void note(ImportedPrices& out, const std::string& who, std::vector<std::string> left_out) {
  if (left_out.empty()) return;
  std::sort(left_out.begin(), left_out.end());
  left_out.erase(std::unique(left_out.begin(), left_out.end()), left_out.end());
  std::string text = who + ": left out";
  for (std::size_t i = 0; i < left_out.size(); ++i) text += (i != 0 ? ", " : " ") + left_out[i];
  out.notes.push_back(one_line(std::move(text)));
}

Error not_json(const json::ParseError& e) {
  return Error(OC_E_PARSE,
               "the catalogue is not JSON (at byte " + std::to_string(e.offset) + ": " + std::string(e.what) + ")");
}

ImportedPrices litellm(const oc_json* root) {
  ImportedPrices out;
  Book book;
  for (const oc_json* model = root->first; model != nullptr; model = model->next) {
    if (model->type != OC_JSON_OBJECT || model->key == "sample_spec") continue;
    const oc_json* named = json::get(model, "litellm_provider");
    const std::string provider = named != nullptr ? std::string(named->text) : "unknown";
    const std::string who = provider + "/" + std::string(model->key);
    try {
      std::vector<std::string> left_out;
      add(book[provider], litellm_entry(model, left_out));
      note(out, who, std::move(left_out));
    } catch (const Skip& skip) {
      out.skipped.push_back(one_line(who + ": " + skip.why));
    }
  }
  return finish(std::move(book), std::move(out));
}

ImportedPrices genai(const oc_json* root) {
  ImportedPrices out;
  Book book;
  for (const oc_json* p = root->first; p != nullptr; p = p->next) {
    const oc_json* id = json::get(p, "id");
    const oc_json* models = json::get(p, "models");
    if (id == nullptr || models == nullptr) continue;
    std::vector<Entry>& entries = book[std::string(id->text)];
    for (const oc_json* m = models->first; m != nullptr; m = m->next) {
      const oc_json* name = json::get(m, "id");
      if (name == nullptr) continue;
      const std::string who = std::string(id->text) + "/" + std::string(name->text);
      try {
        Entry entry;
        entry.id = std::string(name->text);
        std::vector<std::string> left_out;
        entry.rows = genai_rows(json::get(m, "prices"), left_out);
        genai_names(json::get(m, "match"), entry, left_out);
        add(entries, std::move(entry));
        note(out, who, std::move(left_out));
      } catch (const Skip& skip) {
        out.skipped.push_back(one_line(who + ": " + skip.why));
      }
    }
    drop_known_names(entries);
  }
  return finish(std::move(book), std::move(out));
}

template <class F>
Result<ImportedPrices> with_root(std::string_view text, std::uint32_t type, const char* what, F&& f) {
  Arena arena(kArenaBytesMax);
  json::ParseError error;
  const oc_json* root = json::parse(arena, text, &error);
  if (root == nullptr) return not_json(error);
  if (root->type != type) return Error(OC_E_PARSE, what);
  return f(root);
}

}  // namespace

Result<ImportedPrices> import_litellm(std::string_view text) {
  return with_root(text, OC_JSON_OBJECT, "expected an object of models, as LiteLLM's catalogue is", litellm);
}

Result<ImportedPrices> import_genai(std::string_view text) {
  return with_root(text, OC_JSON_ARRAY, "expected a list of providers, as genai-prices' data.json is", genai);
}

Result<ImportedPrices> import_prices(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '[') return import_genai(text);
  return import_litellm(text);
}

}  // namespace onechat::ledger
