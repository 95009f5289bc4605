-- Which transfers are of a wallet, and which name another one: a row for as many as follow each other in a commit and not
-- for each, since a busy node's settles are of one wallet and one lease. What was written before keeps its index and
-- `transfer_ref`, which take nothing new: making runs of it would have to read all of `transfer`.
CREATE TABLE wallet_run (
  wallet INTEGER NOT NULL, at_ms INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  PRIMARY KEY (wallet, at_ms, first_seq),
  CHECK (last_seq >= first_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE ref_run (
  ref_hi INTEGER NOT NULL, ref_lo INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  PRIMARY KEY (ref_hi, ref_lo, first_seq),
  CHECK (last_seq >= first_seq)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_meta SELECT 'runs_from', coalesce(max(seq), 0) + 1 FROM transfer;

-- An index may become partial by its text alone when all that it has satisfies the condition.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE INDEX transfer_by_account ON transfer (account, ts_ms) WHERE seq < ' ||
  (SELECT v FROM ledger_meta WHERE k = 'runs_from') WHERE type = 'index' AND name = 'transfer_by_account';
PRAGMA writable_schema = RESET;
