#include "connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace onechat::ledger_postgres {
namespace {

bool starts_with(const std::string& text, std::string_view begin) { return text.compare(0, begin.size(), begin) == 0; }

// The password that `url` holds. Throws ConfigError when libpq cannot read it; its own words would repeat parts of it.
std::string password_in(const std::string& url) {
  char* words = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(url.c_str(), &words),
                                                                             PQconninfoFree);
  PQfreemem(words);
  if (options == nullptr)
    throw ConfigError(
        "url: not the address of a PostgreSQL database; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        " and put special characters of the password as %XX");
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o)
    if (std::string_view(o->keyword) == "password" && o->val != nullptr) return o->val;
  return {};
}

}  // namespace

bool ServerError::connection_lost() const noexcept {
  return sql_state_.empty() || starts_with(sql_state_, "08") || starts_with(sql_state_, "57P");
}

bool ServerError::try_again() const noexcept {
  return starts_with(sql_state_, "40") || sql_state_ == "55P03" || sql_state_ == "23505";
}

bool ServerError::is_constraint() const noexcept { return starts_with(sql_state_, "23"); }

Connection::Connection(const std::string& url, int connect_timeout_s)
    : handle_(nullptr, PQfinish), password_(password_in(url)) {
  const std::string timeout = std::to_string(connect_timeout_s);
  // What comes later wins: a server that lost us, or that we lost, is noticed within seconds; a standby is no ledger.
  const std::array<const char*, 9> names{"keepalives_idle",  "keepalives_interval",  "keepalives_count",
                                         "tcp_user_timeout", "target_session_attrs", "dbname",
                                         "connect_timeout",  "application_name",     nullptr};
  const std::array<const char*, 9> values{
      "10", "5", "3", "15000", "read-write", url.c_str(), timeout.c_str(), "1chat-ledger", nullptr};
  handle_.reset(PQconnectdbParams(names.data(), values.data(), 1));
  if (handle_ == nullptr || PQstatus(handle_.get()) != CONNECTION_OK) fail("cannot connect");
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);
  if (PQsetClientEncoding(handle_.get(), "UTF8") != 0) fail("cannot use UTF8");
}

std::string Connection::redacted(std::string text) const {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (password_.size() < 3) return text;
  for (auto at = text.find(password_); at != std::string::npos; at = text.find(password_, at + 3))
    text.replace(at, password_.size(), "***");
  return text;
}

void Connection::fail(const std::string& what) const {
  throw ServerError(what + ": " + redacted(PQerrorMessage(handle_.get())), "");
}

ServerError Connection::error_of(const PGresult* result) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* rule = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
  std::string text = words != nullptr ? words : PQerrorMessage(handle_.get());
  if (rule != nullptr) text += std::string(" (") + rule + ")";
  if (state != nullptr) text += std::string(" [") + state + "]";
  return ServerError(redacted(std::move(text)), state != nullptr ? state : "");
}

void Connection::check(int sent, const std::string& what) const {
  if (sent != 1) fail(what);
}

void Connection::pipeline(bool on) {
  if (in_pipeline_ == on) return;
  check(on ? PQenterPipelineMode(handle_.get()) : PQexitPipelineMode(handle_.get()), "pipeline");
  in_pipeline_ = on;
}

// The server's next result, or nullptr at the end of one statement's. Throws when it is silent for too long.
PGresult* Connection::next_result() {
  const auto give_up = std::chrono::steady_clock::now() + patience_;
  while (PQisBusy(handle_.get()) != 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw ServerError("the server does not answer", "");
    pollfd p{PQsocket(handle_.get()), POLLIN, 0};
    if (::poll(&p, 1, static_cast<int>(left.count())) == 0) continue;
    check(PQconsumeInput(handle_.get()), "connection lost");
  }
  return PQgetResult(handle_.get());
}

std::string Connection::execute(const std::string& sql) {
  std::string first;
  pipeline(false);
  check(PQsendQuery(handle_.get(), sql.c_str()), "connection lost");
  std::vector<ServerError> errors;
  for (;;) {
    const Result result(next_result(), PQclear);
    if (result == nullptr) break;
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) errors.push_back(error_of(result.get()));
    first = PQntuples(result.get()) != 0 && PQnfields(result.get()) != 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }
  if (!errors.empty()) throw errors.front();
  return first;
}

void Connection::prepare(const Statement& statement) {
  if (std::find(prepared_.begin(), prepared_.end(), &statement) != prepared_.end()) return;
  check(PQsendPrepare(handle_.get(), statement.name.c_str(), statement.sql.c_str(), 0, nullptr), "connection lost");
  pending_.push_back({{}, &statement});
  prepared_.push_back(&statement);
}

void Connection::send(const Statement& statement, const Params& params, Handler then) {
  pipeline(true);
  prepare(statement);
  check(PQsendQueryPrepared(handle_.get(), statement.name.c_str(), params.count(), params.values(), params.lengths(),
                            params.formats(), 1),
        "connection lost");
  pending_.push_back({std::move(then), nullptr});
}

void Connection::sync() {
  if (pending_.empty()) return;
  const std::vector<Pending> pending = std::exchange(pending_, {});
  check(PQpipelineSync(handle_.get()), "connection lost");
  std::vector<Result> results;
  std::vector<ServerError> errors;
  for (const Pending& p : pending) {
    Result result(next_result(), PQclear);
    if (result == nullptr) fail("connection lost");
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) errors.push_back(error_of(result.get()));
    if (p.prepares != nullptr && status != PGRES_COMMAND_OK) std::erase(prepared_, p.prepares);
    results.push_back(std::move(result));
    while (PGresult* more = next_result()) PQclear(more);
    if (PQstatus(handle_.get()) == CONNECTION_BAD) break;
  }
  if (PQstatus(handle_.get()) == CONNECTION_BAD) {
    if (!errors.empty() && errors.front().connection_lost()) throw errors.front();
    fail("connection lost");
  }
  const Result end(next_result(), PQclear);
  if (end == nullptr || PQresultStatus(end.get()) != PGRES_PIPELINE_SYNC) fail("connection lost");
  if (!errors.empty()) throw errors.front();
  for (std::size_t i = 0; i < pending.size(); ++i)
    if (pending[i].then) pending[i].then(Rows(results[i].get()));
}

void Connection::stream(const Statement& statement, const Params& params, const Handler& each) {
  pipeline(true);
  prepare(statement);
  sync();
  send(statement, params);
  pending_.clear();
  check(PQpipelineSync(handle_.get()), "connection lost");
  check(PQsetSingleRowMode(handle_.get()), "row by row");
  std::vector<ServerError> errors;
  while (const Result result{next_result(), PQclear}) {
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_SINGLE_TUPLE) each(Rows(result.get()));
    if (status == PGRES_FATAL_ERROR) errors.push_back(error_of(result.get()));
    if (PQstatus(handle_.get()) == CONNECTION_BAD) fail("connection lost");
  }
  const Result end(next_result(), PQclear);
  if (end == nullptr || PQresultStatus(end.get()) != PGRES_PIPELINE_SYNC) fail("connection lost");
  if (!errors.empty()) throw errors.front();
}

void Connection::run(const Statement& statement, const Params& params, Handler then) {
  send(statement, params, std::move(then));
  sync();
}

}  // namespace onechat::ledger_postgres
