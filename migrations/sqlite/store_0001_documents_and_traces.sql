-- Documents with versions, and traces.
--
-- A version is drawn from one sequence for all documents, so a document that was deleted and made anew never has a
-- version that an older reader may still expect.
CREATE TABLE document (
  ns TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (ns, key)
) WITHOUT ROWID;

CREATE TABLE document_version (last INTEGER NOT NULL);
INSERT INTO document_version VALUES (0);

-- What was said. Apart from `trace`, so that listing and counting read narrow rows only. Encoding: 0 as it is, 1 zstd.
CREATE TABLE trace_body (
  body INTEGER PRIMARY KEY,
  turns_json TEXT NOT NULL,
  meta_json TEXT NOT NULL,
  request_encoding INTEGER NOT NULL,
  request BLOB NOT NULL,
  response_encoding INTEGER NOT NULL,
  response BLOB NOT NULL
);

-- One row an exchange. `id`: 16 bytes, big-endian, so that byte order is order in time.
CREATE TABLE trace (
  id BLOB PRIMARY KEY,
  body INTEGER NOT NULL,
  unix_ms INTEGER NOT NULL,
  project TEXT NOT NULL,
  key_id TEXT NOT NULL,
  surface TEXT NOT NULL,
  operation TEXT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  target_model TEXT NOT NULL,
  status TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  route_reason TEXT NOT NULL,
  finish TEXT NOT NULL,
  stream INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  first_byte_us INTEGER NOT NULL,
  total_us INTEGER NOT NULL,
  upstream_us INTEGER NOT NULL,
  usage_flags INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  cache_write_1h_tokens INTEGER NOT NULL,
  audio_input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  audio_output_tokens INTEGER NOT NULL,
  images INTEGER NOT NULL,
  searches INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  held_nano INTEGER NOT NULL,
  cost_nano INTEGER NOT NULL,
  fee_nano INTEGER NOT NULL
) WITHOUT ROWID;

-- A project's traces, newest first, and its oldest ones for retention; the time is in it so that neither reads the rows
-- that it does not want.
CREATE INDEX trace_of_project ON trace (project, id, unix_ms);
