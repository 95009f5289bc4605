#include "admission/key_record.hpp"

#include <charconv>

#include "json/json.hpp"

namespace onechat::admission {
namespace {

void write_unsigned(oc_jsonw& w, std::string_view key, std::uint64_t value) { w.key(key).raw(std::to_string(value)); }

void write_limits(oc_jsonw& w, const Limits& limits) {
  w.key("limits").object();
  write_unsigned(w, "requests_per_minute", limits.requests_per_minute);
  write_unsigned(w, "tokens_per_minute", limits.tokens_per_minute);
  write_unsigned(w, "concurrency", limits.concurrency);
  w.close();
}

// Reads the members of one object and remembers the first that is wrong.
class Members {
 public:
  explicit Members(const oc_json* object) : object_(object) {
    if (object == nullptr || object->type != OC_JSON_OBJECT) wrong_ = "an object is expected";
  }

  std::string text(std::string_view name, bool required = false) {
    const oc_json* v = json::get(object_, name);
    if (v == nullptr && !required) return {};
    if (v == nullptr || v->type != OC_JSON_STRING || (required && v->text.empty())) note(name);
    return v == nullptr ? std::string() : std::string(v->text);
  }
  template <class T>
  T number(std::string_view name, bool required = false) {
    const oc_json* v = json::get(object_, name);
    T out = 0;
    if (v == nullptr) {
      if (required) note(name);
      return out;
    }
    const char* end = v->raw.data() + v->raw.size();
    const auto [at, code] = std::from_chars(v->raw.data(), end, out);
    if (v->type != OC_JSON_NUMBER || code != std::errc() || at != end) note(name);
    return out;
  }
  Limits limits() {
    const oc_json* v = json::get(object_, "limits");
    if (v == nullptr) return {};
    Members inner(v);
    const Limits out{.requests_per_minute = inner.number<std::uint32_t>("requests_per_minute"),
                     .tokens_per_minute = inner.number<std::uint64_t>("tokens_per_minute"),
                     .concurrency = inner.number<std::uint32_t>("concurrency")};
    if (!inner.wrong_.empty()) note("limits: " + inner.wrong_);
    return out;
  }
  Sha256 hash(std::string_view name) {
    const std::string digits = text(name, true);
    Sha256 out{};
    const char* p = digits.data();
    bool good = digits.size() == 2 * out.size();
    for (std::size_t i = 0; good && i < out.size(); ++i) {
      const auto [at, code] = std::from_chars(p + 2 * i, p + 2 * i + 2, out[i], 16);
      good = code == std::errc() && at == p + 2 * i + 2;
    }
    if (!good) note(name);
    return out;
  }
  bool has(std::string_view name) const { return json::get(object_, name) != nullptr; }
  const std::string& wrong() const { return wrong_; }

 private:
  void note(std::string_view name) {
    if (wrong_.empty()) wrong_ = name;
  }
  const oc_json* object_;
  std::string wrong_;
};

Error malformed(std::string_view what, const std::string& member) {
  return Error(OC_E_PARSE, "stored " + std::string(what) + " is malformed: " + member, {}, member);
}

}  // namespace

std::string to_json(const OrgRecord& record) {
  std::string out;
  oc_jsonw w(&out);
  w.object().key("name").string(record.name);
  write_unsigned(w, "id", record.id);
  w.key("created_unix_ms").integer(record.created_unix_ms).close();
  return out;
}

std::string to_json(const ProjectRecord& record) {
  std::string out;
  oc_jsonw w(&out);
  w.object().key("name").string(record.name);
  write_unsigned(w, "id", record.id);
  w.key("created_unix_ms").integer(record.created_unix_ms);
  write_limits(w, record.limits);
  if (record.org_id != 0) {
    w.key("org").string(record.org);
    write_unsigned(w, "org_id", record.org_id);
  }
  w.close();
  return out;
}

std::string to_json(const KeyRecord& record) {
  std::string out;
  oc_jsonw w(&out);
  w.object().key("id").string(record.id);
  write_unsigned(w, "number", record.number);
  w.key("hash").string(hex(record.hash));
  w.key("project").string(record.project).key("name").string(record.name);
  w.key("created_unix_ms").integer(record.created_unix_ms);
  w.key("expires_unix_ms").integer(record.expires_unix_ms);
  w.key("revoked_unix_ms").integer(record.revoked_unix_ms);
  write_limits(w, record.limits);
  if (record.limit_nano) w.key("limit_nano").integer(*record.limit_nano);
  w.key("hint").string(record.hint).close();
  return out;
}

Result<OrgRecord> org_from_json(std::string_view text) {
  Arena arena;
  Members m(json::parse(arena, text));
  OrgRecord out{.name = m.text("name", true),
                .id = m.number<std::uint64_t>("id", true),
                .created_unix_ms = m.number<std::int64_t>("created_unix_ms")};
  if (!m.wrong().empty()) return malformed("organization", m.wrong());
  return out;
}

Result<ProjectRecord> project_from_json(std::string_view text) {
  Arena arena;
  Members m(json::parse(arena, text));
  ProjectRecord out{.name = m.text("name", true),
                    .id = m.number<std::uint64_t>("id", true),
                    .created_unix_ms = m.number<std::int64_t>("created_unix_ms"),
                    .limits = m.limits(),
                    .org = m.text("org"),
                    .org_id = m.number<std::uint64_t>("org_id")};
  if (!m.wrong().empty()) return malformed("project", m.wrong());
  return out;
}

Result<KeyRecord> key_from_json(std::string_view text) {
  Arena arena;
  Members m(json::parse(arena, text));
  KeyRecord out{.id = m.text("id", true),
                .number = m.number<std::uint64_t>("number", true),
                .hash = m.hash("hash"),
                .project = m.text("project", true),
                .name = m.text("name"),
                .created_unix_ms = m.number<std::int64_t>("created_unix_ms"),
                .expires_unix_ms = m.number<std::int64_t>("expires_unix_ms"),
                .revoked_unix_ms = m.number<std::int64_t>("revoked_unix_ms"),
                .limits = m.limits(),
                .limit_nano = std::nullopt,
                .hint = m.text("hint")};
  if (m.has("limit_nano")) out.limit_nano = m.number<std::int64_t>("limit_nano");
  if (!m.wrong().empty()) return malformed("key", m.wrong());
  return out;
}

}  // namespace onechat::admission
