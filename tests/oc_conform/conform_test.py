#!/usr/bin/env python3
"""oc-conform passes sound ledgers, and each fault makes the check fail that is about it.

conform_test.py --conform PROGRAM --plugins FOLDER --built FOLDER: FOLDERs with the example and the faulty ledger, and
with the gateway's own plugins."""
import argparse
import json
import pathlib
import re
import subprocess
import sys

# fault: the check that must fail, what the faulty ledger is made of, further options
FAULTS = {
    "settles_twice": ("model", "memory"),
    "loses_a_deposit": ("model", "memory"),
    "wrong_available": ("model", "memory"),
    "not_idempotent": ("repeat", "memory"),
    "forgets_answers": ("repeat", "memory"),
    "one_nano_over": ("edges", "memory"),
    "splits_groups": ("edges", "memory"),
    "generous_budgets": ("rollover", "memory"),
    "claims_durable": ("crash", "memory"),
    "half_batches": ("crash", "sqlite"),
    "verify_silent": ("damage", "sqlite"),
    "short_dump": ("copy", "sqlite"),
    "reads_alone": ("aside", "sqlite"),
}
problems = []


def run(args, *words):
    done = subprocess.run([args.conform, "--kind", "ledger", *words], capture_output=True, text=True, timeout=120)
    results = dict(reversed(line.split()[:2]) for line in done.stdout.splitlines()
                   if re.match(r"(PASS|FAIL|SKIP)  ", line))
    return done.returncode, results, done.stdout + done.stderr


def expect(what, good, output):
    print(f"{'ok' if good else 'FAILED'}: {what}")
    if not good:
        problems.append(what)
        print(output)


def sound(args, name, library, config, skipped):
    code, results, output = run(args, library, "--config", config, "--ops", "10000", "--kills", "4")
    good = code == 0 and {c for c, r in results.items() if r == "SKIP"} == skipped and "FAIL" not in results.values()
    expect(f"{name} passes", good and len(results) == 12, output)


def faulty(args, fault):
    check, inside = FAULTS[fault]
    memory = args.plugins / "com.example.memory_ledger.so"
    sqlite = args.built / "ledger.sqlite.so"
    settings = {"fault": fault, "name": "{name}", "plugin": str(memory if inside == "memory" else sqlite),
                "settings": {} if inside == "memory" else {"file": "{dir}/ledger.db"}}
    code, results, output = run(args, args.plugins / "test.faulty_ledger.so", "--config", json.dumps(settings),
                                "--ops", "20000", "--only", check)
    expect(f"{fault} fails {check}", code == 1 and results == {check: "FAIL"}, output)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("conform", "plugins", "built"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    sound(args, "the example in memory", args.plugins / "com.example.memory_ledger.so", "{}",
          {"copy", "aside", "damage", "crash", "full"})
    sound(args, "ledger.sqlite", args.built / "ledger.sqlite.so", '{"file": "{dir}/ledger.db"}', set())
    for fault in FAULTS:
        faulty(args, fault)
    code, _, output = run(args, args.plugins / "no_such.so")
    expect("a plugin that is not there is no verdict", code == 2, output)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
