#!/usr/bin/env python3
"""Checks of the tree itself: tidy.py ROOT. One line per problem, exit 1 if there is any; README.md lists them.

Each check is a function (tree, rules) -> problems; a problem is (check, path, words)."""
import collections
import fnmatch
import pathlib
import re
import sys

LINES_MAX = 700
SKIPPED_FOLDERS = {".git", "data", "node_modules", ".venv", "__pycache__"}
SKIPPED_NAMES = ("*.pyc",)
CODE = {".h", ".hpp", ".c", ".cpp", ".in", ".py", ".mjs", ".js", ".sh", ".cmake"}
CPP = {".h", ".hpp", ".c", ".cpp"}
Problem = collections.namedtuple("Problem", "check path words")


# ---- the tree -------------------------------------------------------------------------------------------------------

class File:
    def __init__(self, path, data):
        self.path = path  # relative, with slashes
        self.data = data
        self.suffix = pathlib.PurePosixPath(path).suffix
        self.is_text = b"\0" not in data
        self.text = data.decode("utf-8", errors="replace") if self.is_text else ""
        self.folders = path.split("/")[:-1]

    @property
    def is_test(self):
        return self.folders[:1] == ["tests"] or bool(re.search(r"_(test|bench)\.\w+$", self.path))


def skipped(part):
    return part in SKIPPED_FOLDERS or part == "build" or part.startswith("build-") or \
        any(fnmatch.fnmatch(part, name) for name in SKIPPED_NAMES)


def read_tree(root):
    files = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not path.is_symlink() and not any(map(skipped, relative.parts)):
            files.append(File(relative.as_posix(), path.read_bytes()))
    return files


# ---- the rules ------------------------------------------------------------------------------------------------------

class Rules:
    """arrows: {folder: [allowed]}; libraries: [(prefix, [folders])]; allowed: {(check, path): number or None}"""

    def __init__(self, arrows_text, allowed_text):
        self.arrows, self.libraries, self.allowed = {}, [], {}
        for line in self.lines(arrows_text):
            left, _, right = line.partition("->")
            name = left.split()
            if name[0] == "library":
                self.libraries.append((name[1], right.split()))
            else:
                self.arrows[name[0]] = right.split()
        for line in self.lines(allowed_text):
            check, path, *number = line.split()
            self.allowed[(check, path)] = int(number[0]) if number else None

    @staticmethod
    def lines(text):
        return [line for line in (raw.split("#")[0].strip() for raw in text.splitlines()) if line]


