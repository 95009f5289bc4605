/* onechat/store.h: a store of versioned documents (projects, keys, ...) and of traces.
 *
 * The host owns one instance and calls it from one thread. A batch commits as a whole before it returns; results are
 * per op. Documents have a version for compare-and-set; traces are append-only until deleted. */
#ifndef ONECHAT_STORE_H
#define ONECHAT_STORE_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

enum {
  OC_SOP_GET = 1,           /* ns, key -> value, version */
  OC_SOP_PUT = 2,           /* ns, key, value; expect_version: OC_STORE_ANY, 0 = must be new, else must match */
  OC_SOP_DEL = 3,           /* ns, key; expect_version as in PUT */
  OC_SOP_LIST = 4,          /* ns, key = first key wanted (inclusive), limit -> rows */
  OC_SOP_TRACE_PUT = 16,    /* trace; the same id again replaces nothing and is OC_DUPLICATE */
  OC_SOP_TRACE_GET = 17,    /* id -> trace with bodies */
  OC_SOP_TRACE_LIST = 18,   /* filter -> traces without bodies, newest first */
  OC_SOP_TRACE_DEL = 19     /* id, or every trace of `filter.project` before `filter.to_unix_ms` */
};
#define OC_STORE_ANY UINT64_MAX

typedef struct oc_store_row {
  uint32_t struct_size, reserved;
  oc_str key;
  oc_bytes value;
  uint64_t version;
} oc_store_row;

typedef struct oc_trace {
  uint32_t struct_size, http_status;
  oc_id128 id;                   /* the exchange; also the id of its ledger hold */
  int64_t unix_ms;
  oc_str project, key_id, surface, operation, model, provider, target_model, status, route_reason, finish;
  uint32_t stream, attempts;
  uint64_t first_byte_us, total_us, upstream_us;
  oc_usage usage;
  int64_t held_nano, cost_nano, fee_nano;
  oc_str turns_json;             /* normalised turns and the answer, as JSON */
  oc_str meta_json;              /* everything else: dropped fields, errors, attempts, rating numerator */
  oc_bytes request_body, response_body; /* as they went over the client's wire, less framing */
} oc_trace;

typedef struct oc_trace_filter {
  uint32_t struct_size, limit;
  oc_str project, model, status;         /* "" = any */
  int64_t from_unix_ms, to_unix_ms;      /* [from, to); 0 = open */
  oc_id128 before;                       /* page: only ids below; 0 = from the newest */
} oc_trace_filter;

typedef struct oc_store_op {
  uint32_t struct_size, kind;
  oc_str ns, key;
  oc_bytes value;
  uint64_t expect_version, limit;
  oc_id128 id;
  const oc_trace *trace;
  const oc_trace_filter *filter;
  int64_t expires_unix_ms;               /* PUT: from then on the document is not there; 0 = it stays */
} oc_store_op;

typedef struct oc_store_result {         /* host pre-zeroes and sets struct_size; memory from `arena` */
  uint32_t struct_size;
  oc_status status;
  uint64_t version;
  oc_bytes value;
  const oc_store_row *const *rows;
  uint64_t n_rows;
  const oc_trace *const *traces;
  uint64_t n_traces;
} oc_store_result;

typedef struct oc_store { /* all [backend], one thread */
  uint32_t struct_size, batch_max;
  oc_status(OC_CALL *apply)(void *inst, const oc_store_op *const *, oc_store_result *const *, uint64_t n, oc_arena *arena);
} oc_store;

#ifdef __cplusplus
}
#endif
#endif
