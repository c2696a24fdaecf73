"""Does each fuzz target find a bug? Plants the bugs of planted_bugs.py one by one into a copy of the sources, builds
the target with libFuzzer, ASan and UBSan, and gives it its seeds and then up to SECONDS of fuzzing. See planted.sh.

Only what the target itself reports counts as found: a CHECK that does not hold, a report of a sanitizer, a crash. The
target must run clean over its seeds without the bug, a bug must apply and build, and a target without any bug is a
failure. What a run learns is thrown away. Prints a line each and "N passed, N failed".
"""
import argparse
import os
import pathlib
import re
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / 'build' / 'planted'
BUILD_LIMIT_S = 900
FOUND = re.compile(r'does not hold: .*|ERROR: \w+Sanitizer: [\w-]+|runtime error: .*|ERROR: libFuzzer: [\w-]+')

sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / 'mutants'))
from planted_bugs import BUGS  # noqa: E402
from runner.tree import Tree  # noqa: E402


def targets():
    return sorted(p.stem.removeprefix('fuzz-') for p in HERE.glob('fuzz-*.c'))


class Planter:
    def __init__(self, seconds, clang):
        self.seconds = seconds
        self.cc = f'ccache {clang}' if os.environ.get('CCACHE') else clang
        self.tree = Tree(WORK)
        self.tree.path.mkdir(parents=True, exist_ok=True)
        self.tree.copy_from(ROOT)

    def build(self, *names):
        goals = [f'build/fuzz/fuzz/fuzz-{n}' for n in names]
        return self.tree.run(['make', '--no-print-directory', '-j2', 'BUILD=fuzz', f'CC={self.cc}', *goals],
                             BUILD_LIMIT_S)

    def fuzz(self, target, *options):
        """(exit status or None, output) over the seeds, and further as the options say."""
        learnt = WORK / 'build' / 'learnt'
        shutil.rmtree(learnt, ignore_errors=True)
        learnt.mkdir(parents=True)
        return self.tree.run([f'build/fuzz/fuzz/fuzz-{target}', '-seed=1', '-max_len=65536', '-rss_limit_mb=1024',
                              '-timeout=10', '-artifact_prefix=build/learnt/found-', *options, str(learnt),
                              f'tests/fuzz/{target}'], self.seconds + 300, ASAN_OPTIONS='detect_leaks=1')

    def clean(self, target):
        code, out = self.fuzz(target, '-runs=0')
        return code == 0, 'clean over its seeds' if code == 0 else 'fails without any bug', out

    def planted(self, bug):
        """(found, word, output)"""
        path = self.tree.path / bug['file']
        text = path.read_text()
        if text.count(bug['old']) != 1:
            return False, f'does not apply: the text stands {text.count(bug["old"])} times in {bug["file"]}', ''
        try:
            path.write_text(text.replace(bug['old'], bug['new']))
            code, out = self.build(bug['target'])
            if code != 0:
                return False, 'does not build', out
            begin = time.monotonic()
            code, out = self.fuzz(bug['target'], f'-max_total_time={self.seconds}')
            took = time.monotonic() - begin
        finally:
            path.write_text(text)
        report = FOUND.search(out)
        if code == 0 or not report:
            return False, f'NOT FOUND in {took:.0f} s', out
        by = f'after {took:.0f} s of fuzzing' if '\tINITED ' in out else 'by a seed'
        return True, f'found {by}: {report.group(0)}', out


def told(target, good, word, out):
    print(f'{"ok  " if good else "FAIL"}  {target:12s} {word}', flush=True)
    if not good:
        print(''.join(f'      | {line}\n' for line in out.splitlines()[-25:]), end='', flush=True)
    return good


def main():
    p = argparse.ArgumentParser(description='Planted bugs: every fuzz target must find its own.')
    p.add_argument('seconds', type=int, nargs='?', default=30, help='of fuzzing for each bug')
    p.add_argument('name', nargs='?', default='', help='only targets whose name contains it')
    p.add_argument('--clang', default=os.environ.get('CLANG', 'clang-14'))
    args = p.parse_args()
    names = [t for t in targets() if args.name in t]
    planter = Planter(args.seconds, args.clang)
    code, out = planter.build(*names)
    if code != 0 or not names:
        print(out[-4000:] + '\nthe sources as they are do not build\n0 passed, 1 failed')
        return 1
    failed = passed = 0
    for target in names:
        good, word, out = planter.clean(target)
        bugs = [b for b in BUGS if b['target'] == target]
        if good and bugs:
            continue
        told(target, False, word if not good else 'has no planted bug', out if not good else '')
        failed += 1
    for bug in (b for b in BUGS if b['target'] in names):
        good, word, out = planter.planted(bug)
        told(bug['target'], good, f'{bug["shows"]}: {word}', out)
        passed, failed = passed + good, failed + (not good)
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
