"""Copies of the sources, built once and put back after each mutant.

`Tree(path).copy_from(root)` follows the sources, so that a second run builds little; the first takes over what is
built in the root, and make decides by the times what of it is old. `Tree(path).twin_of(base)` is a
copy of a tree with all that was built in it: make finds it up to date, whatever place it lies at. After a mutant,
`put_back` gives it base's text and base's objects again, with their times: nothing is compiled a second time.
"""
import os
import shutil
import signal
import subprocess

BUILD_LIMIT_S = 600
BUILT = 'build/test'


class Tree:
    def __init__(self, path):
        self.path, self.base = path, None

    def copy_from(self, root):
        """What git tracks or does not ignore, as it is in the working tree; what did not change keeps its time."""
        new = not (self.path / BUILT).exists()
        wanted = set(subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=root,
                                    check=True, stdout=subprocess.PIPE, text=True).stdout.split('\0')) - {''}
        for name in sorted(wanted):
            source, target = root / name, self.path / name
            if not source.exists():
                wanted.discard(name)
                continue
            if target.exists() and target.read_bytes() == source.read_bytes():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            if not new:
                os.utime(target)
        if new and (root / BUILT).exists():
            (self.path / 'build').mkdir(parents=True, exist_ok=True)
            subprocess.run(['cp', '-a', root / BUILT, self.path / BUILT], check=True)
        for old in self.path.rglob('*'):
            inside = old.relative_to(self.path)
            if old.is_file() and inside.parts[0] != 'build' and str(inside) not in wanted:
                old.unlink()
        (self.path / 'build').mkdir(parents=True, exist_ok=True)
        jars = self.path / 'build' / 'kafka'
        if not jars.exists():
            jars.symlink_to(root / 'build' / 'kafka')

    def twin_of(self, base):
        self.base = base
        if self.path.exists():
            shutil.rmtree(self.path)
        subprocess.run(['cp', '-a', base.path, self.path], check=True)
        return self

    def put_back(self, name):
        """The source as it was, and everything that was built from what it had become."""
        shutil.copy2(self.base.path / name, self.path / name)
        for folder, _, files in os.walk(self.path / BUILT):
            origin = self.base.path / os.path.relpath(folder, self.path)
            for file in files:
                mine, theirs = os.path.join(folder, file), origin / file
                try:
                    if os.stat(mine).st_mtime_ns == os.stat(theirs).st_mtime_ns:
                        continue
                    shutil.copy2(theirs, mine)
                except FileNotFoundError:
                    os.unlink(mine)

    def run(self, argv, limit, **env):
        """(exit status or None when over its time, output). Whatever it started ends with it."""
        child = subprocess.Popen(argv, cwd=self.path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors='replace', start_new_session=True,
                                 env={**os.environ, **env})
        try:
            return _wait(child, limit)
        finally:
            _end_group(child)

    def build(self, tests, jobs):
        """(exit status, output) of building what these tests need."""
        targets = {f'{BUILT}/unit/{t.split(":", 1)[1].split("/")[0]}' for t in tests if t.startswith('unit:')}
        if any(t.startswith('flow:') for t in tests):
            targets.add('all')
        if not targets:
            return 0, ''
        return self.run(['make', '--no-print-directory', f'-j{jobs}', 'BUILD=test', *sorted(targets)], BUILD_LIMIT_S)


def _wait(child, limit):
    try:
        out, _ = child.communicate(timeout=limit)
        return child.returncode, out
    except subprocess.TimeoutExpired:
        _end_group(child)
        out, _ = child.communicate()
        return None, out or ''


def _end_group(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
