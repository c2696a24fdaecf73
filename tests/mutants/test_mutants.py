"""Every mutant still applies: its text stands once in its file, and its test is there. Told here in a second, not
after the minutes that the mutants take."""
import importlib.util
import pathlib
import re
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SPEC = importlib.util.spec_from_file_location('mutants_run', HERE / 'run.py')  # other folders have a run.py, too
run = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(run)


def is_there(test):
    kind, what = test.split(':', 1)
    if kind == 'py':
        return (ROOT / 'tests' / what).exists()
    where, _, name = what.partition('/' if kind == 'unit' else ':')
    path = ROOT / 'tests' / (f'unit/{where}.c' if kind == 'unit' else f'flow/{where}.py')
    return path.exists() and re.search(rf'\b{re.escape(name)}\b', path.read_text()) is not None


class Mutants(unittest.TestCase):
    def test_each_applies(self):
        for m in run.load():
            with self.subTest(m['name']):
                path = ROOT / m['file']
                self.assertTrue(path.exists(), m['file'])
                self.assertEqual(path.read_text().count(m['old']), 1, f'its text in {m["file"]}')
                self.assertNotEqual(m['old'], m['new'])

    def test_each_has_its_test(self):
        for m in run.load():
            with self.subTest(m['name']):
                self.assertTrue(is_there(m['test']), m['test'])


if __name__ == '__main__':
    unittest.main()
