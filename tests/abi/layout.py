#!/usr/bin/env python3
"""Keeps the plugin ABI from moving by accident.

    layout.py --headers sdk/include --check sdk/abi     compares the headers with the records; exit 1 on a break
    layout.py --headers sdk/include --write sdk/abi     records the layout of the headers' own version

Recorded per struct: size, and of every field name, offset, size and type (as the compiler mangles it, so a changed
argument of a callback counts too); every enumerator, value macro and function type. Only standard Python and a C++
compiler are needed. What may change without a word: new structs, new constants, fields appended behind the old end of
a growable struct.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# Copied by value or laid side by side in arrays: these may not even grow.
FROZEN = {"oc_str", "oc_bytes", "oc_id128", "oc_header", "oc_splice", "oc_anchor", "oc_ledger_op", "oc_ledger_result"}
FROZEN_SIZE = {"oc_ledger_op": 128, "oc_ledger_result": 48}


class Unreadable(Exception):
    """A declaration that this script does not understand: it must not be skipped."""


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def balanced_end(text, start, opening, closing):
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == opening) - (text[i] == closing)
        if depth == 0:
            return i
    raise Unreadable(f"unbalanced {opening} in: {text[start:start + 80]}")


def split_top(text, separator):
    """Splits at `separator` outside of parentheses."""
    parts, depth, last = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == separator and depth == 0:
            parts.append(text[last:i])
            last = i + 1
    return parts + [text[last:]]


def field_names(struct, body):
    names = []
    for declaration in split_top(body, ";"):
        declaration = " ".join(declaration.split())
        if not declaration:
            continue
        callback = re.search(r"\(\s*(?:OC_CALL)?\s*\*\s*(\w+)\s*\)\s*\(", declaration)
        if callback:
            names.append(callback.group(1))
            continue
        if re.search(r"[\[\]{}:()]", declaration):
            raise Unreadable(f"{struct}: '{declaration}' (arrays, bit-fields and nested types are not allowed here)")
        for part in declaration.split(","):
            name = re.search(r"(\w+)\s*$", part)
            if not name:
                raise Unreadable(f"{struct}: '{declaration}'")
            names.append(name.group(1))
    return names


def declarations(text):
    """What a header declares: ({struct: [field]}, [enumerator], [function type], [value macro])."""
    text = strip_comments(text)
    structs, constants, function_types = {}, [], []
    for match in re.finditer(r"\bstruct\s+(\w+)?\s*\{", text):
        end = balanced_end(text, match.end() - 1, "{", "}")
        alias = re.match(r"\s*(\w+)\s*;", text[end + 1:])
        name = alias.group(1) if alias else match.group(1)
        structs[name] = field_names(name, text[match.end():end])
    for match in re.finditer(r"\benum\s+(\w+)?\s*\{", text):
        end = balanced_end(text, match.end() - 1, "{", "}")
        for item in split_top(text[match.end():end], ","):
            if item.strip():
                constants.append(re.match(r"\s*(\w+)", item).group(1))
    for match in re.finditer(r"\btypedef\s+[^;{]*?\(\s*(?:OC_CALL)?\s*\*\s*(\w+)\s*\)\s*\(", text):
        function_types.append(match.group(1))
    macros = re.findall(r"^[ \t]*#[ \t]*define[ \t]+(OC_\w+)[ \t]+(\S.*?)[ \t]*$", text, flags=re.M)
    values = [name for name, value in macros if re.match(r'^("|UINT|INT|[-(]?\d)', value) and
              not name.startswith("OC_ABI_")]
    return structs, constants, function_types, values


PROBE_HEAD = """#include <cstdio>
#include <string>
#include <type_traits>
#include <typeinfo>
template <class T> static const char *type_of() { return typeid(T *).name() + 1; } // behind the P of the pointer
static void out(const char *name, const char *v) { std::printf("V\\t%s\\t\\"%s\\"\\n", name, v); }
template <class T> static void out(const char *name, T v) {
  if (std::is_unsigned<T>::value) std::printf("V\\t%s\\t%llu\\n", name, (unsigned long long)v);
  else std::printf("V\\t%s\\t%lld\\n", name, (long long)v);
}
"""


def probe_source(headers, structs, constants, function_types, values):
    lines = [f"#include <onechat/{h}>" for h in headers] + [PROBE_HEAD, "int main() {"]
    lines.append('  std::printf("A\\t%u\\t%u\\n", OC_ABI_MAJOR, OC_ABI_MINOR);')
    for struct, fields in structs.items():
        lines.append(f'  std::printf("S\\t{struct}\\t%zu\\n", sizeof({struct}));')
        for f in fields:
            lines.append(f'  std::printf("F\\t{struct}\\t{f}\\t%zu\\t%zu\\t%s\\n", offsetof({struct}, {f}), '
                         f'sizeof((({struct} *)0)->{f}), type_of<decltype({struct}::{f})>());')
    for c in constants:
        lines.append(f'  out("{c}", (long long)({c}));')
    for v in values:
        lines.append(f'  out("{v}", {v});')
    for t in function_types:
        lines.append(f'  std::printf("T\\t{t}\\t%s\\n", type_of<{t}>());')
    return "\n".join(lines + ["}", ""])


def measure(include, compiler):
    """The layout of every public C header below `include`, as the compiler sees it."""
    headers = sorted(p.name for p in (include / "onechat").glob("*.h"))
    structs, constants, function_types, values = {}, [], [], []
    for h in headers:
        s, c, t, v = declarations((include / "onechat" / h).read_text())
        structs.update(s)
        constants += c
        function_types += t
        values += v
    with tempfile.TemporaryDirectory() as scratch:
        source, binary = pathlib.Path(scratch, "probe.cpp"), pathlib.Path(scratch, "probe")
        source.write_text(probe_source(headers, structs, constants, function_types, values))
        built = subprocess.run([compiler, "-std=c++17", "-w", "-I", str(include), str(source), "-o", str(binary)],
                               capture_output=True, text=True)
        if built.returncode:
            raise Unreadable("the headers do not compile:\n" + built.stderr)
        output = subprocess.run([str(binary)], check=True, capture_output=True, text=True).stdout
    layout = {"abi": "", "structs": {}, "constants": {}, "function_types": {}}
    for line in output.splitlines():
        kind, *rest = line.split("\t")
        if kind == "A":
            layout["abi"] = ".".join(rest)
        elif kind == "S":
            layout["structs"][rest[0]] = {"size": int(rest[1]), "frozen": rest[0] in FROZEN, "fields": []}
        elif kind == "F":
            layout["structs"][rest[0]]["fields"].append([rest[1], int(rest[2]), int(rest[3]), rest[4]])
        elif kind == "V":
            layout["constants"][rest[0]] = json.loads(rest[1])
        else:
            layout["function_types"][rest[0]] = rest[1]
    return layout


def own_rules(layout):
    """What must hold of any layout, whatever came before it."""
    for name, struct in layout["structs"].items():
        first = struct["fields"][0] if struct["fields"] else ["", 0, 0, ""]
        if not struct["frozen"] and first[:3] != ["struct_size", 0, 4]:
            yield f"{name}: is not frozen, so it must begin with uint32_t struct_size"
    for name, size in FROZEN_SIZE.items():
        got = layout["structs"].get(name, {}).get("size")
        if got != size:
            yield f"{name}: is {got} bytes, must be {size}"


def struct_breaks(name, old, new):
    if new is None:
        yield f"{name}: struct is gone"
        return
    if new["size"] < old["size"] or (old["frozen"] and new["size"] != old["size"]):
        yield f"{name}: size {old['size']} -> {new['size']}"
    now = {f[0]: f for f in new["fields"]}
    for field in old["fields"]:
        got = now.pop(field[0], None)
        if got is None:
            yield f"{name}.{field[0]}: field is gone"
        elif got != field:
            yield f"{name}.{field[0]}: offset, size, type {field[1:]} -> {got[1:]}"
    for field in now.values():
        if old["frozen"] or field[1] < old["size"]:
            yield f"{name}.{field[0]}: new field at {field[1]}, within the {old['size']} bytes that are taken"


def breaks(old, new):
    """Every way in which `new` is not a legal growth of `old`."""
    for name, struct in old["structs"].items():
        yield from struct_breaks(name, struct, new["structs"].get(name))
    for group, word in (("constants", "value"), ("function_types", "type")):
        for name, value in old[group].items():
            if name not in new[group]:
                yield f"{name}: is gone"
            elif new[group][name] != value:
                yield f"{name}: {word} {value} -> {new[group][name]}"


def additions(old, new):
    known = {f"{s}.{f[0]}" for s, d in old["structs"].items() for f in d["fields"]}
    fields = [f"{s}.{f[0]}" for s, d in new["structs"].items() for f in d["fields"]]
    return [f for f in fields if f not in known] + [c for c in new["constants"] if c not in old["constants"]]


def applies(recorded, current):
    """Before 1.0 a new minor version may break the last one; from 1.0 on a major version only grows."""
    old, new = (tuple(map(int, v.split("."))) for v in (recorded, current))
    return old[0] == new[0] and (old == new if new[0] == 0 else old <= new)


def render(layout):
    def one_line(value):
        return json.dumps(value)
    structs = ",\n".join(
        f'    {one_line(n)}: {{"size": {s["size"]}, "frozen": {one_line(s["frozen"])}, "fields": [\n' +
        ",\n".join("      " + one_line(f) for f in s["fields"]) + "]}"
        for n, s in layout["structs"].items())
    groups = [f'  "{g}": {{\n' + ",\n".join(f"    {one_line(n)}: {one_line(v)}" for n, v in layout[g].items()) + "}"
              for g in ("constants", "function_types")]
    return ('{\n  "abi": %s,\n  "field": ["name", "offset", "size", "mangled type"],\n  "structs": {\n%s},\n%s\n}\n'
            % (one_line(layout["abi"]), structs, ",\n".join(groups)))


def check(folder, layout):
    problems, notes, seen = list(own_rules(layout)), [], 0
    for file in sorted(folder.glob("layout-*.json")):
        recorded = json.loads(file.read_text())
        if not applies(recorded["abi"], layout["abi"]):
            continue
        seen += 1
        problems += [f"{file.name}: {b}" for b in breaks(recorded, layout)]
        if recorded["abi"] == layout["abi"]:
            notes = additions(recorded, layout)
    if not seen:
        problems.append(f"no recorded layout holds for ABI {layout['abi']}: record it with --write")
    return problems, notes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headers", type=pathlib.Path, required=True, help="folder that holds onechat/*.h")
    parser.add_argument("--compiler", default="c++")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", type=pathlib.Path, metavar="FOLDER")
    mode.add_argument("--write", type=pathlib.Path, metavar="FOLDER")
    args = parser.parse_args()
    try:
        layout = measure(args.headers, args.compiler)
    except Unreadable as problem:
        sys.exit(f"ABI layout: {problem}")
    if args.write:
        (args.write / f"layout-{layout['abi']}.json").write_text(render(layout))
        return
    problems, notes = check(args.check, layout)
    fields = sum(len(s["fields"]) for s in layout["structs"].values())
    counts = f"{len(layout['structs'])} structs, {fields} fields, {len(layout['constants'])} constants"
    print(f"ABI {layout['abi']}: {counts}")
    for note in notes:
        print(f"  new and not recorded yet (layout.py --write): {note}")
    for problem in problems:
        print(f"  BREAK {problem}")
    if problems:
        print("  Append instead. Before 1.0 a break that is meant takes a new minor version in abi.h and --write.")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
