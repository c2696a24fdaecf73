"""`make new-source NAME=telegram` in a copy of the tree: what it makes builds without a warning, passes its unit test,
its configuration is accepted as shipped, and nothing that was there is overwritten."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("MUARA_BUILD", "test")
LIMIT_S = 900


def copy_of_the_tree(to):
    """What git tracks, as it stands; the objects built so far, so that only the new files are compiled."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=REPO, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (REPO / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, to / name)
    if (REPO / "build" / BUILD).is_dir():
        shutil.copytree(REPO / "build" / BUILD, to / "build" / BUILD, copy_function=shutil.copy2)


def make(folder, name):
    return subprocess.run(["make", "--no-print-directory", "new-source", f"NAME={name}"], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S)


class NewSource(unittest.TestCase):
    def test_it_builds_and_passes(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            copy_of_the_tree(folder)
            done = make(folder, "telegram")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn("8 passed, 0 failed", done.stdout)
            self.check_made(folder)
            again = make(folder, "telegram")
            self.assertNotEqual(again.returncode, 0)
            self.assertIn("is there already", again.stdout)

    def check_made(self, folder):
        made = ["daemons/telegram/main.c", "daemons/telegram/decode.c", "daemons/telegram/decode.h",
                "tests/unit/test-telegram_decode.c", "tests/flow/test_telegram_ingest.py", "config/telegram.yaml",
                "deploy/systemd/muara-telegram@.service"]
        for name in made:
            text = (folder / name).read_text()
            self.assertNotRegex(text, r"muara-file|daemons/file|struct file\b|file_conf|\bfile_open", name)
        checked = subprocess.run(
            [folder / "build" / BUILD / "bin/muara-telegram", "--config", folder / "config/telegram.yaml",
             "--muara", folder / "config/muara.yaml", "--check-config"], capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        code = compile((folder / "tests/flow/test_telegram_ingest.py").read_text(), "test_telegram_ingest.py", "exec")
        self.assertIn("telegram", code.co_consts)
        formatted = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *[n for n in made if n[-1] in "ch"]],
                                   cwd=folder, capture_output=True, text=True) if shutil.which("clang-format-14") else None
        self.assertFalse(formatted and formatted.returncode, formatted and formatted.stderr)

    def test_bad_names(self):
        for name in ("", "Telegram", "tele-gram", "a" * 30, "../x", "file", "whatsapp"):
            with self.subTest(name=name):
                done = subprocess.run([REPO / "deploy/new-source.sh", name], capture_output=True, text=True,
                                      timeout=60)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("new-source: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
