-- What was said in traces that were committed together, one row for up to 64 KiB of it (trace_pack.hpp has the
-- format). Encoding: 0 as it is, 1 zstd.
CREATE TABLE trace_pack (
  pack INTEGER PRIMARY KEY,
  encoding INTEGER NOT NULL,
  content BLOB NOT NULL
);

-- Where a trace's part lies: `pack` and the place in it. Traces from before have pack 0 and stay in `trace_body`; the
-- others have body 0.
ALTER TABLE trace ADD COLUMN pack INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trace ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
