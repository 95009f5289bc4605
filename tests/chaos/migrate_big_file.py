#!/usr/bin/env python3
"""A12: a ledger file of an old schema with a long history is opened by today's gateway.

Fills a file of schema 1 with N transfers, starts the gateway on it, and meanwhile asks for the file's write lock every
millisecond; then has the books verified while requests are served. Passes when nobody had to wait for the lock for more
than 200 ms, the sums of all accounts are what they were, the books verify, and every request meanwhile was answered.

    tests/chaos/migrate_big_file.py --binary build/bin/1chat --transfers 50000000"""
import argparse
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCK_MS_MAX = 200
WALLETS = 1000

FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {half})
INSERT INTO transfer SELECT i, (1700000000000 + i) << 16, i, 1, 0, 1 + i % {wallets}, 1, 0, 0, 0, 1000, 0, 1000, 0, 0,
  0, 0, 1700000000000 + i, 1 + i, 0, 0 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {half})
INSERT INTO transfer SELECT {half} + i, (1700000000000 + {half} + i) << 16, i, 5, 0, 1 + i % {wallets}, 1, 1 + i % {wallets}, 0, 1, 20, 3,
  23, 0, 0, 7, 0, 1700000000000 + {half} + i, 1 + i, 2 + i, 0 FROM n;
INSERT INTO account SELECT code, owner, sum(debit), sum(credit), 0 FROM journal GROUP BY code, owner;
INSERT INTO key_spend SELECT key_id, 9000000000000000, sum(amount + fee), 0, 1, key_id FROM transfer WHERE kind = 5 GROUP BY key_id;
"""


def fill(file, transfers):
    db = sqlite3.connect(file, isolation_level=None)
    db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-2000000; PRAGMA temp_store=MEMORY")
    db.executescript("BEGIN; CREATE TABLE ledger_meta (k TEXT PRIMARY KEY, v TEXT NOT NULL) STRICT;"
                     "INSERT INTO ledger_meta VALUES ('unit', 'nano-USD'), ('schema_version', '1');" +
                     (ROOT / "migrations/sqlite/ledger_0001_schema.sql").read_text() +
                     FILL.format(half=transfers // 2, wallets=WALLETS) + "COMMIT; PRAGMA journal_mode=WAL;")
    db.close()


def sums(file):
    db = sqlite3.connect(file)
    rows = db.execute("SELECT code, owner, sum(debits), sum(credits) FROM account GROUP BY code, owner").fetchall()
    version = db.execute("SELECT v FROM ledger_meta WHERE k = 'schema_version'").fetchone()[0]
    db.close()
    return rows, version


class LockWatch(threading.Thread):
    """Asks for the write lock again and again; `longest_ms`: how long it was had by somebody else at most."""

    def __init__(self, file):
        super().__init__(daemon=True)
        self.file, self.longest_ms, self.asked, self.stopping = file, 0.0, 0, False

    def run(self):
        db = sqlite3.connect(self.file, isolation_level=None, timeout=0)
        refused_since = None
        while not self.stopping:
            try:
                db.execute("BEGIN IMMEDIATE")
                db.execute("ROLLBACK")
                refused_since = None
            except sqlite3.OperationalError:
                refused_since = refused_since or time.monotonic()
                self.longest_ms = max(self.longest_ms, (time.monotonic() - refused_since) * 1000)
            self.asked += 1
            time.sleep(0.001)
        db.close()


class Client(threading.Thread):
    """Asks one question after the other until it is told to stop."""

    def __init__(self, url, key):
        super().__init__(daemon=True)
        self.request = urllib.request.Request(
            f"{url}/v1/chat/completions", b'{"model":"m","max_tokens":4,"messages":[{"role":"user","content":"hi"}]}',
            {"authorization": f"Bearer {key}", "content-type": "application/json"})
        self.answered, self.refused, self.slowest_ms, self.stopping = 0, 0, 0.0, False

    def run(self):
        while not self.stopping:
            began = time.monotonic()
            try:
                urllib.request.urlopen(self.request, timeout=60).read()
                self.answered += 1
            except urllib.error.HTTPError:
                self.refused += 1
            self.slowest_ms = max(self.slowest_ms, (time.monotonic() - began) * 1000)


def start(binary, folder):
    config = folder / "1chat.yaml"
    plugins = binary.parent.parent / "lib/1chat/plugins"
    config.write_text(json.dumps({
        "first_boot_credit_usd": "0", "plugins": {"path": [str(plugins)]}, "surfaces": ["openai_chat"], "providers": {"demo": {"use": "demo"}},
        "models": {"m": {"targets": [{"provider": "demo", "model": "m"}], "price": {"input": "1", "output": "1"}}}}))
    process = subprocess.Popen([binary, "serve", "--config", config, "--data", folder, "--listen", "127.0.0.1:0",
                                "--admin", "127.0.0.1:0"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        found = re.search(r"ready.*(127\.0\.0\.1:\d+).*(127\.0\.0\.1:\d+)", line)
        if found:
            return process, *(f"http://{address}" for address in found.groups())
    sys.exit(f"the gateway ended with {process.wait()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/bin/1chat")
    parser.add_argument("--transfers", type=int, default=200_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        file = folder / "ledger.db"
        fill(file, args.transfers)
        before, _ = sums(file)
        watch = LockWatch(file)
        watch.start()
        began = time.monotonic()
        process, url, admin = start(args.binary.resolve(), folder)
        ready_ms = (time.monotonic() - began) * 1000
        watch.stopping = True
        watch.join()
        after, version = sums(file)

        def cli(*words):
            return subprocess.run([args.binary, *words, "--admin-url", admin, "--data", folder], capture_output=True,
                                  text=True)
        try:
            cli("deposit", "--project", "default", "--usd", "5", "--id", "a12")
            client = Client(url, json.loads(cli("key", "create", "--project", "default", "--json").stdout)["key"])
            client.start()
            began = time.monotonic()
            verified = cli("ledger", "verify")
            verify_ms = (time.monotonic() - began) * 1000
            client.stopping = True
            client.join()
        finally:
            process.terminate()
            process.wait()
    same = before == after
    result = {"transfers": args.transfers, "schema": version, "longest_lock_ms": round(watch.longest_ms, 1),
              "lock_asked": watch.asked, "ready_ms": round(ready_ms), "verified": verified.returncode == 0,
              "verify_ms": round(verify_ms), "sums_equal": same, "answered_meanwhile": client.answered,
              "refused_meanwhile": client.refused, "slowest_ms": round(client.slowest_ms, 1)}
    print(json.dumps(result))
    served = client.answered > 0 and client.refused == 0
    if not (version != "1" and same and served and result["verified"] and watch.longest_ms <= LOCK_MS_MAX):
        sys.exit(f"FAILED: {verified.stdout}{verified.stderr}")


if __name__ == "__main__":
    main()
