"""tools/replay must see what it is there to see. Small programs stand in for the two builds."""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

REPLAY = pathlib.Path(__file__).resolve().parents[2] / "tools" / "replay"
sys.path.insert(0, str(REPLAY))
from compare import Allowed, differences, judge, read_allowed  # noqa: E402

# Stands in for wootz: what it "merges" lies beside it, and it says how long that took.
PROGRAM = """#!/bin/sh
# {data}
if [ "$1" = methods ]; then echo '[]'; exit; fi
echo '{{"ok": true, "seconds": {seconds}, "schedule": {{"memory": 10}} {more}}}'
echo "wootz: warning: $PWD: in {seconds} s" >&2
if [ "$1" = merge ]; then mkdir out; cp "${{0%/*}}/model.safetensors" out; fi
exit {code}
"""


class Replay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.work = pathlib.Path(folder.name)

    def setUp(self):
        self.folder = self.work / self.id()
        self.folder.mkdir()

    def build(self, name, data=(1, 2, 3, 4), more="", code=0, seconds="0.5"):
        folder = self.folder / name
        folder.mkdir()
        header = json.dumps({"t": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(data))
        program = folder / "wootz"
        program.write_text(PROGRAM.format(data=bytes(data).hex(), more=more, code=code, seconds=seconds))
        program.chmod(0o755)
        return folder

    def replay(self, old, new):
        command = [
            sys.executable,
            REPLAY,
            "--ref-build",
            old,
            "--build",
            new,
            "--only",
            "examples/ties",
            "--work",
            self.work,
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_equal_programs_are_equal(self):
        result = self.replay(self.build("old"), self.build("new", seconds="0.75"))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("nothing moved", result.stdout)

    def test_a_moved_byte_is_noticed(self):
        result = self.replay(self.build("old"), self.build("new", data=[1, 2, 3, 5]))
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("examples/ties: /files/out/model.safetensors/tensors/t/digest: ", result.stdout)

    def test_a_byte_that_moves_later_is_noticed_though_the_reference_is_kept(self):
        old = self.build("old")
        self.assertEqual(self.replay(old, self.build("new")).returncode, 0)
        self.assertEqual(self.replay(old, self.build("newer", data=[0, 2, 3, 4])).returncode, 1)
        self.assertEqual(self.replay(self.build("older", data=[0, 2, 3, 4]), self.folder / "newer").returncode, 0)

    def test_a_new_field_and_another_exit_code_are_noticed(self):
        result = self.replay(self.build("old"), self.build("new", more=', "lanes": 3', code=1))
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("examples/ties: /plan/exit: 0 became 1", result.stdout)
        self.assertIn("examples/ties: /plan/stdout/lanes: added, 3", result.stdout)


class Comparison(unittest.TestCase):
    def paths(self, old, new):
        return [(d.path, d.change) for d in differences(old, new)]

    def test_every_kind_of_change_has_its_path(self):
        old = {"a": 1, "b": [1, 2], "c": {"d": "x"}, "e": None}
        new = {"a": 1.0, "b": [1], "c": {"d": "y"}, "f": None}
        self.assertEqual(
            self.paths(old, new),
            [("/a", "changed"), ("/b/1", "removed"), ("/c/d", "changed"), ("/e", "removed"), ("/f", "added")],
        )

    def test_not_a_number_equals_itself_and_zeros_have_signs(self):
        self.assertEqual(self.paths({"a": float("nan")}, {"a": float("nan")}), [])
        self.assertEqual(self.paths({"a": 0.0}, {"a": -0.0}), [("/a", "changed")])

    def test_named_items_are_told_by_name_and_their_order_counts(self):
        a, b, c = ({"name": name, "value": 1} for name in "abc")
        self.assertEqual(self.paths([a, c], [a, b, c]), [("/b", "added")])
        self.assertEqual(self.paths([a, b], [b, a]), [("/(order)", "changed")])

    def test_only_what_is_allowed_is_allowed(self):
        allowed = [Allowed("methods/*", "/plan/*/granularity", "added", "said since")]
        old, new = {"plan": {"a": {}}}, {"plan": {"a": {"granularity": "row"}}}
        self.assertEqual(judge("methods/x", old, new, allowed), ([], 1))
        self.assertEqual(allowed[0].used, 1)
        self.assertEqual(len(judge("adapt/x", old, new, allowed)[0]), 1)
        self.assertEqual(len(judge("methods/x", new, old, allowed)[0]), 1)

    def test_an_entry_without_a_reason_is_refused(self):
        read_allowed(REPLAY / "allowed.toml")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "allowed.toml")
            path.write_text('[[allowed]]\ncase = "*"\npath = "*"\nchange = "changed"\n')
            with self.assertRaisesRegex(ValueError, "entry 1: .*'reason'"):
                read_allowed(path)


if __name__ == "__main__":
    unittest.main()
