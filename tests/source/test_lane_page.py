"""common/core/lane.md tells where each rule is and what proves it: what it names must exist."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'common/core/lane.md').read_text()


def texts(pattern):
    return {p.stem: p.read_text() for p in sorted(ROOT.glob(pattern))}


class Page(unittest.TestCase):
    def test_every_rule_once_and_proven(self):
        rules = re.findall(r'^(\d+)\. (.*)', PAGE, re.MULTILINE)
        self.assertEqual([int(n) for n, _ in rules], list(range(1, 24)))
        for number, text in rules:
            self.assertRegex(text, 'unit:|flow:', f'rule {number} names no test')

    def test_tests_exist(self):
        places = {'flow': texts('tests/flow/test_*.py'), 'unit': texts('tests/unit/test-*.c')}
        for kind, file, case in re.findall(r'(flow|unit):(test[\w-]+\w)(?:[:/](\w+))?', PAGE):
            self.assertIn(file, places[kind])
            self.assertRegex(places[kind][file], rf'\b{case}\b', f'{file} has no {case}')
        every = '\n'.join([*places['flow'].values(), *places['unit'].values(), *places['flow']])
        for name in set(re.findall(r'\btest_\w+', PAGE)):
            self.assertRegex(every, rf'\b{name}\b')

    def test_mutants_exist(self):
        known = set(re.findall(r"name='([\w-]+)'", '\n'.join(texts('tests/mutants/*.py').values())))
        named = set(re.findall(r'`((?:lane|norm|forwarder|oracle|ctl|source)-[\w-]+)`', PAGE))
        self.assertLessEqual(named, known)
        mine = {n for n in known if n.startswith('lane-')}
        self.assertLessEqual(mine, named, 'mutants of the lane that no rule names')

    def test_functions_exist(self):
        source = '\n'.join(p.read_text() for top in ('common', 'daemons')
                           for p in (ROOT / top).glob('*/*.c'))
        for names in re.findall(r'`[\w/]+\.c: ([\w, ]+)`', PAGE):
            for name in names.split(', '):
                self.assertRegex(source, rf'\b{name}\b')


if __name__ == '__main__':
    sys.exit(unittest.main())
