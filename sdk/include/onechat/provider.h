/* onechat/provider.h: how a model is reached. Two forms:
 *  - the codec (the normal one): a pure function of bytes. It builds one HTTP request and turns the frames of the
 *    response into events; sockets, TLS, pooling, retries, deadlines, framing and JSON are the host's.
 *  - the active provider (OC_PROV_CAP_ACTIVE): brings its own I/O or needs none. */
#ifndef ONECHAT_PROVIDER_H
#define ONECHAT_PROVIDER_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

/* How the host cuts a successful response body into frames. */
enum {
  OC_FRAME_BODY = 0,   /* one frame: the whole body */
  OC_FRAME_SSE = 1,    /* one frame per server-sent event that has data */
  OC_FRAME_NDJSON = 2, /* one frame per line */
  OC_FRAME_RAW = 3,    /* bytes as they come */
  OC_FRAME_JSON_ARRAY = 4 /* one frame per element of a JSON array, as soon as the element is whole */
};
enum {
  OC_PROV_CAP_STREAM = 1ull << 0,
  OC_PROV_CAP_TOOLS = 1ull << 1,
  OC_PROV_CAP_VISION = 1ull << 2,
  OC_PROV_CAP_USAGE_INCREMENTAL = 1ull << 3,   /* usage arrives while streaming */
  OC_PROV_CAP_CANCEL_STOPS_BILLING = 1ull << 4, /* closing the connection ends the cost */
  OC_PROV_CAP_ACTIVE = 1ull << 5,              /* vtbl is oc_provider_active */
  OC_PROV_CAP_EMBED = 1ull << 6,
  OC_PROV_CAP_COUNT_TOKENS = 1ull << 7,        /* answers OC_OP_COUNT_TOKENS with a USAGE event; it must cost nothing */
  OC_PROV_CAP_STATE = 1ull << 8                /* emits OC_EV_STATE and wants it back in the next request */
};

/* Filled by build(); the host zeroes it and sets struct_size and body_json. Pointers: arena or static. */
typedef struct oc_http_request {
  uint32_t struct_size, framing; /* OC_FRAME_* */
  oc_str method, path;           /* path is appended to the configured base_url */
  const oc_header *headers;      /* host, content-length and connection are the host's */
  uint64_t n_headers;
  oc_jsonw *body_json;           /* either write here, */
  oc_bytes body;                 /* or give the bytes, */
  uint32_t straight, reserved;   /* or 1: send oc_request.raw with `splices` (ascending, not overlapping) applied. */
  const oc_splice *splices;      /* A straight exchange's answer is relayed byte by byte, less what relay edits. */
  uint64_t n_splices;
} oc_http_request;

typedef struct oc_frame {
  uint32_t struct_size, reserved;
  oc_str event;   /* SSE event name or "" */
  oc_bytes data;  /* SSE: data lines joined by LF; else the frame itself */
} oc_frame;

/* Straight exchanges only: what of this frame the client gets. The host pre-sets "all of it". */
typedef struct oc_relay {
  uint32_t struct_size, drop;  /* 1: the frame exists only because of what build() spliced in */
  const oc_splice *splices;    /* edits of frame->data (ascending, not overlapping) */
  uint64_t n_splices;
} oc_relay;

typedef struct oc_provider_codec {
  uint32_t struct_size, reserved;
  uint64_t call_state_size;    /* the host gives this many zeroed bytes, 16-aligned, per attempt */
  oc_str dialect;              /* dialect it speaks upstream: equal to oc_request.dialect makes an exchange straight */
  /* All [loop], must not block, budget 1 ms. `straight_ok` says the host would relay a straight answer. */
  oc_status(OC_CALL *build)(void *inst, oc_call *, void *state, oc_arena *, const oc_request *, uint32_t straight_ok,
                            oc_http_request *);
  /* Once, when a successful (2xx) head is in. May be NULL. */
  oc_status(OC_CALL *headers)(void *inst, oc_call *, void *state, uint32_t http_status, const oc_header *, uint64_t n);
  /* `relay` is NULL in a translated exchange. Emits events through host->emit. */
  oc_status(OC_CALL *frame)(void *inst, oc_call *, void *state, oc_arena *, const oc_frame *, oc_relay *relay);
  /* Exactly once after build(), however the attempt ended: OC_OK after a complete body, else why not. Returns an error
   * when the answer is not complete by the dialect's own rules (missing terminator). Last use of `state`. */
  oc_status(OC_CALL *finish)(void *inst, oc_call *, void *state, oc_arena *, oc_status transport);
  /* A non-2xx answer (body at most 64 KiB) -> one OC_EV_ERROR event. May be NULL: the host guesses from the status. */
  oc_status(OC_CALL *map_error)(void *inst, oc_call *, void *state, oc_arena *, uint32_t http_status,
                                const oc_header *, uint64_t n, oc_bytes body, oc_event *out);
  /* Upper bound of what the request may use; a tier in its flags (OC_USAGE_TIER) when it asks to be served so in a way
   * that service_tier does not tell. May be NULL: the host takes input_bytes and max_output_tokens. */
  oc_status(OC_CALL *estimate)(void *inst, const oc_request *, oc_usage *);
} oc_provider_codec;

typedef struct oc_provider_active {
  uint32_t struct_size, reserved;
  uint64_t call_state_size;
  /* [loop] Returns at once; emits events, then completes `done` exactly once, also after cancel(). Request and arena
   * live until then. */
  oc_status(OC_CALL *start)(void *inst, oc_call *, void *state, oc_arena *, const oc_request *, oc_op *done);
  void(OC_CALL *cancel)(void *inst, oc_call *, void *state); /* [loop] a request; `done` is still to be completed */
  void(OC_CALL *resume)(void *inst, oc_call *, void *state); /* [loop] after OC_PAUSE */
  oc_status(OC_CALL *estimate)(void *inst, const oc_request *, oc_usage *); /* may be NULL */
} oc_provider_active;

#ifdef __cplusplus
}
#endif
#endif
