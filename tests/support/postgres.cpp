#include "support/postgres.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

namespace onechat::test {
namespace fs = std::filesystem;
namespace {

constexpr auto kStartMax = std::chrono::seconds(40);
constexpr std::size_t kLogEnd = 1500;

std::string programs() {
  std::string best;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored))
    if (fs::exists(version.path() / "bin/postgres") && fs::exists(version.path() / "bin/initdb"))
      best = std::max(best, (version.path() / "bin").string());
  return best;
}

const passwd* server_user() {
  for (const char* name : {"postgres", "nobody"})
    if (const passwd* user = ::getpwnam(name)) return user;
  return nullptr;
}

std::uint16_t free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool ok = ::bind(s, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  ::getsockname(s, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(s);
  if (!ok) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

pid_t parent_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string all((std::istreambuf_iterator<char>(in)), {});
  const auto name_end = all.rfind(')');
  return name_end == std::string::npos ? -1 : static_cast<pid_t>(std::atol(all.c_str() + name_end + 4));
}

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

}  // namespace

std::optional<std::string> PostgresServer::missing() {
  if (programs().empty()) return "no PostgreSQL server is installed (package postgresql-15)";
  if (::geteuid() == 0 && server_user() == nullptr) return "no user to run a PostgreSQL server as";
  return std::nullopt;
}

PostgresServer::PostgresServer(const std::vector<std::string>& settings) {
  std::string name = (fs::temp_directory_path() / "onechat-pg-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = name;
  port_ = free_port();
  make_cluster(settings);
  start();
}

PostgresServer::~PostgresServer() {
  if (pid_ > 0) {
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string PostgresServer::url() const {
  return "postgresql://onechat@/postgres?host=" + folder_.string() + "&port=" + std::to_string(port_);
}
std::string PostgresServer::tcp_url() const { return tcp_url(port_); }
std::string PostgresServer::tcp_url(std::uint16_t through_port) const {
  return "postgresql://onechat@127.0.0.1:" + std::to_string(through_port) + "/postgres";
}

// Runs `command` with its output in the log, as somebody whom the server accepts.
pid_t PostgresServer::spawn(const std::vector<std::string>& command) const {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const std::string log = (folder_ / "log").string();
  const passwd* user = ::geteuid() == 0 ? server_user() : nullptr;
  const pid_t parent = ::getpid(), child = ::fork();
  if (child != 0) return child;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (user != nullptr && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid(), which forgets it
  if (::getppid() != parent) ::_exit(125);
  if (::chdir("/") == 0) ::execv(argv[0], argv.data());
  ::_exit(127);
}

void PostgresServer::make_cluster(const std::vector<std::string>& settings) {
  if (::geteuid() == 0) {
    const passwd* user = server_user();
    if (user == nullptr || ::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("cannot give the folder to the server's user");
  }
  const std::string data = (folder_ / "data").string();
  int status = 0;
  ::waitpid(spawn({programs() + "/initdb", "-D", data, "-U", "onechat", "-A", "trust", "-E", "UTF8", "--locale=C",
                   "--no-sync"}),
            &status, 0);
  if (status != 0) throw std::runtime_error("initdb failed:\n" + log_end());
  std::ofstream conf(data + "/postgresql.conf", std::ios::app);
  conf << "listen_addresses = '127.0.0.1'\nport = " << port_ << "\nunix_socket_directories = '" << folder_.string()
       << "'\nfsync = on\nlogging_collector = off\nshared_buffers = 128MB\nmax_wal_size = 2GB\n";
  for (const std::string& line : settings) conf << line << '\n';
}

void PostgresServer::start() {
  const auto give_up = std::chrono::steady_clock::now() + kStartMax;
  while (std::chrono::steady_clock::now() < give_up) {
    pid_ = spawn({programs() + "/postgres", "-D", (folder_ / "data").string()});
    try {
      return wait_until_it_answers();
    } catch (const std::runtime_error&) {  // a crashed server's shared memory may still be in use for a moment
      if (pid_ > 0) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw std::runtime_error("the PostgreSQL server does not start:\n" + log_end());
}

void PostgresServer::wait_until_it_answers() {
  const auto give_up = std::chrono::steady_clock::now() + kStartMax;
  while (std::chrono::steady_clock::now() < give_up) {
    const Connection c(PQconnectdb(url().c_str()), PQfinish);
    if (PQstatus(c.get()) == CONNECTION_OK) return;
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("the PostgreSQL server ended");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("the PostgreSQL server does not answer:\n" + log_end());
}

std::vector<pid_t> PostgresServer::processes() const {
  std::vector<pid_t> out{pid_};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const pid_t pid = static_cast<pid_t>(std::atol(entry.path().filename().c_str()));
    if (pid > 0 && parent_of(pid) == pid_) out.push_back(pid);
  }
  return out;
}

void PostgresServer::crash() {
  for (const pid_t pid : processes()) ::kill(pid, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PostgresServer::stop_immediate() {
  ::kill(pid_, SIGQUIT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string PostgresServer::log_end() const {
  std::ifstream in(folder_ / "log");
  std::string all((std::istreambuf_iterator<char>(in)), {});
  return all.size() > kLogEnd ? all.substr(all.size() - kLogEnd) : all;
}

std::string query_text(const std::string& url, const std::string& sql) {
  const Connection c(PQconnectdb(url.c_str()), PQfinish);
  if (PQstatus(c.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(c.get()));
  const std::unique_ptr<PGresult, decltype(&PQclear)> r(PQexec(c.get(), sql.c_str()), PQclear);
  const auto status = PQresultStatus(r.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(c.get()));
  std::string out;
  for (int row = 0; row < PQntuples(r.get()); ++row)
    for (int column = 0; column < PQnfields(r.get()); ++column)
      (out += PQgetvalue(r.get(), row, column)) += column + 1 < PQnfields(r.get()) ? '\t' : '\n';
  return out;
}

}  // namespace onechat::test
