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
  OC_PART_TOOL_RESULT = 6, /* tool_id, tool_name where it is told, text or parts */
  OC_PART_REASONING = 7,   /* text and/or opaque */
  OC_PART_REFUSAL = 8,
  OC_PART_OPAQUE = 100     /* a part of the request's dialect that is not modelled: ext_json is all of it */
};

enum {
  OC_PARTF_ERROR = 1u << 0,   /* TOOL_RESULT: it reports a failure */
  OC_PARTF_CUSTOM = 1u << 1,  /* TOOL_CALL, TOOL_RESULT: of a custom tool; tool_args_json is free text, not JSON */
  OC_PARTF_SUMMARY = 1u << 2, /* REASONING: text is a summary of it */
  OC_PARTF_FILE_ID = 1u << 3  /* media: uri is an id of a file kept by the provider of the request's dialect */
};

/* State that a model signed or encrypted and wants back: on REASONING, and on a TOOL_CALL or TEXT part where a dialect
 * puts it there. `opaque` is the provider's own string. `opaque_origin` is "DIALECT/MODEL" of the upstream that made it;
 * an empty MODEL stands for any of that dialect. A provider replays it only to its own dialect and that model, and
 * otherwise leaves it out, together with the reasoning it belongs to; it never becomes text. */
typedef struct oc_part {
  uint32_t struct_size, type;
  uint32_t flags, reserved;     /* OC_PARTF_* */
  oc_str text, media_type, uri, data_base64;
  oc_str tool_id, tool_name, tool_args_json;
  oc_str opaque, opaque_origin;
  oc_str ext_json;              /* members that are not modelled, as one JSON object, verbatim (with "cache_control") */
  const struct oc_part *const *parts;
  uint64_t n_parts;             /* content of a tool result */
  oc_str name, detail;          /* media: file name; how closely to look ("low", "high", "auto") */
} oc_part;

typedef struct oc_turn {
  uint32_t struct_size, role;
  const oc_part *const *parts;
  uint64_t n_parts;
  oc_str name, ext_json;
} oc_turn;

enum {
  OC_TOOLF_BUILTIN = 1u << 0, /* the dialect's own tool: ext_json is all of it; no other dialect has it */
  OC_TOOLF_CUSTOM = 1u << 1,  /* takes free text instead of JSON; elsewhere a function of one string, "input" */
  OC_TOOLF_STRICT = 1u << 2   /* arguments must match the schema */
};
typedef struct oc_tool {
  uint32_t struct_size, flags; /* OC_TOOLF_* */
  oc_str name, description, schema_json, ext_json;
} oc_tool;

/* May the model call tools, and which? With choice_names only those; REQUIRED with one name is the forced call. */
enum { OC_CHOICE_UNSET = 0, OC_CHOICE_AUTO = 1, OC_CHOICE_NONE = 2, OC_CHOICE_REQUIRED = 3 };
/* Form of the answer. */
enum { OC_FORMAT_UNSET = 0, OC_FORMAT_TEXT = 1, OC_FORMAT_JSON = 2, OC_FORMAT_JSON_SCHEMA = 3 };

/* What is asked for. A provider answers OC_E_UNSUPPORTED to an op it does not know. */
enum {
  OC_OP_GENERATE = 1,
  OC_OP_EMBED = 2,
  OC_OP_COUNT_TOKENS = 3,
  OC_OP_LIST_MODELS = 4,   /* answered by the host from its configuration through surface.models */
  OC_OP_GET_MODEL = 5,     /* likewise; oc_request.model names it */
  /* Kept answers (surface.h): request.previous_id names one; no provider is asked. */
  OC_OP_RETRIEVE = 6,
  OC_OP_DELETE = 7,
  OC_OP_CANCEL = 8,
  OC_OP_LIST_INPUT = 9     /* what the answer was an answer to */
};

