-- Documents with an end: Unix ms from which on one is not there; 0 = it stays.
ALTER TABLE document ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX document_expiry ON document (expires_ms) WHERE expires_ms > 0;
