// What an exchange works with: the node's services, the worker it runs on, and the configuration it began with.
#pragma once
#include <onechat/flow.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "admission/admission.hpp"
#include "admission/key_table.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "exchange/metrics.hpp"
#include "exchange/output_history.hpp"
#include "ledger/hold_rules.hpp"
#include "ledger/markup.hpp"
#include "ledger/rating.hpp"
#include "ledger/till.hpp"
#include "net/client.hpp"
#include "plugin/instance.hpp"
#include "record/store_engine.hpp"
#include "record/trace_text.hpp"
#include "routing/model_table.hpp"
#include "routing/retry_budget.hpp"
#include "surface/mount_table.hpp"

namespace onechat::exchange {

// One step of the pipeline, in configured order. Between authenticate and the next step the body is read and parsed.
enum class StepKind { authenticate, admit, stage, route, reserve, call, settle, trace };
struct Step {
  StepKind kind;
  std::size_t stage = 0;  // StepKind::stage: index into WorkerPlan::stages
};

using Codec = plugin::Instance<oc_provider_codec>;
using ActiveProvider = plugin::Instance<oc_provider_active>;
using Router = plugin::Instance<oc_router>;
using Stage = plugin::Instance<oc_stage>;

struct ProviderRuntime {
  std::string name;
  std::unique_ptr<Codec> codec;            // either this, with a client, ...
  std::shared_ptr<boost::asio::ssl::context> tls;  // outlives the client
  std::unique_ptr<net::Client> client;
  std::unique_ptr<ActiveProvider> active;  // ... or this
  std::vector<std::string> secrets;        // never in anything a client sees
  std::string disabled_why;                // not empty: cannot be used, and why
  std::uint64_t caps = 0;
};

// One price for one target, found by (provider, the target's model, time).
struct Tariff {
  const ledger::Price* price = nullptr;  // the configuration's, as its text is
  std::string_view price_text;           // ledger::price_text(): the row as traces keep it
  bool byok = false;                     // the provider is paid by the customer
  std::uint64_t output_tokens_max = 0;
};

// What all workers share of one configuration. Immutable.
struct SharedPlan {
  routing::ModelTable models;
  std::function<std::optional<Tariff>(const routing::Model&, const routing::Target&, std::string_view model,
                                      std::int64_t unix_ms)> tariff;
  ledger::MarkupTable markups;
  admission::Limits key_limits, project_limits;
  std::uint32_t attempts_max = 3, retry_percent = 20, backoff_ms = 100;
  std::uint32_t drain_on_disconnect_ms = 10'000;
  ledger::HoldTable holds;
  bool trace_bodies = true;
  bool ledger_none = false;
  std::int64_t loaded_unix_s = 0;          // what models are said to be created at
};

// One configuration on one worker: plugin instances and connections. Lives as long as an exchange that began with it.
struct WorkerPlan {
  std::shared_ptr<const SharedPlan> shared;
  std::vector<std::unique_ptr<surface::SurfaceInstance>> surfaces;
  std::optional<surface::MountTable> mounts;
  std::vector<ProviderRuntime> providers;
  std::unordered_map<std::string, std::unique_ptr<Router>> routers;  // "" = direct
  std::vector<std::unique_ptr<Stage>> stages;
  std::vector<Step> pipeline;
};

// One exchange as its log line tells it. Borrowed for the call.
struct RequestLine {
  std::string_view request_id, project, model, provider, status, message;
  unsigned http_status = 0;
  std::uint32_t attempts = 0;
  std::uint64_t total_us = 0;
  bool failed = false;
};

// Services of the process. All are safe to use from any worker; borrowed, they outlive every exchange.
struct Node {
  const Clock& clock;
  const admission::KeyTable& keys;
  admission::Admission& admission;
  ledger::Till* till;  // null only with `ledger: none`
  record::StoreEngine& store;
  std::uint64_t id = 1;
  std::function<void(const RequestLine&)> log = {};  // must not block; decides by level whether to format anything
};

struct Worker {
  boost::asio::io_context& loop;
  Node& node;
  plugin::OperationPool& operations;
  std::shared_ptr<const WorkerPlan> plan;  // of new exchanges; swapped on reload, on the loop
  IdMaker ids;
  Arena scratch;                           // for one frame or event at a time; nothing in it lives over an await
  routing::RetryBudget retries;
  WorkerMetrics metrics;
  OutputHistory outputs;
  bool draining = false;                   // new requests are refused with 503
};

}  // namespace onechat::exchange
