#!/usr/bin/env python3
"""A10: what the ledger carries on this machine, on SQLite and PostgreSQL.

Rows of `batched`: operations per second of the backend alone, reserve and settle in turns on one hot wallet, by batch
size, durable. Rows of `paced`: holds and settles at a steady rate through the till with its journal, direct and from
leases: waiting time of a reserve, CPU of the ledger a request. Prints a table and writes build/bench_ledger.json.

    tests/bench/ledger.py [--build build] [--rate 10000] [--seconds 10]"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Postgres:
    """A server of its own; ends with the block."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        self.url = rest if word == "url" else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def paced(build, backend, settings, folder, mode, args):
    line = run(build / "bin/bench_ledger", build / "lib/1chat/plugins", backend, json.dumps(settings), folder, mode,
               args.rate, args.seconds)
    row = json.loads(line.strip().splitlines()[-1])
    print(f"{backend:9} {mode:7} {row['requests_per_s']:7.0f} requests/s  reserve p50 {row['reserve_p50_us']:.1f} us, "
          f"p99 {row['reserve_p99_us']:.1f} us  ledger CPU {row['ledger_cpu_us']:.1f} us a request, "
          f"{row['from_lease']:.1%} from leases")
    return row


def batched(build, backend, settings):
    text = run(build / "bin/oc-conform", "--kind", "ledger", build / f"lib/1chat/plugins/ledger.{backend}.so", "--config",
               json.dumps(settings), "--only", "speed")
    line = next(x for x in text.splitlines() if "speed" in x).split(" s  ", 1)[1]
    print(f"{backend:9} {line}")
    return line


def measure(build, backend, settings, conform_settings, args, scratch):
    rows = {"batched": batched(build, backend, conform_settings)}
    for mode in ("direct", "leased"):
        folder = scratch / f"{backend}-{mode}"
        folder.mkdir()
        rows[mode] = paced(build, backend, settings(folder), folder / "journal", mode, args)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=10)
    args = parser.parse_args()
    build = args.build.resolve()
    found = {"load_before": os.getloadavg()[0], "cores": os.cpu_count(), "rate": args.rate, "seconds": args.seconds}
    print(f"load {found['load_before']:.1f} on {found['cores']} cores")
    with tempfile.TemporaryDirectory(dir=build) as name:
        scratch = pathlib.Path(name)
        found["sqlite"] = measure(build, "sqlite", lambda folder: {"file": str(folder / "ledger.db")},
                                  {"file": "{dir}/ledger.db"}, args, scratch)
        with Postgres(build / "bin/chaos_postgres_server") as server:
            if server.url:
                found["postgres"] = measure(
                    build, "postgres", lambda folder: {"url": server.url, "schema": folder.name.replace("-", "_")},
                    {"url": server.url, "schema": "{name}"}, args, scratch)
            else:
                print("postgres: no server on this machine")
    (build / "bench_ledger.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
