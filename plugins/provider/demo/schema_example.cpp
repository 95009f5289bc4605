#include "schema_example.hpp"

#include <algorithm>

namespace onechat::demo {
namespace {

constexpr int kDepthMax = 16;
constexpr int kValuesMax = 500;
constexpr std::int64_t kRepeatMax = 64;

struct Format {
  std::string_view name, example;
};
constexpr Format kFormats[] = {
    {"date", "2026-01-01"},          {"date-time", "2026-01-01T00:00:00Z"}, {"time", "00:00:00Z"}, {"email", "demo@example.com"},
    {"uri", "https://example.com/"}, {"uuid", "00000000-0000-4000-8000-000000000000"}, {"ipv4", "127.0.0.1"}, {"duration", "P1D"},
};

class ExampleWriter {
 public:
  explicit ExampleWriter(oc::Json root) : root_(root) {}

  void write(oc::Json schema, int depth = 0) {
    schema = resolved(schema);
    if (depth == kDepthMax || ++values_ > kValuesMax) return put("null");
    if (const oc::Json fixed = schema["const"]; fixed) return put(fixed.raw());
    if (const oc::Json first = schema["enum"].first(); first) return put(first.raw());
    for (const std::string_view choice : {"anyOf", "oneOf", "allOf"})
      if (const oc::Json first = schema[choice].first(); first) return write(first, depth + 1);
    const auto type = type_of(schema);
    if (type == "array") return write_array(schema, depth);
    if (type == "string") return write_string(schema);
    if (type == "boolean") return put("false");
    if (type == "null") return put("null");
    if (type == "integer" || type == "number") return write_number(schema);
    write_object(schema, depth);
  }
  std::string take() { return std::move(out_); }

 private:
  void put(std::string_view text) { out_.append(text); }

  oc::Json resolved(oc::Json schema) const {
    for (int hops = 0; hops < kDepthMax; ++hops) {
      auto path = schema["$ref"].str();
      if (path.substr(0, 1) != "#") return schema;
      oc::Json at = root_;
      path.remove_prefix(1);
      while (!path.empty() && path[0] == '/') {
        const auto end = std::min(path.find('/', 1), path.size());
        at = at[path.substr(1, end - 1)];
        path.remove_prefix(end);
      }
      schema = at;
    }
    return schema;
  }

  static std::string_view type_of(oc::Json schema) {
    const oc::Json type = schema["type"];
    if (type.is_string()) return type.str();
    for (const oc::Json t : type)
      if (t.str() != "null") return t.str();
    return schema["items"] ? "array" : "object";
  }

  void write_object(oc::Json schema, int depth) {
    put("{");
    bool comma = false;
    for (const oc::Json name : schema["required"]) {
      if (!name.is_string()) continue;
      if (comma) put(",");
      comma = true;
      put(name.raw());
      put(":");
      write(schema["properties"][name.str()], depth + 1);
    }
    put("}");
  }

  void write_array(oc::Json schema, int depth) {
    put("[");
    const std::int64_t n = std::clamp<std::int64_t>(schema["minItems"].integer(0), 0, kRepeatMax);
    for (std::int64_t i = 0; i < n; ++i) {
      if (i > 0) put(",");
      write(schema["items"], depth + 1);
    }
    put("]");
  }

  void write_string(oc::Json schema) {
    const auto format = schema["format"].str();
    const auto* known = std::find_if(std::begin(kFormats), std::end(kFormats), [&](const Format& f) { return f.name == format; });
    std::string text(known != std::end(kFormats) ? known->example : "demo");
    const auto least = static_cast<std::size_t>(std::clamp<std::int64_t>(schema["minLength"].integer(0), 0, kRepeatMax));
    const auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(schema["maxLength"].integer(kRepeatMax), 0, kRepeatMax));
    if (known == std::end(kFormats)) text.resize(std::min(std::max(text.size(), least), most), '.');
    put("\"");
    put(text);
    put("\"");
  }

  void write_number(oc::Json schema) {
    if (const oc::Json least = schema["minimum"]; least.is_number()) return put(least.raw());
    if (const oc::Json above = schema["exclusiveMinimum"]; above.is_number()) return put(std::to_string(above.integer(0) + 1));
    if (const oc::Json most = schema["maximum"]; most.is_number() && most.number() < 0) return put(most.raw());
    put("0");
  }

  oc::Json root_;
  std::string out_;
  int values_ = 0;
};

}  // namespace

std::string example_of(oc::Json schema) {
  ExampleWriter writer(schema);
  writer.write(schema);
  return writer.take();
}

}  // namespace onechat::demo
