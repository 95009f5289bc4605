#include "ledger/rerate.hpp"

#include <array>
#include <charconv>

#include "json/json.hpp"

namespace onechat::ledger {
namespace {

struct Unit {
  std::string_view name;  // as RateName has it
  std::uint64_t oc_usage::*count;
  bool piece;
};
constexpr std::array<Unit, 11> kUnits{{{"input", &oc_usage::input, false},
                                       {"cache_read", &oc_usage::cache_read, false},
                                       {"cache_write", &oc_usage::cache_write, false},
                                       {"cache_write_1h", &oc_usage::cache_write_1h, false},
                                       {"audio_input", &oc_usage::audio_input, false},
                                       {"output", &oc_usage::output, false},
                                       {"reasoning", &oc_usage::reasoning, false},
                                       {"audio_output", &oc_usage::audio_output, false},
                                       {"image", &oc_usage::images, true},
                                       {"search", &oc_usage::searches, true},
                                       {"request", &oc_usage::requests, true}}};

std::int64_t rate_of(const Rates& rates, std::string_view name) noexcept {
  for (const RateName& n : rate_names())
    if (n.text == name) return rates.*n.rate;
  return 0;
}

void write_count(oc_jsonw& w, std::uint64_t n) {
  char digits[24];
  w.raw({digits, std::to_chars(digits, digits + sizeof digits, n).ptr});
}

// ---- reading. What cannot be read is thrown and caught in this file.

struct Unreadable {
  std::string what;
};

const oc_json& needed(const oc_json* object, std::string_view name, std::uint32_t type) {
  const oc_json* v = json::get(object, name);
  if (v == nullptr || v->type != type) throw Unreadable{std::string(name)};
  return *v;
}

template <class T>
T whole(const oc_json& v, std::string_view name) {
  T out{};
  const char* const end = v.raw.data() + v.raw.size();
  if (std::from_chars(v.raw.data(), end, out).ptr != end) throw Unreadable{std::string(name)};
  return out;
}

oc_usage usage_of(const oc_json& in) {
  oc_usage u{};
  u.struct_size = sizeof u;
  for (const oc_json* m = in.first; m != nullptr; m = m->next) {
    if (m->key == "estimated") {
      if (m->raw == "true") u.flags |= OC_USAGE_ESTIMATED;
      continue;
    }
    if (m->key == "tier") {
      const auto tier = tier_named(m->text);
      if (!tier) throw Unreadable{"usage.tier"};
      u.flags |= usage_flag(*tier);
      continue;
    }
    const Unit* unit = nullptr;
    for (const Unit& known : kUnits)
      if (known.name == m->key) unit = &known;
    if (unit == nullptr) throw Unreadable{"usage." + std::string(m->key)};
    u.*unit->count = whole<std::uint64_t>(*m, m->key);
  }
  return u;
}

StoredRating rating_of(const oc_json* attempt, const oc_json* in) {
  StoredRating out;
  if (const oc_json* v = json::get(attempt, "provider")) out.provider = v->text;
  if (const oc_json* v = json::get(attempt, "model")) out.model = v->text;
  out.price_text = needed(in, "price", OC_JSON_OBJECT).raw;
  auto row = parse_row(out.price_text);
  if (!row) throw Unreadable{"price: " + row.error().message};
  out.price = std::move(row->price);
  out.usage = usage_of(needed(in, "usage", OC_JSON_OBJECT));
  out.terms.markup_bps = whole<std::uint32_t>(needed(in, "markup_bps", OC_JSON_NUMBER), "markup_bps");
  const oc_json* byok = json::get(in, "byok");
  out.terms.byok = byok != nullptr && byok->raw == "true";
  out.numerator = needed(in, "numerator", OC_JSON_STRING).text;
  out.denominator = whole<std::int64_t>(needed(in, "denominator", OC_JSON_NUMBER), "denominator");
  out.cost = whole<std::int64_t>(needed(in, "cost_nano", OC_JSON_NUMBER), "cost_nano");
  out.fee = whole<std::int64_t>(needed(in, "fee_nano", OC_JSON_NUMBER), "fee_nano");
  return out;
}

// ---- explaining

// value x 10^-places as a decimal without trailing zeros.
std::string decimal(Int128 value, std::size_t places) {
  std::string digits = to_text(value);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  std::string out = digits.substr(0, digits.size() - places);
  digits.erase(0, digits.size() - places);
  digits.erase(digits.find_last_not_of('0') + 1);
  return digits.empty() ? out : out + "." + digits;
}

std::string percent(std::uint32_t bps) { return decimal(Int128(bps), 2) + " %"; }

std::string unit_line(const Unit& unit, std::uint64_t count, std::int64_t rate) {
  const std::string amount = decimal(Int128(count) * rate, unit.piece ? 9 : 15);
  return "  " + std::string(unit.name) + ": " + std::to_string(count) + " x " + usd_text(rate) + " USD" +
         (unit.piece ? "" : " per million") + " = " + amount + " USD";
}

std::string price_line(const Applied& a, ServiceTier served) {
  std::string out = "  prices: " + std::string(name_of(a.tier));
  if (served != a.tier) out += " (served as " + std::string(name_of(served)) + ", which has no price of its own)";
  if (a.input_tokens_above != 0) out += ", input above " + std::to_string(a.input_tokens_above) + " tokens";
  if (a.times != Multiplier{})
    out += ", tokens x " + std::to_string(a.times.num) + "/" + std::to_string(a.times.den);
  return out;
}

void explain(const StoredRating& r, std::vector<std::string>& out) {
  const Applied a = applied(r.price, r.usage);
  const bool estimated = (r.usage.flags & OC_USAGE_ESTIMATED) != 0;
  out.push_back(r.provider + " / " + r.model + (estimated ? ", usage estimated" : ""));
  out.push_back("  price row: " + r.price_text);
  out.push_back(price_line(a, tier_of(r.usage)));
  for (const Unit& unit : kUnits) {
    const std::int64_t rate = rate_of(*a.rates, unit.name);
    if (r.usage.*unit.count != 0 && (rate != 0 || !unit.piece))
      out.push_back(unit_line(unit, r.usage.*unit.count, rate));
  }
  out.push_back("  exact cost: " + r.numerator + " / " + std::to_string(r.denominator) + " nano-USD");
  if (r.terms.byok)
    out.push_back("  the customer's own key: nothing is owed to the provider, the fee is " +
                  percent(r.terms.markup_bps) + " of the exact cost, rounded up");
  else
    out.push_back("  cost rounded half to even, total with a markup of " + percent(r.terms.markup_bps) + " rounded up");
  out.push_back("  cost " + usd_text(r.cost) + " + fee " + usd_text(r.fee) + " = " + decimal(Int128(r.cost) + r.fee, 9) +
                " USD");
  const std::string wrong = recompute(r);
  out.push_back(wrong.empty() ? "  recomputed: the same" : "  recomputed: NOT the same: " + wrong);
}

}  // namespace

void write_rating(oc_jsonw& w, std::string_view price_text, const oc_usage& usage, const Terms& terms,
                  const Rated& rated) {
  w.object().key("price").raw(price_text).key("usage").object();
  for (const Unit& unit : kUnits)
    if (usage.*unit.count != 0) write_count(w.key(unit.name), usage.*unit.count);
  if ((usage.flags & OC_USAGE_TIER) != 0) w.key("tier").string(name_of(tier_of(usage)));
  if ((usage.flags & OC_USAGE_ESTIMATED) != 0) w.key("estimated").boolean(true);
  w.close().key("markup_bps").integer(terms.markup_bps);
  if (terms.byok) w.key("byok").boolean(true);
  w.key("numerator").string(to_text(rated.numerator)).key("denominator").integer(rated.denominator);
  w.key("cost_nano").integer(rated.cost).key("fee_nano").integer(rated.fee).close();
}

Result<std::vector<StoredRating>> stored_ratings(std::string_view meta_json) {
  if (meta_json.empty()) return std::vector<StoredRating>();  // shed under load
  Arena arena;
  const oc_json* root = json::parse(arena, meta_json);
  if (root == nullptr) return Error(OC_E_PARSE, "the trace's meta is not JSON");
  std::vector<StoredRating> out;
  const oc_json* attempts = json::get(root, "attempts");
  std::size_t number = 0;
  for (const oc_json* a = attempts != nullptr ? attempts->first : nullptr; a != nullptr; a = a->next) {
    ++number;
    const oc_json* rating = json::get(a, "rating");
    if (rating == nullptr) continue;
    try {
      out.push_back(rating_of(a, rating));
    } catch (const Unreadable& u) {
      return Error(OC_E_PARSE, "attempt " + std::to_string(number) + ": rating." + u.what + " cannot be read");
    }
  }
  return out;
}

std::string recompute(const StoredRating& stored) {
  const auto now = rate(stored.price, stored.usage, stored.terms);
  if (!now) return now.error().message;
  const auto unlike = [](std::string_view what, const std::string& stored_as, const std::string& is) {
    return stored_as == is ? std::string() : std::string(what) + " is stored as " + stored_as + ", recomputed " + is + "; ";
  };
  std::string out = unlike("numerator", stored.numerator, to_text(now->numerator)) +
                    unlike("denominator", std::to_string(stored.denominator), std::to_string(now->denominator)) +
                    unlike("cost_nano", std::to_string(stored.cost), std::to_string(now->cost)) +
                    unlike("fee_nano", std::to_string(stored.fee), std::to_string(now->fee));
  if (!out.empty()) out.resize(out.size() - 2);
  return out;
}

std::vector<std::string> explain_rating(std::string_view meta_json) {
  const auto ratings = stored_ratings(meta_json);
  if (!ratings) return {ratings.error().message};
  if (ratings->empty()) return {"nothing was charged"};
  std::vector<std::string> out;
  for (const StoredRating& r : *ratings) explain(r, out);
  return out;
}

}  // namespace onechat::ledger
