"""The layout gate lets the ABI grow and nothing else: every case edits a copy of the real headers and asks the gate."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import layout  # noqa: E402

INCLUDE = HERE.parent.parent / "sdk" / "include"
COMPILER = "c++"


class LayoutGate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recorded = layout.measure(INCLUDE, COMPILER)

    def after(self, header, old, new):
        """What the gate says when `old` becomes `new` in a copy of `header`."""
        with tempfile.TemporaryDirectory() as scratch:
            include = pathlib.Path(scratch, "include")
            shutil.copytree(INCLUDE, include)
            file = include / "onechat" / header
            text = file.read_text()
            self.assertEqual(text.count(old), 1, f"the text to change is not unique in {header}: {old}")
            file.write_text(text.replace(old, new))
            changed = layout.measure(include, COMPILER)
        return list(layout.own_rules(changed)) + list(layout.breaks(self.recorded, changed)), changed

    def assert_caught(self, words, header, old, new):
        found, _ = self.after(header, old, new)
        self.assertTrue(any(words in line for line in found), f"not caught: {words}\nfound: {found}")

    def test_unchanged_headers_pass(self):
        self.assertEqual(list(layout.breaks(self.recorded, self.recorded)), [])

    def test_an_inserted_field_is_caught(self):
        self.assert_caught("oc_frame.data", "provider.h",
                           "  oc_str event;   /*", "  uint64_t inserted;\n  oc_str event;   /*")

    def test_a_removed_field_is_caught(self):
        self.assert_caught("oc_http_in.query: field is gone", "surface.h", "method, path, query;", "method, path;")

    def test_a_renamed_field_is_caught(self):
        self.assert_caught("oc_http_in.query: field is gone", "surface.h",
                           "method, path, query;", "method, path, search;")

    def test_swapped_fields_are_caught(self):
        self.assert_caught("oc_tool.name", "conv.h", "oc_str name, description, schema_json",
                           "oc_str description, name, schema_json")

    def test_a_field_of_another_size_is_caught(self):
        self.assert_caught("oc_usage.audio_input", "conv.h", "  uint64_t audio_input;", "  uint32_t audio_input;")

    def test_a_field_of_another_type_and_the_same_size_is_caught(self):
        self.assert_caught("oc_request.seed", "conv.h", "  int64_t seed;", "  double seed;")

    def test_a_callback_with_another_argument_is_caught(self):
        self.assert_caught("oc_exporter.flush", "flow.h", "*flush)(void *inst);", "*flush)(void *inst, uint32_t how);")

    def test_a_changed_function_type_is_caught(self):
        self.assert_caught("oc_fn: type", "host.h", "*oc_fn)(void *arg);", "*oc_fn)(void *arg, int32_t why);")

    def test_a_changed_enum_value_is_caught(self):
        self.assert_caught("OC_E_FUNDS: value -12 -> -22", "abi.h", "OC_E_FUNDS = -12", "OC_E_FUNDS = -22")

    def test_a_removed_enum_value_is_caught(self):
        self.assert_caught("OC_STAGE_DROP: is gone", "flow.h", ", OC_STAGE_DROP = 3", "")

    def test_a_changed_macro_value_is_caught(self):
        self.assert_caught("OC_ENTRY_SYMBOL", "plugin.h", '"onechat_plugin_entry_v1"', '"onechat_plugin_entry_v2"')

    def test_a_field_in_the_padding_is_caught(self):
        # An old writer's sizeof already covers the padding, so OC_HAS would answer yes for a field it never wrote.
        text = "  oc_status(OC_CALL *flush)(void *inst);\n"
        _, padded = self.after("flow.h", text, text + "  uint32_t tail;\n")
        _, filled = self.after("flow.h", text, text + "  uint32_t tail, in_padding;\n")
        self.assertTrue(any("in_padding" in b for b in layout.breaks(padded, filled)))

    def test_an_append_to_a_frozen_struct_is_caught(self):
        self.assert_caught("oc_ledger_op: is 136 bytes, must be 128", "ledger.h", "  uint64_t user_id;  ",
                           "  uint64_t user_id, more;")
        self.assert_caught("oc_id128: size", "abi.h", "uint64_t hi, lo;", "uint64_t hi, lo, more;")

    def test_an_append_to_an_embedded_struct_is_caught(self):
        # oc_trace holds its usage by value: whatever the usage gains moves the trace's next field.
        self.assert_caught("oc_trace.held_nano", "conv.h",
                           "images, searches, requests;", "images, searches, requests, more;")

    def test_a_growable_struct_without_struct_size_is_caught(self):
        self.assert_caught("oc_new: is not frozen", "flow.h", "typedef struct oc_grade {",
                           "typedef struct oc_new { uint64_t id; } oc_new;\ntypedef struct oc_grade {")

    def test_a_declaration_the_gate_cannot_read_stops_it(self):
        with self.assertRaises(layout.Unreadable):
            self.after("conv.h", "  uint64_t audio_input;", "  uint64_t audio_input; uint8_t pad[8];")

    def test_an_appended_field_passes_and_is_named(self):
        found, changed = self.after("provider.h", "  uint64_t n_splices;\n} oc_relay;",
                                    "  uint64_t n_splices;\n  oc_str appended;\n} oc_relay;")
        self.assertEqual(found, [])
        self.assertEqual(layout.additions(self.recorded, changed), ["oc_relay.appended"])

    def test_a_new_constant_and_a_new_struct_pass(self):
        found, changed = self.after("flow.h", "typedef struct oc_grade {",
                                    "enum { OC_NEW = 1 };\ntypedef struct oc_new { uint32_t struct_size, f; } oc_new;\n"
                                    "typedef struct oc_grade {")
        self.assertEqual(found, [])
        self.assertEqual(layout.additions(self.recorded, changed), ["oc_new.struct_size", "oc_new.f", "OC_NEW"])

    def test_a_comment_changes_nothing(self):
        found, changed = self.after("conv.h", "  uint64_t audio_input;",
                                    "  uint64_t audio_input; /* struct x { int y; } */")
        self.assertEqual(found, [])
        self.assertEqual(changed, self.recorded)


class Command(unittest.TestCase):
    """What the build runs."""

    def run_gate(self, edit):
        with tempfile.TemporaryDirectory() as scratch:
            include = pathlib.Path(scratch, "include")
            shutil.copytree(INCLUDE, include)
            file = include / "onechat" / "surface.h"
            file.write_text(edit(file.read_text()))
            return subprocess.run([sys.executable, str(HERE / "layout.py"), "--headers", str(include), "--check",
                                   str(INCLUDE.parent / "abi")], capture_output=True, text=True)

    def test_passes_the_headers_as_they_are(self):
        done = self.run_gate(lambda text: text)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_fails_and_names_the_field(self):
        done = self.run_gate(lambda text: text.replace("method, path, query;", "method, query, path;"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("BREAK layout-0.9.json: oc_http_in.path", done.stdout)


class WhichRecordHolds(unittest.TestCase):
    def test_before_1_0_only_the_same_minor(self):
        self.assertTrue(layout.applies("0.9", "0.9"))
        self.assertFalse(layout.applies("0.9", "0.10"))

    def test_from_1_0_on_every_older_minor_of_the_major(self):
        self.assertTrue(layout.applies("1.0", "1.3"))
        self.assertFalse(layout.applies("0.9", "1.0"))
        self.assertFalse(layout.applies("1.4", "1.3"))

    def test_a_version_without_a_record_is_a_problem(self):
        with tempfile.TemporaryDirectory() as empty:
            problems, _ = layout.check(pathlib.Path(empty), layout.measure(INCLUDE, COMPILER))
        self.assertEqual(len(problems), 1)
        self.assertIn("--write", problems[0])


if __name__ == "__main__":
    unittest.main()
