#!/usr/bin/env python3
"""Every public header compiles alone, twice included, in one standard: headers_test.py INCLUDE STANDARD COMPILER.

Exit 77 (skipped) when the compiler is not on this machine."""
import pathlib
import shutil
import subprocess
import sys

FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]


def compiles(compiler, standard, include, header):
    language = "c++" if "++" in standard else "c"
    text = f"#include <onechat/{header}>\n#include <onechat/{header}>\nint main(void);\n"
    done = subprocess.run([compiler, "-x", language, f"-std={standard}", *FLAGS, "-I", str(include), "-"],
                          input=text, capture_output=True, text=True)
    if done.returncode:
        print(f"{header} does not compile alone as {standard} with {compiler}:\n{done.stderr}")
    return done.returncode == 0


def headers_of(include, standard):
    folder = pathlib.Path(include, "onechat")
    names = [p.name for p in folder.glob("*.h")]
    if standard in ("c++17", "c++20"):  # the C++ layer starts there
        names += [p.name for p in folder.glob("*.hpp") if standard == "c++20" or p.name == "onechat.hpp"]
    return sorted(names)


def main():
    include, standard, compiler = sys.argv[1:]
    if not shutil.which(compiler):
        print(f"{compiler} is not installed")
        sys.exit(77)
    headers = headers_of(include, standard)
    failed = [h for h in headers if not compiles(compiler, standard, include, h)]
    print(f"{compiler} {standard}: {len(headers) - len(failed)} of {len(headers)} headers compile alone")
    sys.exit(1 if failed or not headers else 0)


if __name__ == "__main__":
    main()
