#include "control/log.hpp"

#include <Poco/AsyncChannel.h>
#include <Poco/AutoPtr.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Message.h>
#include <Poco/StreamChannel.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <iostream>

#include "json/json.hpp"

namespace onechat::control {
namespace {

constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error"};
constexpr Poco::Message::Priority kPriorities[] = {Poco::Message::PRIO_TRACE, Poco::Message::PRIO_DEBUG,
                                                   Poco::Message::PRIO_INFORMATION, Poco::Message::PRIO_WARNING,
                                                   Poco::Message::PRIO_ERROR};

int index_of(Level level) noexcept { return std::clamp(static_cast<int>(level), 0, 4); }

void mask(std::string& text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.size() < Log::kSecretBytesMin) continue;
    for (std::size_t at = text.find(secret); at != text.npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  }
}

std::string masked_copy(std::string_view text, const std::vector<std::string>* secrets) {
  std::string out(text);
  if (secrets) mask(out, *secrets);
  return out;
}

}  // namespace

Level level_of(std::string_view name) noexcept {
  for (int i = 0; i < 5; ++i)
    if (kNames[i] == name) return static_cast<Level>(i);
  return Level::info;
}

class Log::Sink {
 public:
  explicit Sink(std::ostream& out) : stream_(new Poco::StreamChannel(out)), queue_(new Poco::AsyncChannel(stream_)) {
    queue_->setProperty("queueSize", std::to_string(kQueueMax));
    queue_->open();
  }
  ~Sink() { queue_->close(); }
  void put(int level, std::string line) {
    queue_->log(Poco::Message(std::string(), std::move(line), kPriorities[level]));
  }

 private:
  Poco::AutoPtr<Poco::StreamChannel> stream_;
  Poco::AutoPtr<Poco::AsyncChannel> queue_;
};

Log::Log(Level level) : Log(level, std::cerr) {}
Log::Log(Level level, std::ostream& out) : level_(static_cast<int>(level)), sink_(std::make_unique<Sink>(out)) {}
Log::~Log() = default;

void Log::set_secrets(std::vector<std::string> secrets) {
  secrets_.store(std::make_shared<const std::vector<std::string>>(std::move(secrets)));
}

std::string Log::masked(std::string_view text) const {
  const auto secrets = secrets_.load();
  return masked_copy(text, secrets.get());
}

void Log::put(Level level, std::string_view event, Fields fields) noexcept {
  try {
    const auto secrets = secrets_.load();
    std::string line;
    oc_jsonw w(&line);
    w.object();
    w.key("time").string(Poco::DateTimeFormatter::format(Poco::Timestamp(), "%Y-%m-%dT%H:%M:%S.%iZ"));
    w.key("level").string(kNames[index_of(level)]);
    w.key("event").string(masked_copy(event, secrets.get()));
    for (const auto& field : fields) {
      w.key(field.name);
      if (const auto* text = std::get_if<std::string_view>(&field.value))
        w.string(masked_copy(*text, secrets.get()));
      else if (const auto* i = std::get_if<std::int64_t>(&field.value))
        w.integer(*i);
      else if (const auto* u = std::get_if<std::uint64_t>(&field.value))
        w.raw(std::to_string(*u));
      else if (const auto* d = std::get_if<double>(&field.value))
        w.number(*d);
      else
        w.boolean(std::get<bool>(field.value));
    }
    w.close();
    sink_->put(index_of(level), std::move(line));
  } catch (...) {  // a line that cannot be written must not end a request
    return;
  }
}

}  // namespace onechat::control
