/* onechat/flow.h: what stands between surface and provider: router, stage; and what comes after: exporter, grader. */
#ifndef ONECHAT_FLOW_H
#define ONECHAT_FLOW_H
#include "provider.h"
#ifdef __cplusplus
extern "C" {
#endif

/* The host's live view of one target; a read-only snapshot for the call. */
typedef struct oc_candidate {
  uint32_t struct_size, flags;
  uint64_t id;               /* position in the model's list of targets */
  oc_str provider, model;
  uint64_t caps;
  uint32_t in_flight, ewma_first_byte_ms, error_permille, breaker_open;
  uint32_t weight, reserved;
  int64_t cost_estimate_nano;
} oc_candidate;

typedef struct oc_plan {     /* filled by plan(); `order` in the arena */
  uint32_t struct_size, attempts_max;
  const uint64_t *order;     /* candidate ids, best first; one not named is not used */
  uint64_t n;
  oc_str reason;             /* for the trace: why this order */
} oc_plan;

typedef struct oc_outcome {
  uint32_t struct_size;
  oc_status status;
  uint64_t candidate;
  uint32_t http_status, first_byte_ms, total_ms, attempt;
  int64_t cost_nano;
} oc_outcome;

typedef struct oc_router {
  uint32_t struct_size, reserved;
  /* [loop] Budget 2 us: a table look-up, never I/O. */
  oc_status(OC_CALL *plan)(void *inst, oc_call *, oc_arena *, const oc_request *, const oc_candidate *const *, uint64_t n,
                           oc_plan *);
  void(OC_CALL *observe)(void *inst, const oc_outcome *); /* [loop] may be NULL */
} oc_router;

enum { OC_STAGE_CONTINUE = 0, OC_STAGE_ASYNC = 1, OC_STAGE_REFUSE = 2, OC_STAGE_DROP = 3 };
enum {
  OC_NEED_REQUEST = 1u << 0,
  OC_NEED_EVENTS = 1u << 1,      /* reads events; a straight exchange stays straight */
  OC_NEED_END = 1u << 2,
  OC_NEED_REWRITE = 1u << 3      /* changes the request or the events: the exchange is translated */
};

typedef struct oc_stage {
  uint32_t struct_size, needs;   /* OC_NEED_*: hooks not needed are not called */
  uint64_t call_state_size;
  /* [loop] CONTINUE (with *out when it rewrote), REFUSE after host->fail, or ASYNC: the exchange waits until `async` is
   * completed, from any thread, with CONTINUE, REFUSE or an error as status. Complete it always: nothing else ends the
   * wait. Until then the request, `state`, the arena and `out` stay, and *out may be filled from any thread; the arena's
   * alloc and host->fail remain [loop] (host->timer and the `done` of host->offload lead there).
   * *out is a whole request: as a rule a copy of the given one with other turns; `input_bytes` must cover what it adds,
   * and `raw` may be emptied, so that no trace keeps the client's own words. It lives until `end`: in the arena, or
   * memory of the plugin's. A rewritten exchange is translated. */
  int32_t(OC_CALL *request)(void *inst, oc_call *, void *state, oc_arena *, const oc_request *, const oc_request **out,
                            oc_op *async);
  /* [loop] CONTINUE (with *out, in the arena, when it rewrote), DROP, or REFUSE after host->fail: the answer ends there
   * with that error. Only a stage with OC_NEED_REWRITE can rewrite and drop. The bill is for what the provider said,
   * whatever stages make of it. Budget 50 us. */
  int32_t(OC_CALL *event)(void *inst, oc_call *, void *state, oc_arena *, const oc_event *, const oc_event **out);
  /* [loop] Once for every exchange that the stage has seen, however it ended. */
  void(OC_CALL *end)(void *inst, oc_call *, void *state, const oc_usage *, oc_status);
} oc_stage;

typedef struct oc_record {
  uint32_t struct_size, type;
  oc_id128 id;
  int64_t unix_ms;
  oc_bytes json;
} oc_record;
typedef struct oc_exporter { /* [backend] */
  uint32_t struct_size, batch_max;
  oc_status(OC_CALL *write)(void *inst, const oc_record *const *, uint64_t n);
  oc_status(OC_CALL *flush)(void *inst);
} oc_exporter;

typedef struct oc_grade {
  uint32_t struct_size, flags;
  double score;
  oc_str label, rationale;
} oc_grade;
typedef struct oc_grader {   /* [backend] */
  uint32_t struct_size, reserved;
  oc_status(OC_CALL *grade)(void *inst, const oc_record *, oc_arena *, oc_grade *out);
} oc_grader;

#ifdef __cplusplus
}
#endif
#endif
