/* onechat/host.h: the services the host offers to a plugin instance. The table lives as long as the instance. */
#ifndef ONECHAT_HOST_H
#define ONECHAT_HOST_H
#include "conv.h"
#ifdef __cplusplus
extern "C" {
#endif

enum { OC_LOG_TRACE = 0, OC_LOG_DEBUG = 1, OC_LOG_INFO = 2, OC_LOG_WARN = 3, OC_LOG_ERROR = 4 };
enum { OC_JSON_NULL = 0, OC_JSON_BOOL = 1, OC_JSON_NUMBER = 2, OC_JSON_STRING = 3, OC_JSON_ARRAY = 4, OC_JSON_OBJECT = 5 };
typedef void(OC_CALL *oc_fn)(void *arg);

enum {
  OC_OUT_SSE = 0,       /* server-sent events, LF */
  OC_OUT_SSE_CRLF = 1,
  OC_OUT_JSON_ARRAY = 2 /* application/json: elements of one array; its end is written by the surface (out_raw) */
};

typedef struct oc_host {
  uint32_t struct_size, abi_version;
  oc_host_ctx *ctx;

  /* [any] An optional ability by name ("onechat.NAME/REV"), or NULL. */
  const void *(OC_CALL *get_ext)(oc_host_ctx *, const char *id);
  /* [any] Secrets of the configuration are masked in what is logged. */
  void(OC_CALL *log)(oc_host_ctx *, int32_t level, oc_str message);
  /* [any] Monotonic nanoseconds; wall clock in Unix milliseconds. */
  uint64_t(OC_CALL *now_ns)(void);
  int64_t(OC_CALL *unix_ms)(void);

  /* [loop] `size` bytes from the arena, not zeroed. NULL when the call's memory limit is reached. */
  void *(OC_CALL *alloc)(oc_arena *, uint64_t size, uint64_t align);

  /* [loop] Tells why a call fails: a message for the client and optionally its field. Returns `status`,
   * so that a callback can end with `return host->fail(...)`. */
  oc_status(OC_CALL *fail)(oc_call *, oc_status status, uint32_t http_status, oc_str message, oc_str code, oc_str param);
  /* [loop] Hands one event of the answer to the exchange. Queues; never calls back into the same instance.
   * OC_PAUSE asks an active provider to stop producing until resume(). */
  oc_status(OC_CALL *emit)(oc_call *, const oc_event *);
  /* [any] The same from a thread of the plugin's own: copies and posts to the loop. */
  oc_status(OC_CALL *emit_from_any)(oc_call *, const oc_event *);
  /* [any] Completes `op`. A second completion, or one after a time-out, is ignored. */
  void(OC_CALL *complete)(oc_op *, oc_status, const void *result);
  /* [any] Runs `work` on a thread that may block, then `done` on the instance's loop. */
  oc_status(OC_CALL *offload)(oc_host_ctx *, oc_fn work, oc_fn done, void *arg);
  /* [loop] Runs `fn` on the loop after `ms`. */
  oc_status(OC_CALL *timer)(oc_host_ctx *, uint64_t ms, oc_fn fn, void *arg);

  /* [any] JSON reader. Never throws; NULL in gives NULL, "" or the default out. The value and its strings live in the
   * arena or point into the text, which must outlive it. Depth is limited; text after the value is an error. */
  const oc_json *(OC_CALL *json_parse)(oc_arena *, oc_bytes text);
  uint32_t(OC_CALL *json_type)(const oc_json *);
  const oc_json *(OC_CALL *json_get)(const oc_json *, oc_str key);  /* last member of that name */
  const oc_json *(OC_CALL *json_first)(const oc_json *);            /* first element or member value */
  const oc_json *(OC_CALL *json_next)(const oc_json *);             /* its next sibling */
  oc_str(OC_CALL *json_key)(const oc_json *);                       /* name of a member value */
  uint64_t(OC_CALL *json_size)(const oc_json *);                    /* number of elements or members */
  oc_str(OC_CALL *json_str)(const oc_json *);                       /* decoded; "" if not a string */
  int64_t(OC_CALL *json_int)(const oc_json *, int64_t otherwise);   /* otherwise: no number, no integer, or out of range */
  double(OC_CALL *json_num)(const oc_json *, double otherwise);
  uint32_t(OC_CALL *json_bool)(const oc_json *, uint32_t otherwise);
  oc_str(OC_CALL *json_raw)(const oc_json *);                       /* its text, a part of the text parsed */

  /* [loop] JSON writer: commas and escapes are the writer's affair; invalid UTF-8 becomes U+FFFD. */
  void(OC_CALL *jw_key)(oc_jsonw *, oc_str);
  void(OC_CALL *jw_str)(oc_jsonw *, oc_str);
  void(OC_CALL *jw_int)(oc_jsonw *, int64_t);
  void(OC_CALL *jw_num)(oc_jsonw *, double); /* shortest form that reads back the same; not finite: null */
  void(OC_CALL *jw_bool)(oc_jsonw *, uint32_t);
  void(OC_CALL *jw_null)(oc_jsonw *);
  void(OC_CALL *jw_raw)(oc_jsonw *, oc_str); /* one whole JSON value, verbatim */
  void(OC_CALL *jw_open)(oc_jsonw *, uint32_t array);
  void(OC_CALL *jw_close)(oc_jsonw *);

  /* [loop] Answer of a surface. out_head before the first byte, once; without it: 200, application/json or, when the
   * client asked to stream, text/event-stream. */
  void(OC_CALL *out_head)(oc_out *, uint32_t http_status, oc_str content_type);
  void(OC_CALL *out_header)(oc_out *, oc_str name, oc_str value);
  oc_jsonw *(OC_CALL *out_json)(oc_out *);                      /* writer of a whole (not streamed) body */
  oc_jsonw *(OC_CALL *out_event)(oc_out *, oc_str event_name);  /* begins a server-sent event; "" = data only */
  void(OC_CALL *out_event_end)(oc_out *);
  void(OC_CALL *out_raw)(oc_out *, oc_str);                     /* bytes as they are */

  /* [loop] `what` (a field's path, or a thing in words) of the request or the answer has no place in the other dialect.
   * The client reads it in x-1chat-dropped where the head is not out yet, the trace has it always. OC_OK; a strict
   * request fails instead with OC_E_UNSUPPORTED: return that. */
  oc_status(OC_CALL *dropped)(oc_call *, oc_str what);
  /* [loop] How out_event and out_event_end frame a stream (OC_OUT_*); before the first event. */
  void(OC_CALL *out_framing)(oc_out *, uint32_t framing);
  /* [loop] A writer of the call's own, emptied, for JSON that goes into a string of a larger text. What it wrote
   * (jw_text) is valid until the next jw_scratch of this call. */
  oc_jsonw *(OC_CALL *jw_scratch)(oc_call *);
  oc_str(OC_CALL *jw_text)(const oc_jsonw *);
  /* [loop] The id that the answer's x-request-id carries, for dialects that repeat it in their errors. */
  oc_str(OC_CALL *request_id)(oc_call *);

  /* [any] The calendar: begin (included) and end (excluded), Unix ms, of the window (OC_WINDOW_*) of `time_zone` (an IANA
   * name; "" is UTC) that `unix_ms` lies in. OC_E_INVALID: no such zone or period; nothing is written. */
  oc_status(OC_CALL *calendar_window)(oc_host_ctx *, uint32_t period, oc_str time_zone, int64_t unix_ms, int64_t *begin,
                                      int64_t *end);
} oc_host;

#ifdef __cplusplus
}
#endif
#endif
