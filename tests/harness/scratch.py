"""A folder per run: removed when all went well, kept (and named) when not.
MUARA_KEEP=always keeps it, MUARA_KEEP=never keeps nothing of failures either.

Paths in it end up in Unix socket addresses (108 bytes), so names stay short.
"""

import os
import shutil
import sys
import tempfile


class Scratch:
    """`with Scratch() as s: s.path('x/y')` makes parents as needed."""

    def __init__(self, prefix='muara-', parent=None):
        self.dir = tempfile.mkdtemp(prefix=prefix, dir=parent)
        self.keep = os.environ.get('MUARA_KEEP')

    def path(self, *names):
        path = os.path.join(self.dir, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def mkdir(self, *names):
        path = os.path.join(self.dir, *names)
        os.makedirs(path, exist_ok=True)
        return path

    def write(self, name, text):
        """Whole or not at all: a running daemon may read it meanwhile."""
        path = self.path(name)
        mode = 'wb' if isinstance(text, bytes) else 'w'
        with open(path + '.new', mode) as f:
            f.write(text)
        os.rename(path + '.new', path)
        return path

    def close(self, failed=False):
        if (failed or self.keep) and self.keep != 'never':
            print(f'kept: {self.dir}', file=sys.stderr, flush=True)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close(failed=kind is not None)
