"""Each check of the tree finds what it is there for, and lets the right thing pass."""
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import tidy  # noqa: E402

ARROWS = """
base ->
net -> base
ledger -> base
exchange -> base net ledger
control -> base net/server.hpp
main -> *
library rapidjson -> main
"""
HEADER = "// What it is for.\n#pragma once\n"


def problems(files, arrows=ARROWS, allowed="", only=None):
    tree = [tidy.File(path, text.encode() if isinstance(text, str) else text) for path, text in files.items()]
    found = tidy.run(tree, tidy.Rules(arrows, allowed))
    return [p for p in found if only is None or p.check == only]


class TidyTest(unittest.TestCase):
    def assert_found(self, check, words, files, **more):
        found = problems(files, **more)
        self.assertEqual([p.check for p in found], [check], found)
        self.assertIn(words, found[0].words)

    def assert_clean(self, files, **more):
        self.assertEqual(problems(files, **more), [])


class Arrows(TidyTest):
    def test_an_allowed_arrow(self):
        self.assert_clean({"core/exchange/a.cpp": '#include "net/server.hpp"\n#include "ledger/rating.hpp"\n'})

    def test_a_forbidden_arrow(self):
        self.assert_found("arrows", "base may not include net/server.hpp",
                          {"core/base/a.cpp": '#include "net/server.hpp"\n'})

    def test_neighbours_do_not_know_each_other(self):
        self.assert_found("arrows", "ledger may not include net/client.hpp",
                          {"core/ledger/a.hpp": HEADER + '#include "net/client.hpp"\n'})

    def test_an_arrow_to_one_file_only(self):
        self.assert_clean({"core/control/a.cpp": '#include "net/server.hpp"\n'})
        self.assert_found("arrows", "control may not include net/client.hpp",
                          {"core/control/a.cpp": '#include "net/client.hpp"\n'})

    def test_main_knows_all(self):
        self.assert_clean({"core/main/a.cpp": '#include "exchange/exchange.hpp"\n#include "net/server.hpp"\n'})

    def test_a_unit_test_may_know_more_than_its_folder(self):
        self.assert_clean({"core/base/a_test.cpp": '#include "net/server.hpp"\n'})

    def test_nobody_in_core_knows_a_plugin_not_even_a_test(self):
        for path in ("core/main/a.cpp", "core/base/a_test.cpp"):
            self.assert_found("arrows", "core includes a plugin", {path: '#include "plugins/provider/demo/demo.hpp"\n'})

    def test_a_folder_without_a_line(self):
        self.assert_found("arrows", "core/brandnew has no line", {"core/brandnew/a.cpp": "int x;\n"})

    def test_a_loop_in_the_list(self):
        found = problems({"README.md": "x\n"}, arrows="a -> b\nb -> c\nc -> a\n")
        self.assertEqual({p.check for p in found}, {"arrow-loops"})

    def test_the_list_itself_has_no_loop(self):
        found = problems({"README.md": "x\n"}, arrows=(HERE / "arrows.txt").read_text())
        self.assertEqual(found, [])

    def test_a_library_away_from_home(self):
        self.assert_found("libraries", "its home in: main", {"core/base/a.cpp": "#include <rapidjson/reader.h>\n"})
        self.assert_clean({"core/main/a.cpp": "#include <rapidjson/reader.h>\n"})


class Plugins(TidyTest):
    TREE = {"core/base/error.hpp": HEADER, "plugins/dialect/acme/usage.hpp": HEADER,
            "plugins/provider/acme/codec.hpp": HEADER, "plugins/surface/acme/render.hpp": HEADER}

    def with_include(self, line, path="plugins/provider/acme/acme.cpp"):
        return {**self.TREE, path: line + "\n"}

    def test_the_sdk_std_a_dialect_and_the_own_folder(self):
        self.assert_clean(self.with_include(
            '#include <onechat/provider.h>\n#include <vector>\n#include <Poco/Data/Session.h>\n'
            '#include "acme/usage.hpp"\n#include "codec.hpp"'))

    def test_not_the_core(self):
        self.assert_found("plugins", "of core", self.with_include('#include "base/error.hpp"'))

    def test_not_by_climbing_out(self):
        self.assert_found("plugins", "leaves the plugin's folder",
                          self.with_include('#include "../../../core/base/error.hpp"'))

    def test_not_another_plugin(self):
        self.assert_found("plugins", "neither", self.with_include('#include "surface/acme/render.hpp"'))

    def test_a_dialect_knows_no_surface(self):
        self.assert_found("plugins", "neither", self.with_include('#include "surface/acme/render.hpp"',
                                                                  "plugins/dialect/acme/usage.cpp"))

    def test_a_plugins_test_may_use_the_test_host(self):
        self.assert_clean(self.with_include('#include "support/fake_host.hpp"\n#include "base/error.hpp"',
                                            "plugins/provider/acme/acme_test.cpp"))


class Words(TidyTest):
    def test_markers_of_unfinished_work(self):
        for marker in ("TO" + "DO", "FIX" + "ME", "X" + "XX"):
            self.assert_found("banned", marker, {"core/base/a.cpp": f"int x;  // {marker} later\n"})

    def test_a_word_that_only_contains_one(self):
        self.assert_clean({"core/base/a.cpp": "auto name = \"fileXXXXXX\"; int mas" + "TO" + "DON;\n"})

    def test_using_namespace_std(self):
        self.assert_found("banned", "name what you use", {"core/base/a.cpp": "using namespace std;\n"})
        self.assert_clean({"core/base/a.cpp": "using namespace std::chrono;\n"})

    def test_regex(self):
        self.assert_found("banned", "regex", {"plugins/a/b/c.cpp": "std::regex r;\n"})
        self.assert_found("banned", "regex", {"core/base/a.cpp": "#include <regex>\n"})

    def test_a_word_in_a_comment_or_string_is_no_code(self):
        self.assert_clean({"core/base/a.cpp": '// not std::regex\n/* using\nnamespace std; */\nauto s = "std::regex";\n'
                                              'auto r = R"x(using namespace std;)x"; int n = 8\'192;\n'})


