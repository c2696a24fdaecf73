"""The samples that are here pass, and the runner sees a decoder that loses, alters or crashes."""
import os
import pathlib
import stat
import tempfile
import unittest

import run as conformance

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent.parent / 'build' / os.environ.get('MUARA_BUILD', 'test') / 'tools'


@unittest.skipUnless((TOOLS / 'wa_decode').exists(), 'tools are not built')
class Conformance(unittest.TestCase):
    def run_with(self, script=None, tool='wa_decode', samples='whatsapp'):
        """(passed, failed, lines); `script` behind the real decoder's output."""
        lines = []
        if not script:
            return *conformance.run(HERE / 'samples', TOOLS, lines.append), lines
        with tempfile.TemporaryDirectory() as d:
            path = pathlib.Path(d) / tool
            path.write_text(f'#!/bin/sh\n"{TOOLS}/{tool}" "$1" | {script}\n', encoding='utf-8')
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
            return *conformance.run(HERE / 'samples' / samples, pathlib.Path(d), lines.append), lines

    def test_our_samples_pass(self):
        passed, failed, lines = self.run_with()
        self.assertEqual(failed, 0, '\n'.join(lines))
        self.assertEqual(passed, len([p for p in (HERE / 'samples').rglob('*') if p.is_file()]))

    def test_what_is_lost_is_seen(self):
        self.assertEqual(self.run_with('sed 1d')[0], 0)

    def test_what_is_altered_is_seen(self):
        passed, failed, lines = self.run_with("sed 's/wamid.[A-Z]/wamid.x/g'")
        self.assertGreater(failed, 0, '\n'.join(lines))

    def test_what_is_doubled_is_seen(self):
        self.assertEqual(self.run_with('sed p')[0], 0)

    def test_what_is_wrong_with_pages_of_x(self):
        for script in ('sed 2d', 'sed "2{h;p;g}"', "sed 's/21253/31253/g'", r"sed 's/.offset.:[0-9]*/\"offset\":0/'",
                       "sed 's/.class.:.[a-z]*/\"class\":\"undecodable/'", "sed 's/^{.refused.*/{\"items\":0}/'"):
            self.assertEqual(self.run_with(script, 'x_decode', 'x')[0], 0, script)

    def test_a_crash_is_seen(self):
        self.assertEqual(self.run_with('cat; kill -SEGV $$')[0], 0)


if __name__ == '__main__':
    unittest.main()