def without_comments_and_strings(text):
    """C++ with comments and the insides of literals blanked, lines kept."""
    pattern = re.compile(
        r'R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"|//[^\n]*|/\*.*?\*/|'
        r'"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.S)
    return pattern.sub(lambda m: '""' + "\n" * m.group(0).count("\n"), text)


def includes(file):
    """(line number, spelling, is in quotes) of every include."""
    for number, line in enumerate(file.text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(2), found.group(1) == '"'


# ---- the checks -----------------------------------------------------------------------------------------------------

def check_arrows(tree, rules):
    folders = {f.folders[1] for f in tree if f.folders[:1] == ["core"] and len(f.folders) > 1} | set(rules.arrows)
    for file in tree:
        if file.folders[:1] != ["core"] or len(file.folders) < 2 or file.suffix not in CPP:
            continue
        folder = file.folders[1]
        if folder not in rules.arrows:
            yield Problem("arrows", file.path, f"core/{folder} has no line in arrows.txt")
            continue
        allowed = rules.arrows[folder]
        for number, target, _ in includes(file):
            there = target.split("/")[0]
            if "plugins/" in target:
                yield Problem("arrows", f"{file.path}:{number}", f"core includes a plugin: {target}")
            elif "/" in target and there in folders and there != folder and not file.is_test and \
                    "*" not in allowed and there not in allowed and target not in allowed:
                yield Problem("arrows", f"{file.path}:{number}", f"{folder} may not include {target}")


def check_arrow_loops(tree, rules):
    """An arrow points one way: two folders that reach each other are one folder."""
    whole = {f: [a for a in to if a in rules.arrows] for f, to in rules.arrows.items()}
    for start in whole:
        seen, todo = set(), list(whole[start])
        while todo:
            at = todo.pop()
            if at == start:
                yield Problem("arrow-loops", "tests/tidy/arrows.txt", f"{start} reaches itself")
                break
            if at not in seen:
                seen.add(at)
                todo += whole[at]


def check_libraries(tree, rules):
    for file in tree:
        if file.folders[:1] != ["core"] or len(file.folders) < 2 or file.suffix not in CPP or file.is_test:
            continue
        for number, target, _ in includes(file):
            for prefix, homes in rules.libraries:
                if target.startswith(prefix) and file.folders[1] not in homes:
                    yield Problem("libraries", f"{file.path}:{number}",
                                  f"{target} has its home in: {', '.join(homes) or 'plugins'}")


def check_plugins(tree, rules):
    """A plugin knows the SDK, its own folder and the dialects (<name>/x.hpp of plugins/dialect); a dialect knows no
    surface or provider. Tests may know the test host and the core, too."""
    files = {f.path for f in tree}
    for file in tree:
        if file.folders[:1] != ["plugins"] or file.suffix not in CPP or file.is_test:
            continue
        folder = "/".join(file.folders[:3])
        for number, target, quoted in includes(file):
            where = f"{file.path}:{number}"
            homes = ["/".join(file.folders), folder, "plugins/dialect"]
            if f"core/{target}" in files and not any(f"{home}/{target}" in files for home in homes):
                yield Problem("plugins", where, f"a plugin may not include {target} of core: use the host's services")
            elif ".." in target.split("/"):
                yield Problem("plugins", where, f"{target} leaves the plugin's folder")
            elif quoted and "/" in target and not target.startswith("onechat/") and \
                    not any(f"{home}/{target}" in files for home in homes):
                yield Problem("plugins", where, f"{target} is neither the SDK's, a dialect's nor the plugin's own")


# Spelled in pieces, so that this file does not trip over itself.
MARKERS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b")
BANNED = [(re.compile(r"\busing\s+namespace\s+std\s*;"), ("core", "plugins", "sdk", "tests"),
           "name what you use from std"),
          (re.compile(r"\bstd::w?regex\b|#\s*include\s*<regex>"), ("core", "plugins", "sdk"),
           "std::regex is slow and recurses")]
FLOATS = re.compile(r"\b(float|double)\b")


def check_banned_words(tree, rules):
    for file in tree:
        if file.suffix in CODE | {".txt", ".yaml", ".json"} and "fixtures" not in file.folders:
            for number, line in enumerate(file.text.splitlines(), 1):
                found = MARKERS.search(line)
                if found:
                    yield Problem("banned", f"{file.path}:{number}", f"'{found.group(1)}': do it or leave it")
        if file.suffix in CPP:
            code = without_comments_and_strings(file.text)
            for number, line in enumerate(code.splitlines(), 1):
                for pattern, where, why in BANNED:
                    if file.folders[:1] and file.folders[0] in where and pattern.search(line):
                        yield Problem("banned", f"{file.path}:{number}", why)


def check_money(tree, rules):
    for file in tree:
        money = file.path.startswith(("core/ledger/", "plugins/ledger/")) or "ledger_core" in file.path
        if not money or file.suffix not in CPP or file.is_test:
            continue
        for number, line in enumerate(without_comments_and_strings(file.text).splitlines(), 1):
            if FLOATS.search(line):
                yield Problem("money", f"{file.path}:{number}", "no float or double where money is counted")


MACHINE_PATHS = re.compile(r"(?<![\w.$}~-])/(work|home|root|tmp|Users)/")


def check_machine_paths(tree, rules):
    for file in tree:
        if "fixtures" in file.folders or file.suffix == ".sse":
            continue
        for number, line in enumerate(file.text.splitlines(), 1):
            found = MACHINE_PATHS.search(line)
            if found:
                yield Problem("machine-path", f"{file.path}:{number}", f"a path of one machine: {found.group(0)}...")


REGISTRIES = re.compile(r"registry\.npmjs\.org|registry\.yarnpkg\.com|pypi\.org|pythonhosted\.org|\"resolved\"\s*:")


def check_registries(tree, rules):
    """Where packages come from is the machine's affair; a lock file pins versions and hashes only."""
    for file in tree:
        for number, line in enumerate(file.text.splitlines(), 1):
            found = REGISTRIES.search(line)
            if found and file.path != "tests/tidy/tidy.py":
                yield Problem("registry", f"{file.path}:{number}", f"names a package registry: {found.group(0)}")


def check_lengths(tree, rules):
    lengths = {f.path: f.text.count("\n") for f in tree if f.suffix in CODE or f.path == "1chat"}
    for path, lines in lengths.items():
        most = rules.allowed.get(("long", path))
        if most is None and lines > LINES_MAX:
            yield Problem("length", path, f"{lines} lines: split it by noun, or list it as 'long' in allowed.txt")
        elif most is not None and lines > most:
            yield Problem("length", path, f"{lines} lines, may have {most}: a long file must not grow")
        elif most is not None and lines <= LINES_MAX:
            yield Problem("length", path, "is not long any more: take its line out of allowed.txt")
    for check, path in rules.allowed:
        if check == "long" and path not in lengths:
            yield Problem("length", path, "is listed in allowed.txt and not there")


def check_headers(tree, rules):
    for file in tree:
        if file.suffix not in (".h", ".hpp"):
            continue
        lines = [line.strip() for line in file.text.splitlines() if line.strip()]
        guard = re.search(r"#\s*ifndef\s+(\w+)\s*\n\s*#\s*define\s+\1\b", file.text)
        if "#pragma once" not in lines and not guard:
            yield Problem("header", file.path, "has neither #pragma once nor an include guard")
        preamble = [line for line in lines[:4] if not line.startswith("#")]
        if not preamble or not preamble[0].startswith(("//", "/*")):
            yield Problem("header", file.path, "must begin with a comment that says what it is for")


def check_endings(tree, rules):
    for file in tree:
        if not file.is_text or not file.data or "fixtures" in file.folders or "corpus" in file.folders:
            continue
        if not file.data.endswith(b"\n"):
            yield Problem("ending", file.path, "does not end with a newline")
        if b"\r\n" in file.data:
            yield Problem("ending", file.path, "has CRLF line ends")


CHECKS = [check_arrows, check_arrow_loops, check_libraries, check_plugins, check_banned_words, check_money,
          check_machine_paths, check_registries, check_lengths, check_headers, check_endings]


def run(tree, rules):
    """Every problem that allowed.txt does not allow."""
    found = [p for check in CHECKS for p in check(tree, rules)]
    return [p for p in found if (p.check, p.path.split(":")[0]) not in rules.allowed]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    here = pathlib.Path(__file__).resolve().parent
    tree = read_tree(root)
    problems = run(tree, Rules((here / "arrows.txt").read_text(), (here / "allowed.txt").read_text()))
    for problem in problems:
        print(f"{problem.path}: [{problem.check}] {problem.words}")
    print(f"{len(tree)} files, {len(CHECKS)} checks, {len(problems)} problems")
    sys.exit(1 if problems or not tree else 0)


if __name__ == "__main__":
    main()
