// The public catalogues, imported: what we take is exact to the last digit, what we leave is named.
#include "ledger/price_import.hpp"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <fstream>
#include <iterator>

#include "json/json.hpp"
#include "ledger/price_book.hpp"

namespace onechat::ledger {
namespace {

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

PriceBook book_of(const ImportedPrices& imported) {
  auto b = PriceBook::parse(imported.yaml, "import");
  EXPECT_TRUE(b) << b.error().message;
  return std::move(*b);
}

// `nano` per million equals the decimal `text` times 10^shift USD, in unbounded fractions.
void expect_exact(std::int64_t nano, std::string_view text, int shift, const std::string& who) {
  using boost::multiprecision::cpp_int;
  using boost::multiprecision::cpp_rational;
  std::string digits;
  int exponent = shift + 9;
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) exponent += std::stoi(std::string(text.substr(e + 1)));
  bool point = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.')
      point = true;
    else
      digits += c, exponent -= point ? 1 : 0;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  cpp_rational want(cpp_int(digits), 1);
  const cpp_int ten = boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(std::abs(exponent)));
  want = exponent >= 0 ? cpp_rational(want * ten) : cpp_rational(want / ten);
  EXPECT_EQ(cpp_rational(nano), want) << who << " " << text;
}

TEST(PriceImport, TakesALitellmModel) {
  const auto r = import_prices(R"({"sample_spec": {}, "m": {"litellm_provider": "p", "input_cost_per_token": 7.5e-08,
    "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 3.75e-8, "max_output_tokens": 99,
    "input_cost_per_token_above_200k_tokens": 1.5e-7, "output_cost_per_token_batches": 3e-7, "search_context_cost_per_query": {"low": 0.01, "high": 0.02}, "input_cost_per_character": 0.0},
    "film": {"litellm_provider": "p", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6, "output_cost_per_second": 0.1},
    "free": {"litellm_provider": "p"}, "odd": {"input_cost_per_token": 0.083333333333333333e-6, "output_cost_per_token": 0}})");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->models, 1u);
  ASSERT_EQ(r->skipped.size(), 3u);
  EXPECT_EQ(r->skipped[0], "p/film: priced by output_cost_per_second");
  ASSERT_EQ(r->notes.size(), 1u);
  EXPECT_EQ(r->notes[0], "p/m: left out batch, search_context_cost_per_query");
  const PriceBook b = book_of(*r);
  const auto m = b.find("p", "m", 0);
  ASSERT_TRUE(m);
  EXPECT_EQ(m.model->max_output_tokens, 99u);
  EXPECT_EQ(m.price->base.input, 75'000'000);
  EXPECT_EQ(m.price->base.cache_read, 37'500'000);
  ASSERT_EQ(m.price->tiers.size(), 1u);
  EXPECT_EQ(m.price->tiers[0].input_tokens_above, 200'000u);
  EXPECT_EQ(m.price->tiers[0].rates.input, 150'000'000);
  EXPECT_EQ(m.price->tiers[0].rates.output, 600'000'000);
}

// What the tiers of service cost: a multiplier where it is one, else their own prices; nothing that must be guessed.
TEST(PriceImport, TakesLitellmsServiceTiers) {
  const auto r = import_prices(R"({"m": {"litellm_provider": "p", "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05,
    "cache_read_input_token_cost": 2e-07, "input_cost_per_token_above_200k_tokens": 4e-06, "search_context_cost_per_query": {"low": 0.01, "high": 0.01},
    "input_cost_per_token_flex": 1e-06, "output_cost_per_token_flex": 5e-06, "cache_read_input_token_cost_flex": 1e-07,
    "input_cost_per_token_priority": 3.6e-06, "output_cost_per_token_priority": 1.8e-05, "input_cost_per_token_above_200k_tokens_priority": 7.2e-06,
    "input_cost_per_token_batches": 1e-06, "output_cost_per_token_batches": 6e-06, "provider_specific_entry": {"fast": 6.0, "us": 1.1}},
    "n": {"litellm_provider": "p", "input_cost_per_token": 3e-06, "output_cost_per_token": 1e-05,
    "input_cost_per_token_flex": 1e-06, "output_cost_per_token_flex": 4e-06, "input_cost_per_token_priority": 9e-06}})");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->notes, (std::vector<std::string>{"p/m: left out batch", "p/n: left out priority"}));
  const PriceBook b = book_of(*r);
  const Price& m = *b.find("p", "m", 0).price;
  EXPECT_EQ(m.base.search, 10'000'000);
  EXPECT_EQ(m.service(ServiceTier::flex)->times, (Multiplier{1, 2}));
  EXPECT_EQ(m.service(ServiceTier::priority)->times, (Multiplier{9, 5}));
  EXPECT_EQ(m.service(ServiceTier::fast)->times, (Multiplier{6, 1}));
  EXPECT_EQ(m.service(ServiceTier::batch), nullptr) << "its sizes are not told";
  const Price::Service* own = b.find("p", "n", 0).price->service(ServiceTier::flex);
  ASSERT_NE(own, nullptr);
  EXPECT_EQ(own->times, Multiplier{});
  EXPECT_EQ(own->base.input, 1'000'000'000);
  EXPECT_EQ(own->base.output, 4'000'000'000);
}

TEST(PriceImport, TakesAGenaiModelWithDatesTiersAndNames) {
  const auto r = import_prices(R"([{"id": "p", "models": [
    {"id": "m", "match": {"or": [{"equals": "m"}, {"equals": "m-1"}, {"starts_with": "mm-"}, {"regex": "x"}]},
     "prices": [{"constraint": {"type": "start_date", "start_date": "2026-03-13"}, "prices": {"input_mtok": 5}},
                {"prices": {"input_mtok": {"base": 5, "tiers": [{"start": 200000, "price": 10}]}, "requests_kcount": 12, "web_searches_kcount": 10}}]},
    {"id": "night", "prices": [{"prices": {"input_mtok": 1}}, {"constraint": {"type": "time_of_date"}, "prices": {"input_mtok": 2}}]},
    {"id": "film", "prices": {"input_mtok": 1, "output_video_mtok": 2}}]}])");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->models, 1u);
  EXPECT_EQ(r->skipped, (std::vector<std::string>{"p/night: its price depends on time_of_date",
                                                  "p/film: priced by output_video_mtok"}));
  EXPECT_EQ(r->notes, (std::vector<std::string>{"p/m: left out match regex \"x\""}));
  const PriceBook b = book_of(*r);
  EXPECT_TRUE(b.find("p", "m-1", 0));
  EXPECT_TRUE(b.find("p", "mm-7", 0));
  ASSERT_EQ(b.find("p", "m", 0).price->tiers.size(), 1u);
  EXPECT_EQ(b.find("p", "m", 0).price->base.request, 12'000'000);
  EXPECT_EQ(b.find("p", "m", 0).price->base.search, 10'000'000);
  EXPECT_EQ(b.find("p", "m", *parse_date("2026-03-13")).price->tiers.size(), 0u);
}

