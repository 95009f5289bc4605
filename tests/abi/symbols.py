#!/usr/bin/env python3
"""Audits plugin libraries as files: symbols.py FILE_OR_FOLDER... ; one line per problem, exit 1 if there is any,
77 (skipped) when nothing named there was built at all.

A plugin exports its entry and nothing else, has no text relocations, is fully read-only after relocation (RELRO, NOW)
and does not ask for an executable stack."""
import pathlib
import subprocess
import sys

ENTRY = "onechat_plugin_entry_v1"


def tool(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported(library):
    """(name, kind) of every defined dynamic symbol; a trailing @@VERSION is not part of the name."""
    lines = tool("nm", "-D", "--defined-only", str(library)).splitlines()
    return [(line.split()[-1].split("@")[0], line.split()[-2]) for line in lines if line.strip()]


def symbol_problems(library):
    symbols = exported(library)
    names = [name for name, _ in symbols]
    if ENTRY not in names:
        yield f"does not export {ENTRY}: define it with OC_EXPORT and extern \"C\""
    for name, kind in symbols:
        if kind == "u":
            yield f"exports {name} as a unique symbol, which pins the library"
        elif name != ENTRY:
            yield f"exports {name}: link with the SDK's version script (onechat_add_plugin does)"


def segment_problems(library):
    dynamic = tool("readelf", "--wide", "--dynamic", str(library))
    programs = tool("readelf", "--wide", "--program-headers", str(library))
    if "TEXTREL" in dynamic:
        yield "has text relocations: compile every object with -fPIC"
    if "BIND_NOW" not in dynamic and " NOW" not in dynamic:
        yield "binds lazily: link with -z now"
    if "GNU_RELRO" not in programs:
        yield "has no RELRO segment: link with -z relro"
    stack = [line.split() for line in programs.splitlines() if "GNU_STACK" in line]
    if not stack:
        yield "does not say that its stack is not executable: link with -z noexecstack"
    elif any("E" in word for word in stack[0][6:-1]):
        yield "asks for an executable stack: link with -z noexecstack"


def problems(library):
    try:
        return list(symbol_problems(library)) + list(segment_problems(library))
    except subprocess.CalledProcessError as error:
        return [f"cannot be read as a library: {error.stderr.strip()}"]


def libraries(arguments):
    for argument in map(pathlib.Path, arguments):
        yield from sorted(argument.glob("*.so")) if argument.is_dir() else [argument]


def main():
    if not any(pathlib.Path(argument).exists() for argument in sys.argv[1:]):
        print("no plugins were built")
        sys.exit(77)
    found = list(libraries(sys.argv[1:]))
    bad = [(library, problem) for library in found for problem in problems(library)]
    for library, problem in bad:
        print(f"{library.name}: {problem}")
    print(f"{len(found)} plugins audited, {len({library for library, _ in bad})} with problems")
    sys.exit(1 if bad or not found else 0)


if __name__ == "__main__":
    main()
