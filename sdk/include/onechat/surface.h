/* onechat/surface.h: an API that clients speak (OpenAI, Anthropic, ...): a sans-IO codec on the client's side. */
#ifndef ONECHAT_SURFACE_H
#define ONECHAT_SURFACE_H
#include "provider.h"
#ifdef __cplusplus
extern "C" {
#endif

/* A path the surface serves. `{name}` matches one segment, `{name...}` one or more; text may follow either
 * ("/v1beta/models/{model...}:countTokens"). `claim_header` (may be ""): the route counts only when the client sent that
 * header, or with "?name" that query parameter; a route with it is tried before one without. */
typedef struct oc_route {
  uint32_t struct_size, op;
  oc_str method, path, claim_header;
} oc_route;

typedef struct oc_http_in {
  uint32_t struct_size, op;   /* op: of the route that matched */
  oc_str method, path, query; /* path without the mount prefix ("/openai", ...), percent-encoded as received */
  oc_str path_arg;            /* what {name} matched, percent-decoded */
  const oc_header *headers;   /* names in lower case */
  uint64_t n_headers;
  oc_bytes body;
} oc_http_in;

enum {
  OC_SURF_CARRIES_STATE = 1u << 0 /* opaque state goes to the client and comes back in the dialect's own places; without
                                     it the host keeps the state by the ids of the tool calls it stands before */
};

typedef struct oc_surface {
  uint32_t struct_size, flags; /* OC_SURF_* */
  uint64_t call_state_size;   /* zeroed bytes per exchange, 16-aligned */
  oc_str dialect;             /* name of the wire dialect, e.g. "openai_chat" */
  oc_str prefix;              /* unambiguous mount beside the plain one: "/openai" */
  /* All [loop], must not block. */
  uint64_t(OC_CALL *routes)(void *inst, const oc_route *const **out);
  /* Where the key is. OC_E_AUTH with host->fail when there is none. The body is not read yet. */
  oc_status(OC_CALL *credential)(void *inst, oc_call *, const oc_http_in *, oc_str *api_key);
  /* The body is complete. Refuses with host->fail (status, message, code, param). */
  oc_status(OC_CALL *parse)(void *inst, oc_call *, void *state, oc_arena *, const oc_http_in *, const oc_request **out);
  /* Renders one event; called for streamed and whole answers alike (the surface collects in `state` for the latter).
   * `in_stream`: the head is out, so an ERROR event becomes the dialect's in-stream error. */
  oc_status(OC_CALL *event)(void *inst, oc_call *, void *state, oc_arena *, const oc_event *, oc_out *);
  /* After the last event: the terminator of a stream, or the whole body. */
  oc_status(OC_CALL *finish)(void *inst, oc_call *, void *state, oc_arena *, oc_out *);
  /* A whole error answer (before the first byte): status line, headers and body. `state` may be zeroed (parse failed). */
  oc_status(OC_CALL *error)(void *inst, oc_call *, void *state, oc_arena *, const oc_event *, oc_out *);
  /* The same inside a stream that has begun; after it nothing else is written. */
  oc_status(OC_CALL *stream_error)(void *inst, oc_call *, void *state, oc_arena *, const oc_event *, oc_out *);
  /* OC_OP_LIST_MODELS / OC_OP_GET_MODEL (n == 1): what parse() is for other operations. */
  oc_status(OC_CALL *models)(void *inst, oc_call *, oc_arena *, const oc_http_in *, const oc_model *const *, uint64_t n,
                             oc_out *);

  /* Kept answers; all three or none. The host stores what keep() gives under its id, for the project, with a time to live.
   * `resume`: parse() gave a previous_id and `kept` is what is stored under it: *out is the request with those turns
   *   before its own (or `parsed` as it is).
   * `keep`: after the last event of a request with OC_REQ_KEEP. `answer_json`: the answer as the upstream of the same
   *   dialect wrote it (OC_EV_ANSWER of a straight exchange), or "" when this surface rendered it.
   * `kept`: renders OC_OP_RETRIEVE, DELETE (already done), CANCEL and LIST_INPUT of what is stored. */
  oc_status(OC_CALL *resume)(void *inst, oc_call *, void *state, oc_arena *, const oc_request *parsed, oc_bytes kept,
                             const oc_request **out);
  oc_status(OC_CALL *keep)(void *inst, oc_call *, void *state, oc_arena *, oc_str answer_json, oc_str *id, oc_bytes *kept);
  oc_status(OC_CALL *kept)(void *inst, oc_call *, void *state, oc_arena *, const oc_request *, oc_bytes kept, oc_out *);

  oc_str request_id_header; /* where clients of the dialect look for the request's id, beside x-request-id; may be "" */
} oc_surface;

#ifdef __cplusplus
}
#endif
#endif
