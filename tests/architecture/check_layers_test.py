"""tools/check_layers.py must see what it is there to see: a small tree per kind of offence."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_layers.py"
LAW = """
[layers]
core :
io   : core
apps : core io
[third-party]
hwy/ : core
"""


class CheckLayers(unittest.TestCase):
    def run_on(self, files: dict[str, str], law: str = LAW) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in ({"tools/layers.txt": law, "src/wootz/core/a.h": "#pragma once\n"} | files).items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return subprocess.run(
                [sys.executable, SCRIPT, "--root", root], capture_output=True, text=True, check=False
            )

    def test_lawful_tree_passes(self):
        result = self.run_on(
            {
                "src/wootz/io/b.cpp": '#include "wootz/core/a.h"\n#include <vector>\n',
                "src/wootz/core/c.cpp": '#include "hwy/highway.h"\n',
                "apps/wootz/main.cpp": '#include "commands/merge.h"\n#include "wootz/io/b.h"\n',
            }
        )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def assert_offence(self, files: dict[str, str], message: str):
        result = self.run_on(files)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(message, result.stdout)

    def test_upward_include(self):
        self.assert_offence({"src/wootz/core/b.cpp": '\n#include "wootz/io/f.h"\n'}, "core/b.cpp:2: wootz/io/f.h")

    def test_angle_brackets_do_not_hide(self):
        self.assert_offence({"src/wootz/core/b.cpp": "#include <wootz/io/f.h>\n"}, "core may not use io")

    def test_unknown_folder(self):
        self.assert_offence({"src/wootz/misc/b.cpp": "\n"}, "its folder is not in the law")
        self.assert_offence({"src/wootz/io/b.cpp": '#include "wootz/misc/b.h"\n'}, "misc is not in the law")

    def test_third_party_outside_its_owner(self):
        self.assert_offence({"src/wootz/io/b.cpp": "# include <hwy/highway.h>\n"}, "hwy/ belongs to core")

    def test_relative_include(self):
        self.assert_offence({"src/wootz/io/b.cpp": '#include "../core/a.h"\n'}, "written from the root")

    def test_folders_in_a_folder(self):
        law = LAW.replace("io   : core", "io : core\nio/low :\nio/high : io/low")
        lawful = {
            "src/wootz/io/low/a.h": '#include "wootz/core/a.h"\n',
            "src/wootz/io/high/b.cpp": '#include "wootz/io/low/a.h"\n',
            "src/wootz/io/top.cpp": '#include "wootz/io/high/b.h"\n',
            "apps/wootz/main.cpp": '#include "wootz/io/low/a.h"\n',
        }
        result = self.run_on(lawful, law)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        for include in ("io/high/b.h", "io/top.h"):
            result = self.run_on(lawful | {"src/wootz/io/low/c.cpp": f'#include "wootz/{include}"\n'}, law)
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("io/low may not use io", result.stdout)

    def test_cyclic_law(self):
        result = self.run_on({}, "[layers]\ncore : io\nio : core\n")
        self.assertEqual(result.returncode, 2)
        self.assertIn("cycle", result.stderr)


if __name__ == "__main__":
    unittest.main()
