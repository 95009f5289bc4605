#include "settings.hpp"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <cctype>

namespace onechat::ledger_postgres {
namespace {

constexpr std::size_t kNameMax = 63;  // PostgreSQL cuts longer ones
constexpr int kTimeoutMaxS = 300;

bool is_name(const std::string& name) {
  const auto fits = [](unsigned char c) { return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_'; };
  return !name.empty() && name.size() <= kNameMax && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

const char kSettingsSchema[] = R"({"type":"object","additionalProperties":false,"required":["url"],"properties":{
"url":{"type":"string","description":"postgresql://USER:PASSWORD@HOST:PORT/DATABASE; special characters as %XX."},
"schema":{"type":"string","description":"Schema of the ledger's tables, made when it does not exist. Default: onechat."},
"runtime_role":{"type":"string","description":"Role to work as once the schema is there; it gets no right to change postings."},
"connect_timeout_s":{"type":"integer","minimum":1,"maximum":300,"description":"Default: 5."}}})";

Settings read_settings(oc_bytes json) {
  Poco::JSON::Object::Ptr object;
  try {
    Poco::JSON::Parser parser;
    object =
        parser.parse(std::string(reinterpret_cast<const char*>(json.ptr), json.len)).extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    throw ConfigError("the settings are not a JSON object");
  }
  Settings out;
  for (const auto& [name, value] : *object) {
    if (name == "connect_timeout_s") {
      if (!value.isInteger() || value.convert<Poco::Int64>() < 1 || value.convert<Poco::Int64>() > kTimeoutMaxS)
        throw ConfigError("connect_timeout_s: give seconds, 1 to 300");
      out.connect_timeout_s = value.convert<int>();
      continue;
    }
    std::string* const to = name == "url"            ? &out.url
                            : name == "schema"       ? &out.schema
                            : name == "runtime_role" ? &out.runtime_role
                                                     : nullptr;
    if (to == nullptr) throw ConfigError("unknown setting '" + name + "'");
    if (!value.isString()) throw ConfigError(name + ": must be a string");
    *to = value.convert<std::string>();
  }
  if (out.url.empty()) throw ConfigError("url: give the database, postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
  if (!is_name(out.schema)) throw ConfigError("schema: use a-z, 0-9 and _, at most 63 of them");
  if (!out.runtime_role.empty() && !is_name(out.runtime_role))
    throw ConfigError("runtime_role: use a-z, 0-9 and _, at most 63 of them");
  return out;
}

}  // namespace onechat::ledger_postgres
