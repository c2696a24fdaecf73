"""Every sample in config/ as shipped passes --check-config, and typical mistakes are told with file, line and remedy.

Generic over config/<daemon>.yaml and the option tables: what a table holds is read from --help, so a new option or a
new daemon is tested without a line here.
"""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = REPO / "build" / os.environ.get("MUARA_BUILD", "test") / "bin"
CONFIG = REPO / "config"
EX_CONFIG, EX_USAGE = 78, 64
KEY = re.compile(r"^(#?)([a-z][a-z0-9_]*):(?: (.*))?$")  # of the top level, in use or commented out


def daemons():
    """Daemons that are built and have a sample."""
    return [p.stem for p in sorted(CONFIG.glob("*.yaml"))
            if (REPO / "daemons" / p.stem / "main.c").exists() and (BIN / f"muara-{p.stem}").exists()]


def keys(text, commented=None):
    """{key: (line, value text)} of the top level; commented: only those that are (not) commented out."""
    found = {}
    for n, line in enumerate(text.splitlines(), 1):
        m = KEY.match(line)
        if m and (commented is None or bool(m[1]) == commented):
            found[m[2]] = (n, (m[3] or "").strip())
    return found


class Daemon:
    """One daemon and its configuration in a folder of its own."""

    def __init__(self, name, folder):
        self.name, self.folder = name, pathlib.Path(folder)
        shutil.copytree(CONFIG, self.folder, dirs_exist_ok=True)
        self.own, self.shared = self.folder / f"{name}.yaml", self.folder / "muara.yaml"
        self.sample = self.own.read_text()
        self.credentials = self.folder / "credentials"
        self.credentials.mkdir()
        for text in [p.read_text() for p in self.folder.rglob("*.yaml")]:
            for credential in re.findall(r"%d/([\w.-]+)", text):
                (self.credentials / credential).write_text("0123456789abcdef0123456789abcdef\n")

    def run(self, *args, credentials=True):
        env = {k: v for k, v in os.environ.items() if k != "CREDENTIALS_DIRECTORY"}
        if credentials:
            env["CREDENTIALS_DIRECTORY"] = str(self.credentials)
        return subprocess.run([BIN / f"muara-{self.name}", "--config", self.own, "--muara", self.shared, *args],
                              env=env, capture_output=True, text=True, timeout=60)

    def help(self):
        """The table of its own file."""
        return self.run("--help").stdout.partition("Options of its own file")[2]

    def check(self, text):
        """Exit status and faults of --check-config with this text as its own file."""
        self.own.write_text(text)
        done = self.run("--check-config")
        return done.returncode, done.stderr


def of_each_daemon(test):
    @functools.wraps(test)
    def all_of_them(self):
        names = daemons()
        self.assertTrue(names, f"no daemon in {BIN}: make all BUILD=…")
        for name in names:
            with self.subTest(daemon=name), tempfile.TemporaryDirectory() as folder:
                test(self, Daemon(name, folder))
    return all_of_them


