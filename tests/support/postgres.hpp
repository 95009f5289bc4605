// A PostgreSQL server of the test's own: a fresh cluster in a temporary folder, on a Unix socket and 127.0.0.1.
//
// fsync stays on: what it acknowledged survives crash(). The server runs as user `postgres` or `nobody` when the test
// runs as root (it refuses root), and ends with the thread that started it, however that ends. Not thread-safe. What
// cannot be started throws std::runtime_error with the end of the server's log.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace onechat::test {

class PostgresServer {
 public:
  // Why no server can run here, or nothing: GTEST_SKIP() << *why.
  static std::optional<std::string> missing();

  // `settings`: further lines of postgresql.conf, each "name = value".
  explicit PostgresServer(const std::vector<std::string>& settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string url() const;      // by the Unix socket
  std::string tcp_url() const;  // by 127.0.0.1
  std::string tcp_url(std::uint16_t through_port) const;
  std::uint16_t port() const noexcept { return port_; }

  void crash();           // SIGKILL to the server and all its processes
  void stop_immediate();  // what an operator's `pg_ctl stop -m immediate` does
  void start();           // again, on the same data and port

 private:
  void make_cluster(const std::vector<std::string>& settings);
  pid_t spawn(const std::vector<std::string>& command) const;
  std::vector<pid_t> processes() const;
  void wait_until_it_answers();
  std::string log_end() const;

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

// The fields of one query's rows, tab-separated, one row a line; for tests that look into the database by themselves.
// Throws std::runtime_error with the server's words.
std::string query_text(const std::string& url, const std::string& sql);

}  // namespace onechat::test
