#include "proto_schema.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace onechat::conformance {
namespace {

std::string camel(std::string_view snake) {
  std::string out;
  bool up = false;
  for (const char c : snake) {
    if (c == '_') {
      up = true;
      continue;
    }
    out += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    up = false;
  }
  return out;
}

bool is_base64(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+/-_=").find(c) != std::string_view::npos;
  });
}

bool is_integer(View v) {
  if (v.is(OC_JSON_NUMBER)) return std::floor(json::number(v.node, 0.5)) == json::number(v.node, 0.5);
  const auto t = v.str();
  return !t.empty() && t.find_first_not_of("0123456789", t.front() == '-' ? 1 : 0) == std::string_view::npos;
}

bool is_scalar(std::string_view type, View v, bool& known) {
  known = true;
  if (type == "string") return v.is(OC_JSON_STRING);
  if (type == "bool") return v.is(OC_JSON_BOOL);
  if (type == "bytes") return v.is(OC_JSON_STRING) && is_base64(v.str());
  if (type == "float" || type == "double")
    return v.is(OC_JSON_NUMBER) || v.str() == "NaN" || v.str() == "Infinity" || v.str() == "-Infinity";
  if (type == "int32" || type == "int64" || type == "uint32" || type == "uint64") return is_integer(v);
  if (type == "google.protobuf.Struct") return v.is(OC_JSON_OBJECT);
  if (type == "google.protobuf.Value") return true;
  if (type == "google.protobuf.ListValue") return v.is(OC_JSON_ARRAY);
  if (type == "google.protobuf.Duration") return v.is(OC_JSON_STRING) && v.str().ends_with('s');
  if (type == "google.protobuf.Timestamp") return v.is(OC_JSON_STRING);
  known = false;
  return false;
}

}  // namespace

class ProtoSchema::Checker {
 public:
  Checker(const ProtoSchema& owner, bool misplaced_too, Problems& out)
      : owner_(owner), misplaced_too_(misplaced_too), out_(out) {}

  void message(View type, View value, const std::string& path) {
    if (!value.is(OC_JSON_OBJECT)) return complain(path, "should be an object, is " + shortened(value.raw(), 60));
    std::set<std::string> present;
    for (View member : value) {
      const std::string name = camel(member.key());
      const std::string at = path + "." + std::string(member.key());
      if (!present.insert(name).second) complain(at, "is there twice");
      const View field = type["fields"][name];
      if (field.node == nullptr) {
        if ((misplaced_too_ && owner_.names_.contains(name)) || !owner_.newer_.knows_member(name))
          complain(at, "is no field of the message");
        continue;
      }
      if (!member.is(OC_JSON_NULL)) this->field(field, type, name, member, at);
    }
    for (View group : type["oneofs"]) {
      if (group.key().starts_with('_')) continue;
      int n = 0;
      for (View name : group["oneof"]) n += present.contains(std::string(name.str())) ? 1 : 0;
      if (n > 1) complain(path, "has more than one of the oneof " + std::string(group.key()));
    }
  }

 private:
  void complain(const std::string& path, const std::string& what) { out_.push_back(path + ": " + what); }

  void field(View field, View scope, const std::string& name, View value, const std::string& path) {
    if (field["keyType"]) {
      if (!value.is(OC_JSON_OBJECT)) return complain(path, "should be an object");
      for (View entry : value) one(field, scope, name, entry, path + "." + std::string(entry.key()));
    } else if (field["rule"].str() == "repeated") {
      if (!value.is(OC_JSON_ARRAY)) return complain(path, "should be an array, is " + shortened(value.raw(), 60));
      std::size_t i = 0;
      for (View element : value) one(field, scope, name, element, path + "[" + std::to_string(i++) + "]");
    } else {
      one(field, scope, name, value, path);
    }
  }

  void one(View field, View scope, const std::string& name, View value, const std::string& path) {
    const auto type = field["type"].str();
    bool known = false;
    const bool fits = is_scalar(type, value, known);
    if (known) {
      if (!fits) complain(path, "should be " + std::string(type) + ", is " + shortened(value.raw(), 60));
      return;
    }
    View declared = scope["nested"][type];
    if (declared.node == nullptr) declared = owner_.package_["nested"][type];
    if (declared.node == nullptr) return;  // of another package
    if (declared["values"].node == nullptr) return message(declared, value, path);
    const bool fine = value.is(OC_JSON_NUMBER) || declared["values"][value.str()].node != nullptr ||
                      owner_.newer_.knows_word(name, value.str());
    if (!fine) complain(path, std::string(value.raw()) + " is no value of " + std::string(type));
  }

  const ProtoSchema& owner_;
  bool misplaced_too_;
  Problems& out_;
};

ProtoSchema::ProtoSchema(std::string descriptor, std::string_view package, Inventory newer)
    : document_(std::move(descriptor)), newer_(std::move(newer)), package_(document_.root[package]) {
  for (View type : package_["nested"])
    for (View field : type["fields"]) names_.insert(field.key());
}

Problems ProtoSchema::check(std::string_view message, View value, bool misplaced_too) const {
  Problems out;
  const View type = package_["nested"][message];
  if (type.node == nullptr) return {"the specification has no message " + std::string(message)};
  if (value.node == nullptr) return {"is not JSON"};
  Checker(*this, misplaced_too, out).message(type, value, "$");
  return out;
}

}  // namespace onechat::conformance
