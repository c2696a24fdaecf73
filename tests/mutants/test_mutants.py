"""Every mutant still applies: its text stands once in its file, and its test is there. Told here in a second, not
after the minutes that the mutants take. And: what counts as a kill."""
import contextlib
import importlib.util
import io
import pathlib
import re
import tempfile
import unittest
from unittest import mock

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


class FakeTree:
    """A tree of one source; `put_back` is what is seen."""

    def __init__(self, folder):
        self.path, self.text = pathlib.Path(folder), 'if (rule)'
        self.path.joinpath('a.c').write_text(self.text)

    def build(self, _tests, _jobs):
        return (0, '') if 'broken' not in self.path.joinpath('a.c').read_text() else (2, 'a.c:1: error')

    def put_back(self, name):
        self.path.joinpath(name).write_text(self.text)


class FakeTests:
    """Fails where the rule is gone; without a mutant as `unmutated` says, after 2 s."""

    def __init__(self, tree, unmutated='passed'):
        self.tree, self.unmutated, self.took, self.asked = tree, unmutated, 0.0, []

    def result(self, test, unmutated_took=None):
        self.asked.append(unmutated_took)
        self.took = 2.0
        text = self.tree.path.joinpath('a.c').read_text()
        return (self.unmutated if text == self.tree.text else 'passed' if 'rule' in text else 'failed'), ''


def mutant(name, new, old='rule', test='unit:test-a/case'):
    return dict(name=name, file='a.c', old=old, new=new, test=test)


class Kills(unittest.TestCase):
    def run_it(self, *mutants, unmutated='passed', **options):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tests = FakeTests(FakeTree(folder.name), unmutated)
        r = run.Run(list(mutants), **options)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            r.one_test(self.tests, 'unit:test-a/case')
        self.out = out.getvalue()
        self.assertEqual(self.tests.tree.path.joinpath('a.c').read_text(), 'if (rule)', 'put back')
        return r.failed()

    def test_only_a_failing_test_kills(self):
        self.assertEqual(self.run_it(mutant('killed', 'true'), mutant('survives', 'rule || rule'),
                                     mutant('no-build', 'broken'), mutant('gone', 'x', old='no such text')),
                         ['survives', 'no-build', 'gone'])
        self.assertIn('survives: SURVIVED', self.out)
        self.assertIn('gone: does not apply', self.out)

    def test_a_test_that_fails_anyway_kills_nothing(self):
        self.assertEqual(self.run_it(mutant('killed', 'true'), unmutated='failed'), ['killed'])
        self.assertEqual(self.tests.asked, [None])

    def test_a_mutant_waits_in_proportion_to_the_run_without_it(self):
        self.run_it(mutant('killed', 'true'))
        self.assertEqual(self.tests.asked, [None, 2.0])
        self.run_it(mutant('killed', 'true'), patient=True)
        self.assertEqual(self.tests.asked, [None, None])

    def test_patience_is_more_than_it_took(self):
        tests = run.Tests(None, None)
        with mock.patch.object(tests, '_unit', return_value=('passed', '')) as unit:
            tests.result('unit:test-a/case')
            tests.result('unit:test-a/case', 3.0)
        asked = [call.args[1] for call in unit.call_args_list]
        self.assertIsNone(asked[0])
        self.assertGreaterEqual(asked[1], 4 * 3.0)


if __name__ == '__main__':
    unittest.main()
