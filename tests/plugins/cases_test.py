#!/usr/bin/env python3
"""cases.json, the sources and what was built agree: cases_test.py BUILT_FOLDER. That a host refuses each case with the
words given here is the plugin host's own test."""
import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "abi"))
import symbols  # noqa: E402

BUILT = pathlib.Path(sys.argv.pop())
CASES = json.loads((HERE / "cases.json").read_text())["cases"]
NO_LIBRARY = {"missing_library"}


class OddPlugins(unittest.TestCase):
    def library(self, case):
        return BUILT / case["folder"] / f"{case['id']}.so"

    def test_every_case_is_complete(self):
        for case in CASES:
            with self.subTest(case["folder"]):
                self.assertEqual(set(case), {"folder", "id", "kind", "outcome", "why", "words"})
                self.assertIn(case["outcome"], ("loads", "refused"))
                self.assertEqual(bool(case["words"]), case["outcome"] == "refused")

    def test_every_case_has_its_manifest_and_library(self):
        for case in CASES:
            with self.subTest(case["folder"]):
                self.assertTrue((BUILT / case["folder"] / f"{case['id']}.plugin.json").is_file())
                self.assertEqual(self.library(case).is_file(), case["folder"] not in NO_LIBRARY)

    def test_every_source_and_manifest_belongs_to_a_case(self):
        names = {case["folder"] for case in CASES}
        self.assertEqual({p.stem for p in (HERE / "cases").glob("*.c")} - names, set())
        self.assertEqual({p.stem for p in (HERE / "manifests").glob("*.json")} - names, set())

    def test_a_case_that_is_not_about_symbols_exports_the_entry_only(self):
        about_symbols = NO_LIBRARY | {"not_elf", "no_entry", "extra_symbol"}
        for case in CASES:
            if case["folder"] not in about_symbols:
                with self.subTest(case["folder"]):
                    self.assertEqual([n for n, _ in symbols.exported(self.library(case))], [symbols.ENTRY])

    def test_the_audit_reports_the_extra_symbol(self):
        (case,) = [c for c in CASES if c["folder"] == "extra_symbol"]
        self.assertTrue(any("exports extra_symbol_helper" in p for p in symbols.problems(self.library(case))))


if __name__ == "__main__":
    unittest.main()