enum {
  OC_REQ_STREAM = 1u << 0,
  OC_REQ_STREAM_USAGE = 1u << 1, /* the client wants usage inside the stream */
  OC_REQ_STRICT = 1u << 2,       /* what cannot be carried to the target is an error, not dropped; the host sets it */
  OC_REQ_SERIAL_TOOLS = 1u << 3, /* at most one tool call an answer */
  OC_REQ_SHOW_REASONING = 1u << 4, /* the client wants to see reasoning, or a summary of it */
  OC_REQ_FORMAT_STRICT = 1u << 5,  /* OC_FORMAT_JSON_SCHEMA is binding */
  OC_REQ_KEEP = 1u << 6,         /* the client may come back to the answer by its id */
  OC_REQ_JSON_ARRAY = 1u << 7    /* a stream is one growing JSON array instead of server-sent events */
};
enum {
  OC_SET_TEMPERATURE = 1u << 0,
  OC_SET_TOP_P = 1u << 1,
  OC_SET_MAX_TOKENS = 1u << 2,
  OC_SET_N = 1u << 3,
  OC_SET_SEED = 1u << 4,
  OC_SET_TOP_K = 1u << 5,
  OC_SET_PRESENCE_PENALTY = 1u << 6,
  OC_SET_FREQUENCY_PENALTY = 1u << 7,
  OC_SET_LOGPROBS = 1u << 8,        /* top_logprobs, may be 0: the chosen token's alone */
  OC_SET_REASONING_BUDGET = 1u << 9 /* reasoning_budget tokens; 0 = none, -1 = the model decides */
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
  uint32_t tool_choice, format; /* OC_CHOICE_*, OC_FORMAT_* */
  const oc_str *choice_names;
  uint64_t n_choice_names;
  oc_str format_name, format_description, format_schema_json;
  oc_str reasoning_effort;     /* none, minimal, low, medium, high, xhigh, max; "" = not said */
  oc_str user;
  oc_str ext_json;             /* members of the dialect's body that are not modelled, as one JSON object, verbatim */
  const oc_str *inputs;        /* OC_OP_EMBED: the texts, where they are texts */
  uint64_t n_inputs;
  uint64_t input_bytes;        /* upper bound of input tokens: bytes of everything that becomes tokens */
  double presence_penalty, frequency_penalty;
  int64_t top_k, top_logprobs, reasoning_budget;
  oc_str service_tier, verbosity;
  oc_str previous_id;          /* the kept answer that this one continues or is about */
  const oc_header *headers;    /* of the client's, those that mean something to a provider of the same dialect */
  uint64_t n_headers;
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
  OC_USAGE_ESTIMATED = 1u << 2,  /* counted by us, not reported */
  /* The service tier that the provider says it served, in the bits of OC_USAGE_TIER; 0 = not said. Prices may differ. */
  OC_USAGE_TIER = 0xF00,
  OC_USAGE_TIER_STANDARD = 0x100,
  OC_USAGE_TIER_FLEX = 0x200,
  OC_USAGE_TIER_PRIORITY = 0x300,
  OC_USAGE_TIER_BATCH = 0x400,
  OC_USAGE_TIER_FAST = 0x500
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
  OC_EV_CITATION = 11,  /* of the text part `index`; ext_json: {"url","title","text" cited,"start","end" in the part's
                           characters, "raw": as the upstream's dialect told it}, each where known */
  OC_EV_STATE = 12,     /* opaque, opaque_origin of the part `index` (see oc_part); before its PART_END */
  OC_EV_MEDIA = 13,     /* a whole image or audio: media_type, text = base64 */
  OC_EV_LOGPROBS = 14,  /* of the text part `index`; ext_json: [{"token","logprob","bytes","top_logprobs":[..]}] */
  OC_EV_EMBEDDING = 15, /* index: of which input; ext_json: [numbers] */
  OC_EV_ANSWER = 16,    /* the whole answer as the upstream wrote it (ext_json), where its dialect ends with one */
  OC_EV_OPAQUE = 100    /* something else of the upstream's dialect: ext_json is all of it */
};
enum {
  OC_EVF_CUSTOM = 1u << 0, /* TOOL_BEGIN: of a custom tool; its ARGS are free text */
  OC_EVF_SUMMARY = 1u << 1 /* REASONING: a summary, not the thing itself */
};
enum {
  OC_FIN_STOP = 1,
  OC_FIN_LENGTH = 2,
  OC_FIN_TOOL = 3,
  OC_FIN_FILTER = 4,
  OC_FIN_ERROR = 5,
  OC_FIN_CANCELLED = 6,
  OC_FIN_SEQUENCE = 7,      /* a stop sequence; FINISH.text is which, where told */
  OC_FIN_CONTEXT = 8,       /* the context window is full */
  OC_FIN_PAUSE = 9,         /* a long turn was paused; sent back, it goes on */
  OC_FIN_REFUSAL = 10,      /* the model declined */
  OC_FIN_MALFORMED_TOOL = 11 /* the model's tool call could not be read */
};

/* One step of an answer, streamed or not. Order per choice: START?, parts, FINISH; USAGE anywhere; ERROR ends all.
 * `index` counts parts (texts, reasoning, tool calls, media together) from 0 within `choice`. The pieces of one part come
 * in order, but those of two parts may alternate, as parallel tool calls do. A provider ends each part with PART_END,
 * at the latest before FINISH. */
typedef struct oc_event {
  uint32_t struct_size, type;
  uint32_t choice, index;
  uint32_t finish, http_status;  /* ERROR: http_status as the upstream said it, 0 if none */
  oc_str id, model;              /* START; id also on REASONING and STATE: the upstream's own id of that item */
  oc_str text;                   /* TEXT, REASONING, REFUSAL, TOOL_ARGS; ERROR: message for the client */
  oc_str tool_id, tool_name;     /* TOOL_BEGIN */
  oc_str code, param;            /* ERROR: machine-readable code; the offending field's path */
  oc_str ext_json;
  const oc_usage *usage;         /* USAGE */
  oc_status status;              /* ERROR: normalised status */
  uint32_t flags;                /* OC_EVF_* */
  uint64_t retry_after_ms;       /* ERROR: 0 = not said */
  oc_str opaque, opaque_origin;  /* STATE; opaque_origin also on OPAQUE: whose it is */
  oc_str media_type;             /* MEDIA */
} oc_event;

/* A model a client may ask for (surface.models). */
typedef struct oc_model {
  uint32_t struct_size, reserved;
  oc_str id, owned_by;
  int64_t created_s; /* Unix seconds */
  uint64_t input_tokens_max, output_tokens_max; /* 0 = not known */
} oc_model;

#ifdef __cplusplus
}
#endif
#endif