class EachDaemon(unittest.TestCase):
    @of_each_daemon
    def test_the_sample_as_shipped(self, d):
        done = d.run("--check-config")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count(": ok\n"), 2)

    @of_each_daemon
    def test_the_sample_names_every_option_and_its_default(self, d):
        table, sample = keys(d.help()), keys(d.sample)
        self.assertEqual(set(table) - set(sample), set(), "options the sample does not name")
        self.assertEqual(set(sample) - set(table), set(), "keys of the sample that are no option")
        for key, (line, shown) in keys(d.sample, commented=True).items():
            default = table[key][1]
            if default and shown:
                self.assertEqual(yaml.safe_load(shown), yaml.safe_load(default),
                                 f"{d.own.name}:{line}: {key}: its default is {default}")

    @of_each_daemon
    def test_print_config_holds_no_secret(self, d):
        done = d.run("--print-config")
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("0123456789abcdef", done.stdout)
        for part in done.stdout.split("\n---\n"):
            self.assertIsInstance(yaml.safe_load(part), dict)

    @of_each_daemon
    def test_a_misspelt_key(self, d):
        for key, (line, _) in keys(d.sample, commented=False).items():
            wrong = key[:-1] + "qx"  # for "tenant": "tenanqx"
            code, faults = d.check(re.sub(rf"(?m)^{key}:", f"{wrong}:", d.sample))
            self.assertEqual(code, EX_CONFIG, faults)
            self.assertRegex(faults, rf"{d.own}:{line}: {wrong}: is no option; ")

    @of_each_daemon
    def test_a_missing_key(self, d):
        """Required ones are named with what they mean; whatever is missing, it never crashes."""
        required = set(re.findall(r"\(required;[^)]*\)\n#([a-z0-9_]+):", d.help().replace("\n# ", " ")))
        if "SOURCE_OPTIONS(" in (REPO / "daemons" / d.name / "main.c").read_text():
            self.assertLessEqual({"tenant", "account", "start", "review", "max_age"}, required)
        text = yaml.safe_load(d.sample) or {}
        for key in text:
            code, faults = d.check(yaml.safe_dump({k: v for k, v in text.items() if k != key}))
            self.assertIn(code, (0, EX_CONFIG), faults)
            if key in required:
                self.assertRegex(faults, rf"{d.own}:\d+: {key}: is missing and must be set: \w+")

    @of_each_daemon
    def test_a_value_of_the_wrong_kind(self, d):
        for key in keys(d.help()):
            text = yaml.safe_load(d.sample) or {}
            text[key] = [[]]
            code, faults = d.check(yaml.safe_dump(text))
            self.assertEqual(code, EX_CONFIG, f"{key}: [[]] is taken")
            self.assertRegex(faults, rf"{d.own}:\d+: {key}\S*: ")

    @of_each_daemon
    def test_all_at_once(self, d):
        """Faults of both files and their drop-ins in one run."""
        d.shared.write_text(d.shared.read_text() + "zone: +07:00\n")
        drop_in = d.folder / f"{d.own.name}.d"
        drop_in.mkdir()
        (drop_in / "10-mine.yaml").write_text("\nno_such_option: 1\n")
        code, faults = d.check(d.sample + "another_one: 1\n&anchor x: 1\n")
        self.assertEqual(code, EX_CONFIG)
        lines = d.sample.count("\n")
        self.assertRegex(faults, rf"{drop_in}/10-mine.yaml:2: no_such_option: is no option; ")
        self.assertRegex(faults, rf"{d.own}:{lines + 1}: another_one: is no option; ")
        self.assertRegex(faults, rf"{d.own}:{lines + 2}: .*anchors")
        self.assertRegex(faults, rf'{d.shared}:\d+: zone: is no option; ')

    @of_each_daemon
    def test_a_file_that_is_not_there(self, d):
        d.own.unlink()
        done = d.run("--check-config")
        self.assertEqual(done.returncode, EX_CONFIG)
        self.assertRegex(done.stderr, rf"{d.own}: No such file")

    @of_each_daemon
    def test_not_yaml(self, d):
        code, faults = d.check(d.sample + "tenant: [\n")
        self.assertEqual(code, EX_CONFIG)
        self.assertRegex(faults, rf"{d.own}:\d+: not YAML: ")

    @of_each_daemon
    def test_secrets(self, d):
        """A credential that systemd did not give, and a secret others may read."""
        if "%d/" not in "".join(f"{k} {v}" for k, v in (yaml.safe_load(d.sample) or {}).items()):
            return
        done = d.run("--check-config", credentials=False)
        self.assertEqual(done.returncode, EX_CONFIG)
        self.assertIn("$CREDENTIALS_DIRECTORY is not set", done.stderr)
        secret = d.folder / "secret"
        secret.write_text("0123456789abcdef0123456789abcdef")
        secret.chmod(0o644)
        code, faults = d.check(re.sub(r"%d/[\w.-]+", str(secret), d.sample))
        self.assertEqual(code, EX_CONFIG)
        self.assertIn("chmod 600", faults)
        self.assertNotIn("0123456789abcdef", faults)

    @of_each_daemon
    def test_arguments(self, d):
        self.assertEqual(d.run("--chek-config").returncode, EX_USAGE)
        self.assertEqual(d.run("--version").returncode, 0)


class Sources(unittest.TestCase):
    """What only shows beside muara.yaml."""

    def test_tenant_channel_start(self):
        for name in {"file", "whatsapp", "call112", "email", "social"} & set(daemons()):
            with self.subTest(daemon=name), tempfile.TemporaryDirectory() as folder:
                d = Daemon(name, folder)
                own = yaml.safe_load(d.sample)
                d.own.write_text(yaml.safe_dump({**own, "tenant": "nowhere", "start": "soon"}))
                shared = yaml.safe_load(d.shared.read_text())
                d.shared.write_text(yaml.safe_dump({**shared, "channels": ["other"]}))
                done = d.run("--check-config")
                self.assertEqual(done.returncode, EX_CONFIG)
                self.assertRegex(done.stderr, rf"{d.own}:\d+: tenant: is none of the tenants")
                self.assertRegex(done.stderr, rf'{d.own}:\d+: start: must be "now" or a date')
                self.assertRegex(done.stderr, rf'{d.own}:\d+: .*its channel "{name}" is not among')

    @unittest.skipUnless("social" in daemons(), "muara-social is not built")
    def test_social_with_the_other_section(self):
        """The section that is commented out in the sample, in place of the one that is not."""
        with tempfile.TemporaryDirectory() as folder:
            d = Daemon("social", folder)
            head, _, rest = d.sample.partition("\nx:\n")
            meta = rest.partition("\n#meta:\n")[2]
            text = head.replace("platform: x", "platform: meta") + "\nmeta:\n" + re.sub("(?m)^#", "", meta)
            text = re.sub(r"(?m)^  (token_file|app_secret_next|ca):.*$", "", text)  # those that exclude others
            self.assertEqual(d.check(text), (0, ""))
            code, faults = d.check(text.replace("platform: meta", "platform: x"))
            self.assertEqual(code, EX_CONFIG)
            self.assertRegex(faults, rf"{d.own}:\d+: meta: is the section of another platform")


if __name__ == "__main__":
    unittest.main()
