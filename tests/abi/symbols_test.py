"""The symbol audit passes a clean library and names each thing that can be wrong with one.

Builds tiny libraries with the compiler named in CC (default cc)."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import symbols  # noqa: E402

MAP = HERE.parent.parent / "sdk" / "cmake" / "plugin.map"
ENTRY = "int onechat_plugin_entry_v1(void) { return 0; }\n"
GOOD = ["-fPIC", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,-z,noexecstack"]


class SymbolAudit(unittest.TestCase):
    def audit(self, source, flags):
        with tempfile.TemporaryDirectory() as scratch:
            library = pathlib.Path(scratch, "x.so")
            subprocess.run([os.environ.get("CC", "cc"), "-shared", "-x", "c", "-", "-o", str(library), *flags],
                           input=source, text=True, check=True, capture_output=True)
            return symbols.problems(library)

    def assert_one(self, words, source, flags):
        found = self.audit(source, flags)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_clean_library_passes(self):
        self.assertEqual(self.audit(ENTRY, GOOD), [])

    def test_a_second_symbol_is_named(self):
        self.assert_one("exports helper", ENTRY + "int helper(void) { return 1; }\n", GOOD)

    def test_the_version_script_hides_it(self):
        flags = GOOD + [f"-Wl,--version-script={MAP}"]
        self.assertEqual(self.audit(ENTRY + "int helper(void) { return 1; }\n", flags), [])

    def test_a_missing_entry_is_named(self):
        self.assert_one("does not export onechat_plugin_entry_v1", "static int x; int *y(void);\n", GOOD)

    def test_lazy_binding_is_named(self):
        self.assert_one("binds lazily", ENTRY, ["-fPIC", "-Wl,-z,lazy", "-Wl,-z,relro"])

    def test_missing_relro_is_named(self):
        self.assert_one("no RELRO", ENTRY, ["-fPIC", "-Wl,-z,now", "-Wl,-z,norelro"])

    def test_an_executable_stack_is_named(self):
        self.assert_one("executable stack", ENTRY, ["-fPIC", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,-z,execstack"])

    def test_text_relocations_are_named(self):
        source = ENTRY + "extern char outside;\n__asm__(\".text\\n.balign 8\\n.quad outside\\n\");\n"
        self.assert_one("text relocations", source, GOOD + ["-Wl,-z,notext"])

    def test_a_file_that_is_no_library_is_named(self):
        with tempfile.NamedTemporaryFile(suffix=".so") as file:
            file.write(b"not a library\n")
            file.flush()
            found = symbols.problems(pathlib.Path(file.name))
        self.assertEqual(len(found), 1)
        self.assertIn("cannot be read", found[0])


if __name__ == "__main__":
    unittest.main()
