#include "control/cli_session.hpp"

#include <cstdlib>

#include "control/data_dir.hpp"

namespace onechat::control {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

int Session::fail(const Error& e) const {
  err << "1chat: " << e.message << '\n';
  return e.status == OC_E_CONFIG ? kBadUsage : kFailed;
}

Result<AdminClient> Session::client() const {
  const std::string from_env = environment("ONECHAT_ADMIN_URL");
  std::string url = option("--admin-url", from_env.empty() ? "http://127.0.0.1:8081" : from_env);
  while (!url.empty() && url.back() == '/') url.pop_back();
  std::string token = environment("ONECHAT_ADMIN_TOKEN");
  if (token.empty() || args.has("--data")) {
    const auto read = read_admin_token(option("--data", "./data"));
    if (!read) return Error(OC_E_INVALID, read.error().message + "; give --data DIR or ONECHAT_ADMIN_TOKEN");
    token = *read;
  }
  return AdminClient(std::move(url), std::move(token));
}

int call_and_show(const Session& s, const std::string& method, const std::string& path, const AdminClient::Query& query,
                  const std::string& body, Show show, int (*exit_code)(const oc_json*)) {
  const auto client = s.client();
  if (!client) return s.fail(client.error());
  const auto answer = client->call(method, path, query, body);
  if (!answer) return s.fail(answer.error());
  Arena arena;
  const oc_json* root = json::parse(arena, *answer);
  if (!root) return s.fail(Error(OC_E_UPSTREAM, "what answers at the admin address is not 1chat"));
  if (s.json)
    s.out << *answer << '\n';
  else
    show(s.out, root);
  return exit_code ? exit_code(root) : kDone;
}

int download(const Session& s, const std::string& path, const AdminClient::Query& query) {
  const auto client = s.client();
  if (!client) return s.fail(client.error());
  const auto done = client->download(path, query, s.out);
  return done ? kDone : s.fail(done.error());
}

std::string text_of(const oc_json* object, std::string_view name) {
  const oc_json* v = json::get(object, name);
  return v ? std::string(v->text) : std::string();
}

std::string body_of(const Session& s, const Members& members, const Members& fixed, const Members& flags) {
  std::string out;
  oc_jsonw w(&out);
  w.object();
  for (const auto& [name, value] : fixed) w.key(name).string(value);
  for (const auto& [name, option] : members)
    if (s.args.has(option)) w.key(name).string(s.option(option));
  for (const auto& [name, option] : flags)
    if (s.args.has(option)) w.key(name).boolean(true);
  w.close();
  return out;
}

}  // namespace onechat::control
