#include "kept.hpp"

#include <charconv>

#include "common/headers.hpp"
#include "common/members.hpp"
#include "input_list.hpp"

namespace onechat::openai_responses {
namespace {

constexpr std::uint32_t kLimitDefault = 20, kLimitMax = 100;

std::string_view prefix_of(oc::Json item) {
  const auto type = item["type"].str();
  if (type == "function_call") return "fc_";
  if (type == "function_call_output") return "fco_";
  if (type == "custom_tool_call") return "ctc_";
  if (type == "custom_tool_call_output") return "ctco_";
  if (type == "reasoning") return "rs_";
  return type.empty() || type == "message" ? "msg_" : "item_";
}

std::string_view id_of(const oc::Call& call, oc::Json item, std::string_view response_id, std::uint64_t position) {
  const auto own = item["id"].str();
  return own.empty() ? item_id(call, call.concat({prefix_of(item), "in_"}), response_id, position) : own;
}

void write_listed(oc::Writer& w, oc::Json item, std::string_view id) {
  const bool message = item["type"].str() == "message" || (!item["type"] && item["role"]);
  w.object().member("id", id);
  if (message) {
    w.member("type", "message");
    if (item["status"].absent_or_null()) w.member("status", "completed");
  }
  for (const oc::Json m : item) {
    if (m.key() == "id" || (message && m.key() == "type")) continue;
    w.key(m.key());
    if (!message || m.key() != "content" || !m.is_string()) {
      w.raw(m.raw());
      continue;
    }
    const bool said = item["role"].str() == "assistant";
    w.array().object().member("type", said ? "output_text" : "input_text").member("text", m.str());
    if (said) w.key("annotations").array().close();
    w.close().close();
  }
  w.close();
}

std::string_view inside(oc::Json array) {
  const auto raw = array.raw();
  return raw.size() < 2 ? std::string_view() : raw.substr(1, raw.size() - 2);
}

}  // namespace

std::string_view kept_document(const oc::Call& call, std::string_view input_elements, std::string_view response_json,
                               std::string_view output_json) {
  const std::string_view output = output_json.empty() ? "" : R"(,"output":)";
  return call.concat({R"({"input":[)", input_elements, R"(],"response":)", response_json, output, output_json, "}"});
}

std::string_view without_state(const oc::Call& call, oc::Json response) {
  const auto has_state = [](oc::Json item) {
    return item["type"].str() == "reasoning" && item["encrypted_content"].is_string();
  };
  bool any = false;
  for (const oc::Json item : response["output"]) any = any || has_state(item);
  if (!any) return response.raw();
  return call.json([&](oc::Writer w) {
    w.object();
    for (const oc::Json m : response) {
      w.key(m.key());
      if (m.key() != "output") {
        w.raw(m.raw());
        continue;
      }
      w.array();
      for (const oc::Json item : m)
        w.raw(has_state(item) ? dialect::members_except(call, item, {"encrypted_content"}) : item.raw());
      w.close();
    }
    w.close();
  });
}

std::string_view conversation_of(const oc::Call& call, oc::Json document) {
  const auto empty = [](oc::Json array) { return !array.is_array() || array.size() == 0; };
  const oc::Json input = document["input"];
  const oc::Json output = document["output"] ? document["output"] : document["response"]["output"];
  return joined(call, empty(input) ? std::string_view() : inside(input),
                empty(output) ? std::string_view() : inside(output));
}

bool parse_list_query(const oc::Call&, Refusal& refuse, std::string_view query, ListQuery& out) {
  out.limit = kLimitDefault;
  out.after = oc::str(dialect::query_value(query, "after"));
  const auto order = dialect::query_value(query, "order"), limit = dialect::query_value(query, "limit");
  out.ascending = order == "asc";
  if (!order.empty() && order != "asc" && order != "desc")
    return refuse({nullptr, "order", -1}, "Supported values are: 'asc' and 'desc'.");
  if (limit.empty()) return true;
  const auto [end, code] = std::from_chars(limit.data(), limit.data() + limit.size(), out.limit);
  const bool fine =
      code == std::errc() && end == limit.data() + limit.size() && out.limit >= 1 && out.limit <= kLimitMax;
  return fine || refuse({nullptr, "limit", -1}, "An integer between 1 and 100 is expected.");
}

void write_input_list(const oc::Call& call, oc::Writer w, oc::Json document, const ListQuery& query) {
  const oc::Json input = document["input"];
  const auto response_id = document["response"]["id"].str();
  const std::uint64_t n = input.size();
  oc::Json* items = static_cast<oc::Json*>(call.allocate(n * sizeof(oc::Json), alignof(oc::Json)));
  std::uint64_t position = 0;
  for (const oc::Json item : input) new (items + position++) oc::Json(item);

  w.object().member("object", "list").key("data").array();
  std::string_view first, last;
  std::uint64_t written = 0;
  bool more = false, passed = query.after.len == 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t at = query.ascending ? i : n - 1 - i;
    const auto id = id_of(call, items[at], response_id, at);
    if (passed && written == query.limit) {
      more = true;
      break;
    }
    if (passed) {
      write_listed(w, items[at], id);
      if (written++ == 0) first = id;
      last = id;
    }
    passed = passed || id == oc::view(query.after);
  }
  w.close();
  const auto id_or_null = [&](std::string_view name, std::string_view id) {
    w.key(name);
    id.empty() ? w.null() : w.str(id);
  };
  id_or_null("first_id", first);
  id_or_null("last_id", last);
  w.key("has_more").boolean(more).close();
}

}  // namespace onechat::openai_responses
