"""The systemd units as installed: they verify, and each service's exposure stays, the broker's too, at most 1.2 (`security --offline`).
"""
import pathlib
import re
import subprocess
import tempfile
import unittest

REPO = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 1.2


def render(into):
    """Units with every program replaced by one that exists: what is checked is the unit, not the build."""
    subprocess.run([REPO / "deploy/systemd/render.sh", into, "/usr/bin", "/etc/muara", "/usr/share/muara"], check=True)
    for unit in pathlib.Path(into).glob("*.service"):
        text = re.sub(r"^(Exec\w+=)\S+", r"\1/bin/true", unit.read_text(), flags=re.M)
        unit.write_text(text)
    return sorted(pathlib.Path(into).iterdir())


def named(unit):
    """A template is checked as one of its instances."""
    if "@" not in unit.name:
        return unit
    instance = unit.with_name(unit.name.replace("@", "@kota"))
    instance.write_text(unit.read_text())
    return instance


class Units(unittest.TestCase):
    def test_every_daemon_has_a_unit(self):
        units = {p.name.removesuffix(".service").removesuffix("@") for p in (REPO / "deploy/systemd").glob("*.service")}
        for main in (REPO / "daemons").glob("*/main.c"):
            name = main.parent.name
            if name != "muaractl":
                self.assertIn(f"muara-{name}", units, f"daemons/{name} has no deploy/systemd/muara-{name}[@].service")

    def test_verify_and_exposure(self):
        with tempfile.TemporaryDirectory() as scratch:
            for unit in render(scratch):
                with self.subTest(unit=unit.name):
                    path = named(unit)
                    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True)
                    about_it = [line for line in done.stderr.splitlines() if path.name in line]
                    self.assertEqual((done.returncode, about_it), (0, []), done.stderr)
                    if path.suffix == ".service":
                        self.check_exposure(path)

    def check_exposure(self, path):
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", path],
                              capture_output=True, text=True, check=True)
        level = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout).group(1))
        self.assertLessEqual(level, LIMIT, done.stdout)


if __name__ == "__main__":
    unittest.main()
