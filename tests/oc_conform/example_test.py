#!/usr/bin/env python3
"""The example ledger is built out of the tree, against an installed SDK alone, and passes oc-conform."""
import argparse
import pathlib
import shutil
import subprocess
import sys

LINES_MAX = 250  # a file of the example fits in a head


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("conform", "example", "sdk", "scratch"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    shutil.rmtree(args.scratch, ignore_errors=True)
    shutil.copytree(args.example, args.scratch)
    for source in args.scratch.glob("*.?pp"):
        lines = source.read_text().count("\n")
        if lines >= LINES_MAX:
            sys.exit(f"{source.name} has {lines} lines")
    run("cmake", "-S", args.scratch, "-B", args.scratch / "build", f"-DCMAKE_PREFIX_PATH={args.sdk}",
        "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
    run("cmake", "--build", args.scratch / "build")
    print(run(args.conform, "--kind", "ledger", args.scratch / "build" / "com.example.memory_ledger.so", "--ops", "5000"))


if __name__ == "__main__":
    main()
