#include "control/rerate_report.hpp"

#include <limits>

#include "base/ids.hpp"
#include "control/date_text.hpp"
#include "control/money_text.hpp"
#include "json/json.hpp"
#include "ledger/rerate.hpp"

namespace onechat::control {
namespace {

constexpr std::uint32_t kPage = 200;

bool add(std::int64_t& sum, std::int64_t n) noexcept { return !__builtin_add_overflow(sum, n, &sum); }

class Report {
 public:
  Report(std::ostream& out, const PriceAt& price_at) : out_(out), price_at_(price_at) {}

  void trace(const record::TraceRecord& t) {
    ++traces_;
    const auto ratings = ledger::stored_ratings(t.meta_json);
    const std::int64_t cost = t.head.cost_nano, fee = t.head.fee_nano;
    if (!ratings) return change(t, "broken", nullptr, ratings.error().message);
    if (ratings->empty()) {
      if (cost != 0 || fee != 0) change(t, "unrated", nullptr, "it says no more than what was charged");
      return;
    }
    std::int64_t costs = 0, fees = 0;
    bool fits = true;
    for (const auto& r : *ratings) {
      fits = add(costs, r.cost) && add(fees, r.fee) && fits;
      charge(t, r);
    }
    if (!fits || costs != cost || fees != fee)
      change(t, "broken", nullptr, "its attempts add up to " + to_usd(costs) + " + " + to_usd(fees) + " USD, it says " +
                                       to_usd(cost) + " + " + to_usd(fee));
  }

  void totals(bool complete) {
    std::string text;
    oc_jsonw w(&text);
    w.object().key("complete").boolean(complete && fits_);
    for (const auto& [name, n] : {std::pair{"traces", traces_}, {"charges", charges_}, {"broken", broken_},
                                  {"different", different_}, {"unpriced", unpriced_}, {"unrated", unrated_}})
      w.key(name).integer(static_cast<std::int64_t>(n));
    w.key("stored_usd").string(to_usd(stored_)).key("now_usd").string(to_usd(now_));
    w.key("difference_usd").string(to_usd(now_ - stored_)).close();
    out_ << text;
  }

 private:
  // Both sums are of the charges that have a price to compare with.
  void charge(const record::TraceRecord& t, const ledger::StoredRating& r) {
    ++charges_;
    if (const std::string wrong = ledger::recompute(r); !wrong.empty()) change(t, "broken", &r, wrong);
    const auto price = price_at_ ? price_at_(t.model, r.provider, r.model, t.head.unix_ms) : std::nullopt;
    if (!price) return change(t, "unpriced", &r, "there is no price for it");
    const auto now = ledger::rate(*price, r.usage, r.terms);
    if (!now) return change(t, "unpriced", &r, now.error().message);
    fits_ = add(stored_, r.cost) && add(stored_, r.fee) && add(now_, now->total) && fits_;
    if (now->cost != r.cost || now->fee != r.fee) change(t, "different", &r, "", &*now);
  }

  void change(const record::TraceRecord& t, std::string_view kind, const ledger::StoredRating* r, const std::string& why,
              const ledger::Rated* now = nullptr) {
    ++(kind == "broken" ? broken_ : kind == "different" ? different_ : kind == "unpriced" ? unpriced_ : unrated_);
    std::string text = first_ ? "" : ",";
    first_ = false;
    oc_jsonw w(&text);
    w.object().key("kind").string(kind).key("trace").string(to_hex(t.head.id)).key("time").string(to_time(t.head.unix_ms));
    w.key("model").string(t.model).key("provider").string(r != nullptr ? r->provider : t.provider);
    w.key("target_model").string(r != nullptr ? r->model : t.target_model);
    const std::int64_t cost = r != nullptr ? r->cost : t.head.cost_nano, fee = r != nullptr ? r->fee : t.head.fee_nano;
    money(w, "stored", cost, fee);
    if (now != nullptr) {
      money(w, "now", now->cost, now->fee);
      w.key("difference_usd").string(to_usd(now->total - (cost + fee)));
    }
    if (!why.empty()) w.key("why").string(why);
    w.close();
    out_ << text;
  }

  static void money(oc_jsonw& w, std::string_view name, std::int64_t cost, std::int64_t fee) {
    w.key(name).object().key("cost_usd").string(to_usd(cost)).key("fee_usd").string(to_usd(fee)).close();
  }

  std::ostream& out_;
  const PriceAt& price_at_;
  bool first_ = true, fits_ = true;
  std::uint64_t traces_ = 0, charges_ = 0, broken_ = 0, different_ = 0, unpriced_ = 0, unrated_ = 0;
  std::int64_t stored_ = 0, now_ = 0;
};

}  // namespace

void write_rerate(std::ostream& out, record::StoreEngine& store, record::StoreEngine::Filter filter,
                  const PriceAt& price_at) {
  Report report(out, price_at);
  out << R"({"changes":[)";
  filter.limit = kPage;
  filter.before = {};
  bool complete = false;
  while (out.good()) {
    const auto page = store.traces(filter);
    complete = page && page->empty();
    if (!page || page->empty()) break;
    for (const auto& head : *page) {
      const auto whole = store.trace(head->head.id);
      if (whole) report.trace(**whole);  // else it was deleted meanwhile
    }
    filter.before = page->back()->head.id;
  }
  out << R"(],"totals":)";
  report.totals(complete);
  out << "}";
}

}  // namespace onechat::control