// Whatever a catalogue says, the file made of it can be read back: what could not is left out and named.
TEST(PriceImport, LeavesOutWhatOurOwnReaderWouldRefuse) {
  const auto genai = import_prices(R"([{"id": "p", "models": [
    {"id": "two", "prices": [{"prices": {"input_mtok": 1}}, {"prices": {"input_mtok": 2}}]},
    {"id": "odd day", "prices": [{"constraint": {"type": "start_date", "start_date": "1e30-01-01"}, "prices": {"input_mtok": 1}}]},
    {"id": "again", "prices": {"input_mtok": 1}}, {"id": "again", "prices": {"input_mtok": 2}},
    {"id": "", "prices": {"input_mtok": 1}}]}])");
  ASSERT_TRUE(genai) << genai.error().message;
  EXPECT_EQ(genai->skipped,
            (std::vector<std::string>{"p/two: two prices from the same day", "p/odd day: its price depends on start_date",
                                      "p/again: priced twice; the first price is taken", "p/: it has no name"}));
  EXPECT_EQ(book_of(*genai).find("p", "again", 0).price->base.input, 1'000'000'000);

  const auto litellm = import_prices(R"({"m": {"litellm_provider": "p", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6},
    "m": {"litellm_provider": "p", "input_cost_per_token": 2e-6, "output_cost_per_token": 2e-6}})");
  ASSERT_TRUE(litellm) << litellm.error().message;
  EXPECT_EQ(litellm->skipped, std::vector<std::string>{"p/m: priced twice; the first price is taken"});
  EXPECT_EQ(book_of(*litellm).models().size(), 1u);
}

TEST(PriceImport, ATierThatCannotBeReadIsNotTheBasePrice) {
  for (const std::string tier : {"some", "0", "-5", "9999999999999999", ""}) {
    const auto r = import_prices(R"({"m": {"litellm_provider": "p", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6,
      "input_cost_per_token_above_)" + tier + R"(k_tokens": 9e-6}})");
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->models, 0u) << tier;
    EXPECT_EQ(r->skipped, std::vector<std::string>{"p/m: priced by input_cost_per_token_above_" + tier + "k_tokens"});
  }
}

TEST(PriceImport, NamesKeepTheirLettersAndMessagesTheirLine) {
  const auto r = import_prices(R"([{"id": "p\n:", "models": [{"id": "a\t\"b\\\u0001\n# \u00e4", "prices": {"input_mtok": 1}},
    {"id": "c\nd", "match": {"regex": [1,
      2]}, "prices": {"input_mtok": 1, "x\ny": 2}}]}])");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->skipped, std::vector<std::string>{"p :/c d: priced by x y"});
  EXPECT_TRUE(book_of(*r).find("p\n:", "a\t\"b\\\x01\n# \xC3\xA4", 0));
}

TEST(PriceImport, RefusesWhatIsNoCatalogue) {
  EXPECT_FALSE(import_prices("{"));
  EXPECT_FALSE(import_prices("7"));
  EXPECT_FALSE(import_genai("{}"));
}