class Money(TidyTest):
    def test_no_floating_point_in_the_ledger(self):
        for path in ("core/ledger/rating.cpp", "plugins/ledger/sqlite/a.cpp", "sdk/include/onechat/ledger_core.cpp"):
            for kind in ("float", "double"):
                self.assert_found("money", "no float", {path: f"{kind} price = 0;\n"})

    def test_double_entry_is_a_fine_word(self):
        self.assert_clean({"core/ledger/a.cpp": "// double entry\nauto s = \"double entry\";\n"})

    def test_elsewhere_and_in_tests_it_is_allowed(self):
        self.assert_clean({"core/base/a.cpp": "double x = 0;\n", "core/ledger/a_test.cpp": "double x = 0;\n"})


class Paths(TidyTest):
    def test_paths_of_one_machine(self):
        for path in ("/wo" + "rk/main", "/ho" + "me/me/x", "/ro" + "ot/x", "/tm" + "p/x", "/Us" + "ers/me/x"):
            self.assert_found("machine-path", "a path of one machine", {"docs/a.md": f"see {path}\n"})

    def test_a_path_of_the_tree_or_a_url(self):
        self.assert_clean({"docs/a.md": "see docs/wo" + "rk/x, https://example.com/wo" + "rk/x and ${TMPDIR}/tm" + "p/x\n"})


class Registries(TidyTest):
    def test_a_registry_in_a_lock_file(self):
        self.assert_found("registry", "names a package registry",
                          {"tests/e2e/package-lock.json": '{ "reso' + 'lved": "https://example.com/x.tgz" }\n'})

    def test_a_version_and_a_hash_are_enough(self):
        self.assert_clean({"tests/e2e/package-lock.json": '{ "version": "1.2.3", "integrity": "sha512-x" }\n'})


class Lengths(TidyTest):
    LONG = {"core/base/a.cpp": "int x;\n" * (tidy.LINES_MAX + 1)}

    def test_a_long_file(self):
        self.assert_found("length", "split it", self.LONG)

    def test_at_the_limit(self):
        self.assert_clean({"core/base/a.cpp": "int x;\n" * tidy.LINES_MAX})

    def test_a_listed_long_file_may_stay_but_not_grow(self):
        self.assert_clean(self.LONG, allowed=f"long core/base/a.cpp {tidy.LINES_MAX + 1} # why\n")
        self.assert_found("length", "must not grow", {"core/base/a.cpp": "int x;\n" * (tidy.LINES_MAX + 2)},
                          allowed=f"long core/base/a.cpp {tidy.LINES_MAX + 1} # why\n")

    def test_a_file_that_became_short_leaves_the_list(self):
        self.assert_found("length", "not long any more", {"core/base/a.cpp": "int x;\n"},
                          allowed="long core/base/a.cpp 800 # why\n")

    def test_a_listed_file_that_is_gone(self):
        self.assert_found("length", "not there", {"README.md": "x\n"}, allowed="long core/base/a.cpp 800 # why\n")

    def test_prose_may_be_long(self):
        self.assert_clean({"docs/a.md": "word\n" * 2000})


class Headers(TidyTest):
    def test_comment_and_guard(self):
        self.assert_clean({"core/base/a.hpp": HEADER, "sdk/include/onechat/a.h":
                           "/* What it is for. */\n#ifndef A_H\n#define A_H\n#endif\n",
                           "core/base/b.hpp": "#pragma once\n// What it is for.\n"})

    def test_no_guard(self):
        self.assert_found("header", "neither", {"core/base/a.hpp": "// What it is for.\nint x;\n"})

    def test_a_guard_of_another_name(self):
        self.assert_found("header", "neither", {"sdk/a.h": "/* For. */\n#ifndef A_H\n#define B_H\n#endif\n"})

    def test_no_comment(self):
        self.assert_found("header", "must begin", {"core/base/a.hpp": "#pragma once\nint x;\n"})


class Endings(TidyTest):
    def test_no_newline_at_the_end(self):
        self.assert_found("ending", "newline", {"docs/a.md": "words"})

    def test_crlf(self):
        self.assert_found("ending", "CRLF", {"docs/a.md": "words\r\n"})

    def test_binary_empty_and_recorded_files_are_left_alone(self):
        self.assert_clean({"docs/a.png": b"\x89PNG\0\r\n", "docs/empty": "",
                           "tests/fixtures/x.sse": "data: x\r\n\r\nend"})


class Exceptions(TidyTest):
    def test_an_allowed_path_is_quiet_for_that_check_only(self):
        files = {"core/base/a.cpp": "using namespace std;\n"}
        self.assert_clean(files, allowed="banned core/base/a.cpp # why\n")
        self.assert_found("banned", "name what", files, allowed="length core/base/a.cpp # why\n")


class Tree(unittest.TestCase):
    def test_reads_sources_and_skips_what_is_built(self):
        for part in ("build", "build-asan", "node_modules", ".git", "a.pyc"):
            self.assertTrue(tidy.skipped(part), part)
        for part in ("builders", "core", "a.py"):
            self.assertFalse(tidy.skipped(part), part)

    def test_finds_the_tree_it_stands_in(self):
        paths = {f.path for f in tidy.read_tree(HERE.parent.parent)}
        self.assertIn("tests/tidy/tidy.py", paths)
        self.assertIn("CMakeLists.txt", paths)


if __name__ == "__main__":
    unittest.main()
