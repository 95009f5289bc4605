#include "model_page.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "common/headers.hpp"

namespace onechat::anthropic_messages {
namespace {

constexpr std::uint64_t kLimitMax = 1000;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
    if (escape) {
      out.push_back(static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

// Days since 1970-01-01 as a date of the Gregorian calendar.
void civil(std::int64_t days, std::int64_t& year, int& month, int& day) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t of_era = days - era * 146'097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  day = static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1);
  month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
}

std::string_view rfc3339(const oc::Call& call, std::int64_t unix_s) {
  constexpr std::int64_t kDay = 86'400, kLatest = 253'402'300'799;  // the end of the year 9999
  unix_s = std::clamp<std::int64_t>(unix_s, 0, kLatest);
  std::int64_t year = 0;
  int month = 0, day = 0;
  civil(unix_s / kDay, year, month, day);
  const auto second = static_cast<int>(unix_s % kDay);
  char text[48];
  const int n = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", static_cast<int>(year), month, day,
                              second / 3600, second / 60 % 60, second % 60);
  return call.copy({text, static_cast<std::size_t>(n)});
}

void count_or_null(oc::Writer& w, std::string_view name, std::uint64_t n) {
  w.key(name);
  n != 0 ? w.integer(static_cast<std::int64_t>(n)) : w.null();
}

}  // namespace

PageWish PageWish::read(std::string_view query) {
  PageWish wish;
  const auto limit = dialect::query_value(query, "limit");
  std::uint64_t n = 0;
  const auto [end, code] = std::from_chars(limit.data(), limit.data() + limit.size(), n);
  if (code == std::errc() && end == limit.data() + limit.size() && n != 0) wish.limit = std::min(n, kLimitMax);
  wish.after_id = decoded(dialect::query_value(query, "after_id"));
  wish.before_id = decoded(dialect::query_value(query, "before_id"));
  return wish;
}

void write_model(const oc::Call& call, oc::Writer& w, const oc_model& m) {
  w.object().member("type", "model").member("id", oc::view(m.id)).member("display_name", oc::view(m.id));
  w.member("created_at", rfc3339(call, m.created_s));
  count_or_null(w, "max_input_tokens", m.input_tokens_max);
  count_or_null(w, "max_tokens", m.output_tokens_max);
  w.key("capabilities").null().key("line").null();
  w.member("lifecycle", "active").key("deprecated_at").null().key("retires_at").null().close();
}

void write_page(const oc::Call& call, oc::Writer& w, const oc_model* const* list, std::uint64_t n, const PageWish& wish) {
  const auto position = [&](const std::string& id, std::uint64_t otherwise) {
    for (std::uint64_t i = 0; i < n; ++i)
      if (!id.empty() && oc::view(list[i]->id) == id) return i;
    return otherwise;
  };
  std::uint64_t begin = 0, end = n;
  bool more = false;
  if (!wish.before_id.empty()) {
    end = position(wish.before_id, 0);
    begin = end > wish.limit ? end - wish.limit : 0;
    more = begin > 0;
  } else {
    if (!wish.after_id.empty()) begin = std::min(n, position(wish.after_id, n - 1) + 1);
    end = std::min(n, begin + wish.limit);
    more = end < n;
  }
  w.object().key("data").array();
  for (std::uint64_t i = begin; i < end; ++i) write_model(call, w, *list[i]);
  w.close().key("has_more").boolean(more);
  w.key("first_id");
  begin < end ? w.str(oc::view(list[begin]->id)) : w.null();
  w.key("last_id");
  begin < end ? w.str(oc::view(list[end - 1]->id)) : w.null();
  w.close();
}

}  // namespace onechat::anthropic_messages
