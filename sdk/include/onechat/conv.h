/* onechat/conv.h: the normalised conversation: requests of turns and parts, streamed events, usage.
 * Pure values. Strings point into the request body or into the arena of the call. */
#ifndef ONECHAT_CONV_H
#define ONECHAT_CONV_H
#include "abi.h"
#ifdef __cplusplus
extern "C" {
#endif

enum { OC_ROLE_SYSTEM = 1, OC_ROLE_USER = 2, OC_ROLE_ASSISTANT = 3, OC_ROLE_TOOL = 4, OC_ROLE_DEVELOPER = 5 };

enum {
  OC_PART_TEXT = 1,
  OC_PART_IMAGE = 2,       /* uri, or data_base64 + media_type */
  OC_PART_AUDIO = 3,
  OC_PART_FILE = 4,
  OC_PART_TOOL_CALL = 5,   /* tool_id, tool_name, tool_args_json: the raw string a model wrote, valid JSON or not */
  OC_PART_TOOL_RESULT = 6, /* tool_id, text or parts */
  OC_PART_REASONING = 7,   /* text and/or opaque */
  OC_PART_REFUSAL = 8,
  OC_PART_CACHE_MARK = 9,
  OC_PART_OPAQUE = 100     /* a part of the dialect that is not modelled: ext_json is all of it */
};

enum { OC_PARTF_ERROR = 1u << 0 }; /* a tool result that reports a failure */

typedef struct oc_part {
  uint32_t struct_size, type;
  uint32_t flags, reserved;
  oc_str text, media_type, uri, data_base64;
  oc_str tool_id, tool_name, tool_args_json;
  oc_str opaque, opaque_origin; /* signed or encrypted state, and "provider/model" that made it: replay only there */
  oc_str ext_json;              /* members that are not modelled, as one JSON object, verbatim */
  const struct oc_part *const *parts;
  uint64_t n_parts;             /* content of a tool result */
} oc_part;

typedef struct oc_turn {
  uint32_t struct_size, role;
  const oc_part *const *parts;
  uint64_t n_parts;
  oc_str name, ext_json;
} oc_turn;

typedef struct oc_tool {
  uint32_t struct_size, flags;
  oc_str name, description, schema_json, ext_json;
} oc_tool;

/* What is asked for. A provider answers OC_E_UNSUPPORTED to an op it does not know. */
enum {
  OC_OP_GENERATE = 1,
  OC_OP_EMBED = 2,
  OC_OP_COUNT_TOKENS = 3,
  OC_OP_LIST_MODELS = 4,   /* answered by the host from its configuration through surface.models */
  OC_OP_GET_MODEL = 5,     /* likewise; oc_request.model names it */
  OC_OP_RETRIEVE = 6,
  OC_OP_DELETE = 7
};

enum {
  OC_REQ_STREAM = 1u << 0,
  OC_REQ_STREAM_USAGE = 1u << 1, /* the client wants usage inside the stream */
  OC_REQ_STRICT = 1u << 2        /* what cannot be carried to the target is an error, not dropped */
};
enum {
  OC_SET_TEMPERATURE = 1u << 0,
  OC_SET_TOP_P = 1u << 1,
  OC_SET_MAX_TOKENS = 1u << 2,
  OC_SET_N = 1u << 3,
  OC_SET_SEED = 1u << 4
};

typedef struct oc_request {
  uint32_t struct_size, flags; /* OC_REQ_* */
  uint32_t op, n;              /* OC_OP_*; answers wanted (1 when not set) */
  oc_str dialect;              /* what `raw` is written in, e.g. "openai_chat" */
  oc_bytes raw;                /* the client's body as received; empty for a GET */
  oc_str model;                /* from a surface: as asked; to a provider: the target's own id */
  const oc_anchor *anchors;    /* where a provider of the same dialect may want to splice */
  uint64_t n_anchors;
  const oc_turn *const *turns;
  uint64_t n_turns;
  const oc_tool *const *tools;
  uint64_t n_tools;
  uint64_t set_mask;           /* OC_SET_*: which scalars below the client set */
  double temperature, top_p;
  int64_t seed;
  uint64_t max_output_tokens;
  const oc_str *stop;
  uint64_t n_stop;
  oc_str tool_choice_json, response_format_json, reasoning_effort, user, ext_json;
  const oc_str *inputs;        /* OC_OP_EMBED: the texts, where they are texts */
  uint64_t n_inputs;
  uint64_t input_bytes;        /* upper bound of input tokens: bytes of everything that becomes tokens */
} oc_request;

/* The one usage vector. Buckets are DISJOINT: a token is counted in exactly one of them. */
typedef struct oc_usage {
  uint32_t struct_size, flags;                            /* OC_USAGE_* */
  uint64_t input, cache_read, cache_write, cache_write_1h; /* text (and untold) input tokens */
  uint64_t audio_input;
  uint64_t output, reasoning, audio_output;               /* output excludes reasoning and audio */
  uint64_t images, searches, requests;                    /* counts */
} oc_usage;
enum {
  OC_USAGE_FINAL = 1u << 0,      /* the provider's last word */
  OC_USAGE_CUMULATIVE = 1u << 1, /* replaces what was reported before */
  OC_USAGE_ESTIMATED = 1u << 2   /* counted by us, not reported */
};

enum {
  OC_EV_START = 1,     /* id, model */
  OC_EV_TEXT = 2,
  OC_EV_REASONING = 3,
  OC_EV_TOOL_BEGIN = 4,
  OC_EV_TOOL_ARGS = 5,
  OC_EV_PART_END = 6,
  OC_EV_USAGE = 7,
  OC_EV_FINISH = 8,
  OC_EV_ERROR = 9,
  OC_EV_REFUSAL = 10,
  OC_EV_OPAQUE = 100
};
enum {
  OC_FIN_STOP = 1,
  OC_FIN_LENGTH = 2,
  OC_FIN_TOOL = 3,
  OC_FIN_FILTER = 4,
  OC_FIN_ERROR = 5,
  OC_FIN_CANCELLED = 6
};

/* One step of an answer, streamed or not. Order per choice: START?, parts, FINISH; USAGE anywhere; ERROR ends all.
 * `index` counts parts (tool calls and texts together) from 0 within `choice`. */
typedef struct oc_event {
  uint32_t struct_size, type;
  uint32_t choice, index;
  uint32_t finish, http_status;  /* ERROR: http_status as the upstream said it, 0 if none */
  oc_str id, model;              /* START */
  oc_str text;                   /* TEXT, REASONING, REFUSAL, TOOL_ARGS; ERROR: message for the client */
  oc_str tool_id, tool_name;     /* TOOL_BEGIN */
  oc_str code, param;            /* ERROR: machine-readable code; the offending field's path */
  oc_str ext_json;
  const oc_usage *usage;         /* USAGE */
  oc_status status;              /* ERROR: normalised status */
  uint32_t reserved;
  uint64_t retry_after_ms;       /* ERROR: 0 = not said */
} oc_event;

/* A model a client may ask for (surface.models). */
typedef struct oc_model {
  uint32_t struct_size, reserved;
  oc_str id, owned_by;
  int64_t created_s; /* Unix seconds */
} oc_model;

#ifdef __cplusplus
}
#endif
#endif
