"""Every planted bug still applies and every fuzz target has one. Told here in a second, not after the minutes of
`make fuzz-planted`; so is what each target names as its parser."""
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
from fuzz_coverage import parsers  # noqa: E402
from planted_bugs import BUGS  # noqa: E402

TARGETS = sorted(p.stem.removeprefix('fuzz-') for p in HERE.glob('fuzz-*.c'))


class Planted(unittest.TestCase):
    def test_each_applies(self):
        for bug in BUGS:
            with self.subTest(bug['target'], shows=bug['shows']):
                self.assertEqual((ROOT / bug['file']).read_text().count(bug['old']), 1, bug['file'])
                self.assertNotEqual(bug['old'], bug['new'])

    def test_each_target_has_one(self):
        self.assertEqual(sorted({b['target'] for b in BUGS}), TARGETS)

    def test_each_target_names_its_parser(self):
        for target in TARGETS:
            with self.subTest(target):
                files = parsers(target)
                self.assertTrue(files)
                for file in files:
                    self.assertTrue((ROOT / file).exists(), file)


if __name__ == '__main__':
    unittest.main()
