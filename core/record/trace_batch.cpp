#include "record/trace_batch.hpp"

#include <algorithm>
#include <cstring>

namespace onechat::record {
namespace {

constexpr std::size_t kSpareBytesMax = 16'384;  // a record with more is not kept for another trace

}  // namespace

TraceBatch::TraceBatch(StoreBackend backend, std::size_t capacity) : backend_(backend), capacity_(capacity) {
  records_.reserve(capacity);
  ops_.resize(capacity);
  results_.resize(capacity);
  for (std::size_t i = 0; i < capacity; ++i) {
    op_pointers_.push_back(&ops_[i]);
    result_pointers_.push_back(&results_[i]);
  }
}

void TraceBatch::add(std::unique_ptr<TraceRecord> record) {
  record->seal();
  bytes_ += record->bytes();
  oc_store_op& op = ops_[records_.size()];
  op = {};
  op.struct_size = sizeof op;
  op.kind = OC_SOP_TRACE_PUT;
  op.id = record->head.id;
  op.trace = &record->head;
  records_.push_back(std::move(record));
}

TraceBatch::Outcome TraceBatch::write(Arena& arena) {
  const std::size_t n = records_.size();
  for (std::size_t i = 0; i < n; ++i) {
    results_[i] = {};
    results_[i].struct_size = sizeof(oc_store_result);
  }
  if (backend_.table->apply(backend_.instance, op_pointers_.data(), result_pointers_.data(), n, &arena) < 0) return {};
  const auto good = std::count_if(results_.begin(), results_.begin() + static_cast<std::ptrdiff_t>(n),
                                  [](const oc_store_result& r) { return r.status >= 0; });
  return {.applied = true, .written = static_cast<std::size_t>(good)};
}

void TraceBatch::clear_into(std::vector<std::unique_ptr<TraceRecord>>& spare, std::mutex& guards_spare) noexcept {
  for (auto& record : records_)
    if (record->texts_capacity() > kSpareBytesMax)
      record.reset();
    else
      record->clear();
  {
    const std::lock_guard lock(guards_spare);
    for (auto& record : records_)
      if (record && spare.size() < spare.capacity()) spare.push_back(std::move(record));
  }
  records_.clear();
  bytes_ = 0;
}

void TraceRecord::clear() noexcept {
  head = {};
  for (std::string* text : {&project, &key_id, &surface, &operation, &model, &provider, &target_model, &status,
                            &route_reason, &finish, &turns_json, &meta_json, &request_body, &response_body})
    text->clear();
}

std::size_t TraceRecord::texts_capacity() const noexcept {
  return model.capacity() + turns_json.capacity() + meta_json.capacity() + request_body.capacity() +
         response_body.capacity();
}

void TraceRecord::seal() noexcept {
  head.struct_size = sizeof head;
  head.project = str(project);
  head.key_id = str(key_id);
  head.surface = str(surface);
  head.operation = str(operation);
  head.model = str(model);
  head.provider = str(provider);
  head.target_model = str(target_model);
  head.status = str(status);
  head.route_reason = str(route_reason);
  head.finish = str(finish);
  head.turns_json = str(turns_json);
  head.meta_json = str(meta_json);
  head.request_body = onechat::bytes(request_body);
  head.response_body = onechat::bytes(response_body);
}

std::size_t TraceRecord::bytes() const noexcept {
  return sizeof *this + project.size() + key_id.size() + surface.size() + operation.size() + model.size() +
         provider.size() + target_model.size() + status.size() + route_reason.size() + finish.size() +
         turns_json.size() + meta_json.size() + request_body.size() + response_body.size();
}

std::unique_ptr<TraceRecord> record_of(const oc_trace& trace) {
  auto record = std::make_unique<TraceRecord>();
  std::memcpy(&record->head, &trace, std::min<std::size_t>(trace.struct_size, sizeof trace));
  const oc_trace& head = record->head;  // fields that a backend does not know are zero here
  record->project = view(head.project);
  record->key_id = view(head.key_id);
  record->surface = view(head.surface);
  record->operation = view(head.operation);
  record->model = view(head.model);
  record->provider = view(head.provider);
  record->target_model = view(head.target_model);
  record->status = view(head.status);
  record->route_reason = view(head.route_reason);
  record->finish = view(head.finish);
  record->turns_json = view(head.turns_json);
  record->meta_json = view(head.meta_json);
  record->request_body = view(head.request_body);
  record->response_body = view(head.response_body);
  record->seal();
  return record;
}

}  // namespace onechat::record
