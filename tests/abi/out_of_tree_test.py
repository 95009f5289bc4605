#!/usr/bin/env python3
"""A stranger's plugin: the SDK is installed alone into a scratch folder, and the template is copied out of the tree and
built against that folder only. The library must compile without a look into the tree, pass the symbol audit and lie
beside its manifest. What it leaves in SCRATCH/plugin/build can be loaded by later tests."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import symbols  # noqa: E402

ID = "com.acme.provider"
LINES_MAX = 100


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(condition, words):
    if not condition:
        sys.exit(f"FAILED: {words}")


def install_sdk(build, sdk):
    run("cmake", "--install", build, "--component", "sdk", "--prefix", sdk)
    for file in ("include/onechat/abi.h", "include/onechat/onechat.hpp", "lib/cmake/OneChatSDK/OneChatSDKConfig.cmake",
                 "lib/pkgconfig/onechat-sdk.pc"):
        expect((sdk / file).is_file(), f"the sdk component does not install {file}")
    strangers = [p for p in sdk.iterdir() if p.name not in ("include", "lib")]
    expect(not strangers, f"the sdk component installs more than the SDK: {strangers}")


def build_template(sdk, plugin):
    run("cmake", "-S", plugin, "-B", plugin / "build", f"-DCMAKE_PREFIX_PATH={sdk}", "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF")
    run("cmake", "--build", plugin / "build")


def check_no_way_back(tree, scratch, plugin):
    """No compiler argument points into the tree (the scratch folder itself may lie below it)."""
    for command in json.loads((plugin / "build" / "compile_commands.json").read_text()):
        inside = command["command"].replace(str(scratch), "SCRATCH")
        expect(str(tree) + "/" not in inside, f"the template was compiled with a path into the tree: {inside}")
        expect("SCRATCH/sdk/include" in inside, "the template was not compiled with the installed headers")


def check_library(plugin):
    library, manifest = plugin / "build" / f"{ID}.so", plugin / "build" / f"{ID}.plugin.json"
    expect(library.is_file() and manifest.is_file(), f"{ID}.so and {ID}.plugin.json must lie side by side")
    said = json.loads(manifest.read_text())
    expect((said["id"], said["library"]) == (ID, f"{ID}.so"), "the manifest does not name this library")
    names = [name for name, _ in symbols.exported(library)]
    expect(names == [symbols.ENTRY], f"exports {names}")
    problems = symbols.problems(library)
    expect(not problems, f"symbol audit: {problems}")


def check_pkg_config(sdk):
    if not shutil.which("pkg-config"):
        return
    flags = subprocess.run(["pkg-config", "--cflags", "onechat-sdk"], capture_output=True, text=True, check=True,
                           env={"PKG_CONFIG_PATH": str(sdk / "lib/pkgconfig"), "PATH": "/usr/bin:/bin"}).stdout.split()
    source = "#include <onechat/provider.h>\nint main(void) { return OC_OK; }\n"
    subprocess.run(["cc", "-x", "c", "-std=c99", "-fsyntax-only", *flags, "-"], input=source, text=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("build", "template", "scratch", "tree"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    shutil.rmtree(args.scratch, ignore_errors=True)
    sdk, plugin = args.scratch / "sdk", args.scratch / "plugin"
    install_sdk(args.build, sdk)
    shutil.copytree(args.template, plugin)
    lines = (plugin / "acme.cpp").read_text().count("\n")
    expect(lines < LINES_MAX, f"the template has {lines} lines; a provider should fit on a page")
    build_template(sdk, plugin)
    check_no_way_back(args.tree, args.scratch, plugin)
    check_library(plugin)
    check_pkg_config(sdk)
    print(f"template of {lines} lines built from the installed SDK alone; exports {symbols.ENTRY} only")


if __name__ == "__main__":
    main()
