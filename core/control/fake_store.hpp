// An in-memory store behind the C table, for tests of the control plane. Called by its engine's thread.
#pragma once
#include <onechat/store.h>

#include <atomic>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace onechat::control {

class FakeStore {
 public:
  static const oc_store* table() {
    static const oc_store kTable{sizeof(oc_store), 64, &FakeStore::apply};
    return &kTable;
  }
  std::atomic<bool> broken{false};

 private:
  struct Document {
    std::string value;
    std::uint64_t version = 0;
  };
  struct Trace {
    oc_trace head{};
    std::string project, key_id, model, status, turns, meta, request;
  };

  static oc_status apply(void* inst, const oc_store_op* const* ops, oc_store_result* const* results, std::uint64_t n,
                         oc_arena* arena) {
    auto& self = *static_cast<FakeStore*>(inst);
    if (self.broken) return OC_E_UNAVAILABLE;
    for (std::uint64_t i = 0; i < n; ++i) results[i]->status = self.one(*ops[i], *results[i], *arena);
    return OC_OK;
  }

  oc_status one(const oc_store_op& op, oc_store_result& out, Arena& arena) {
    const std::pair<std::string, std::string> id{view(op.ns), view(op.key)};
    const auto found = documents_.find(id);
    switch (op.kind) {
      case OC_SOP_GET:
        if (found == documents_.end()) return OC_E_NOT_FOUND;
        out.value = bytes(arena.copy(found->second.value));
        out.version = found->second.version;
        return OC_OK;
      case OC_SOP_PUT: {
        const std::uint64_t version = found == documents_.end() ? 0 : found->second.version;
        if (op.expect_version != OC_STORE_ANY && op.expect_version != version) return OC_E_CONFLICT;
        documents_[id] = {std::string(view(op.value)), version + 1};
        out.version = version + 1;
        return OC_OK;
      }
      case OC_SOP_DEL:
        if (found == documents_.end()) return OC_E_NOT_FOUND;
        documents_.erase(found);
        return OC_OK;
      case OC_SOP_LIST: return list(op, out, arena);
      case OC_SOP_TRACE_PUT: return put(*op.trace);
      case OC_SOP_TRACE_GET: return get(op.id, out, arena);
      case OC_SOP_TRACE_LIST: return list_traces(*op.filter, out, arena);
      case OC_SOP_TRACE_DEL: return traces_.erase({op.id.hi, op.id.lo}) ? OC_OK : OC_E_NOT_FOUND;
      default: return OC_E_UNSUPPORTED;
    }
  }

  oc_status list(const oc_store_op& op, oc_store_result& out, Arena& arena) {
    std::vector<const oc_store_row*> rows;
    for (auto at = documents_.lower_bound({std::string(view(op.ns)), std::string(view(op.key))});
         at != documents_.end(); ++at) {
      if (at->first.first != view(op.ns) || (op.limit != 0 && rows.size() == op.limit)) break;
      auto* row = arena.make_sized<oc_store_row>();
      row->key = str(arena.copy(at->first.second));
      row->value = bytes(arena.copy(at->second.value));
      row->version = at->second.version;
      rows.push_back(row);
    }
    auto kept = arena.make_array<const oc_store_row*>(rows.size());
    std::copy(rows.begin(), rows.end(), kept.begin());
    out.rows = kept.data();
    out.n_rows = rows.size();
    return OC_OK;
  }

  oc_status put(const oc_trace& t) {
    Trace& kept = traces_[{t.id.hi, t.id.lo}];
    kept.head = t;
    kept.project = view(t.project);
    kept.key_id = view(t.key_id);
    kept.model = view(t.model);
    kept.status = view(t.status);
    kept.turns = view(t.turns_json);
    kept.meta = view(t.meta_json);
    kept.request = view(t.request_body);
    return OC_OK;
  }
  static const oc_trace* copy_of(const Trace& kept, bool bodies, Arena& arena) {
    auto* t = arena.make<oc_trace>();
    *t = kept.head;
    for (oc_str* s :
         {&t->surface, &t->operation, &t->provider, &t->target_model, &t->route_reason, &t->finish})
      *s = {};
    t->project = str(arena.copy(kept.project));
    t->key_id = str(arena.copy(kept.key_id));
    t->model = str(arena.copy(kept.model));
    t->status = str(arena.copy(kept.status));
    t->meta_json = str(arena.copy(kept.meta));
    t->turns_json = bodies ? str(arena.copy(kept.turns)) : oc_str{};
    t->meta_json = bodies ? str(arena.copy(kept.meta)) : oc_str{};
    t->request_body = bodies ? bytes(arena.copy(kept.request)) : oc_bytes{};
    t->response_body = {};
    return t;
  }
  oc_status get(oc_id128 id, oc_store_result& out, Arena& arena) {
    const auto found = traces_.find({id.hi, id.lo});
    if (found == traces_.end()) return OC_E_NOT_FOUND;
    auto kept = arena.make_array<const oc_trace*>(1);
    kept[0] = copy_of(found->second, true, arena);
    out.traces = kept.data();
    out.n_traces = 1;
    return OC_OK;
  }
  oc_status list_traces(const oc_trace_filter& f, oc_store_result& out, Arena& arena) {
    std::vector<const oc_trace*> found;
    for (auto at = traces_.rbegin(); at != traces_.rend() && found.size() < f.limit; ++at) {
      const Trace& t = at->second;
      const bool page = (f.before.hi == 0 && f.before.lo == 0) || at->first < std::pair(f.before.hi, f.before.lo);
      const bool fits = (f.project.len == 0 || t.project == view(f.project)) &&
                        (f.status.len == 0 || t.status == view(f.status)) &&
                        (f.model.len == 0 || t.model == view(f.model));
      const bool in_time = t.head.unix_ms >= f.from_unix_ms && (f.to_unix_ms == 0 || t.head.unix_ms < f.to_unix_ms);
      if (page && fits && in_time) found.push_back(copy_of(t, false, arena));
    }
    auto kept = arena.make_array<const oc_trace*>(found.size());
    std::copy(found.begin(), found.end(), kept.begin());
    out.traces = kept.data();
    out.n_traces = found.size();
    return OC_OK;
  }

  std::map<std::pair<std::string, std::string>, Document> documents_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Trace> traces_;
};

}  // namespace onechat::control