TEST(PriceImport, EveryPriceOfTheLitellmCatalogueIsExact) {
  const std::string text = read("../shared/specs/litellm-model_prices_and_context_window.filtered.json");
  if (text.empty()) GTEST_SKIP() << "no catalogue here";
  const auto r = import_litellm(text);
  ASSERT_TRUE(r) << r.error().message;
  const PriceBook b = book_of(*r);
  Arena arena;
  const oc_json* root = json::parse(arena, text);
  std::size_t prices = 0, of_services = 0;
  for (const auto& m : b.models()) {
    const oc_json* theirs = json::get(root, m.id);
    ASSERT_NE(theirs, nullptr) << m.id;
    const auto check = [&](const char* name, std::int64_t ours) {
      const oc_json* v = json::get(theirs, name);
      if (v == nullptr || v->type != OC_JSON_NUMBER) return;
      expect_exact(ours, v->raw, 6, m.id);
      ++prices;
    };
    const Price& p = m.versions.front().price;
    check("input_cost_per_token", p.base.input);
    check("output_cost_per_token", p.base.output);
    check("cache_read_input_token_cost", p.base.cache_read);
    check("cache_creation_input_token_cost", p.base.cache_write);
    check("cache_creation_input_token_cost_above_1hr", p.base.cache_write_1h);
    check("output_cost_per_reasoning_token", p.base.reasoning);
    check("input_cost_per_audio_token", p.base.audio_input);
    check("output_cost_per_audio_token", p.base.audio_output);
    for (const auto& t : p.tiers) {
      const std::string above = "_above_" + std::to_string(t.input_tokens_above / 1000) + "k_tokens";
      check(("input_cost_per_token" + above).c_str(), t.rates.input);
      check(("output_cost_per_token" + above).c_str(), t.rates.output);
    }
    for (const auto& [tier, end] : {std::pair{ServiceTier::flex, "_flex"}, {ServiceTier::priority, "_priority"},
                                    {ServiceTier::batch, "_batches"}}) {
      const Price::Service* s = p.service(tier);
      if (s == nullptr) continue;
      const auto times = [&](std::int64_t rate) {
        EXPECT_EQ(rate * s->times.num % s->times.den, 0) << m.id << end;
        return rate * s->times.num / s->times.den;
      };
      check(("input_cost_per_token" + std::string(end)).c_str(), times(s->base.input));
      check(("output_cost_per_token" + std::string(end)).c_str(), times(s->base.output));
      check(("cache_read_input_token_cost" + std::string(end)).c_str(), times(s->base.cache_read));
      check(("cache_creation_input_token_cost" + std::string(end)).c_str(), times(s->base.cache_write));
      check(("input_cost_per_audio_token" + std::string(end)).c_str(), times(s->base.audio_input));
      ++of_services;
    }
  }
  EXPECT_GE(of_services, 100u);
  EXPECT_GE(b.models().size(), 150u);
  EXPECT_GE(prices, 500u);
  EXPECT_EQ(b.models().size() + r->skipped.size(), root->size);
  for (const std::string& s : r->skipped) EXPECT_EQ(s.find("9 decimals"), std::string::npos) << s;
}

TEST(PriceImport, EveryPriceOfTheGenaiCatalogueIsExact) {
  const std::string text = read("../shared/specs/genai-prices.data.json");
  if (text.empty()) GTEST_SKIP() << "no catalogue here";
  const auto r = import_genai(text);
  ASSERT_TRUE(r) << r.error().message;
  const PriceBook b = book_of(*r);
  Arena arena;
  std::size_t prices = 0, all = 0, searches = 0;
  for (const oc_json* p = json::parse(arena, text)->first; p != nullptr; p = p->next)
    for (const oc_json* m = json::get(p, "models")->first; m != nullptr; m = m->next) {
      ++all;
      const auto found = b.find(json::get(p, "id")->text, json::get(m, "id")->text, 0);
      const oc_json* list = json::get(m, "prices");
      if (!found || found.model->id != json::get(m, "id")->text || list->type != OC_JSON_OBJECT) continue;
      const auto check = [&](const char* name, std::int64_t ours) {
        const oc_json* v = json::get(list, name);
        if (v != nullptr && v->type == OC_JSON_OBJECT) v = json::get(v, "base");
        if (v == nullptr) return;
        expect_exact(ours, v->raw, 0, found.model->id);
        ++prices;
      };
      const Rates& rates = found.price->base;
      check("input_mtok", rates.input);
      check("output_mtok", rates.output);
      check("cache_read_mtok", rates.cache_read);
      check("cache_write_mtok", rates.cache_write);
      check("cache_write_1h_mtok", rates.cache_write_1h);
      check("input_audio_mtok", rates.audio_input);
      check("output_audio_mtok", rates.audio_output);
      check("output_reasoning_mtok", rates.reasoning);
      if (const oc_json* v = json::get(list, "web_searches_kcount"))
        expect_exact(rates.search, v->raw, -3, found.model->id), ++searches;
    }
  EXPECT_EQ(r->models + r->skipped.size(), all);
  EXPECT_GE(r->models, 1450u);
  EXPECT_GE(prices, 3500u);
  EXPECT_GE(searches, 30u);
}

}  // namespace
}  // namespace onechat::ledger
