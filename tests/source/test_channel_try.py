"""`muaractl channel try`: what each source would make of a sample, without broker, secrets or effects."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import yaml

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = REPO / "build" / os.environ.get("MUARA_BUILD", "test") / "bin"
FONNTE = {"sender": "6281200000001", "name": "Siti Aminah", "message": "Lampu mati", "inboxid": 7}
CSV = ("No Tiket,Jenis Panggilan,Nama Pelapor,No Telp,Uraian,Keterangan,Tanggal Terima,Tanggal Selesai,Alamat,"
       "Kecamatan,Lat Long,Foto\n"
       "A1,Pengaduan,Siti,081200000001,\"Lampu\nmati\",,20 Agustus 2026 07:15,,Jl. Ijen,Klojen,\"-7.98, 112.63\",\n"
       "A2,Prank,,,,,,,,,,\n"
       "A2,Prank,,,,,,,,,,\n"
       "A3,Pengaduan,\"torn")


class ChannelTry(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def write(self, name, text):
        path = self.path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def config(self, name, stem=None, drop=(), **more):
        """The shipped sample of a daemon with changes, beside what it names."""
        sample = yaml.safe_load((REPO / "config" / f"{name}.yaml").read_text())
        kept = {k: v for k, v in sample.items() if k not in drop}
        return self.write(f"{stem or name}.yaml", yaml.safe_dump({**kept, "start": "2020-01-01", "max_age": "9999d",
                                                                   **more}))

    def run_try(self, *args):
        env = {k: v for k, v in os.environ.items() if k != "CREDENTIALS_DIRECTORY"}
        return subprocess.run([BIN / "muaractl", "--muara", REPO / "config" / "muara.yaml", "channel", "try",
                               *map(str, args)], env=env, capture_output=True, text=True, timeout=60, check=False)

    def shown(self, *args):
        done = self.run_try(*args, "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def assert_untouched(self, before):
        self.assertEqual({p: p.read_bytes() for p in self.path.iterdir()}, before)

    def test_whatsapp(self):
        sample = REPO / "tests/conformance/samples/whatsapp/batch.json"
        config = self.config("whatsapp", "whatsapp-kota")
        before = {p: p.read_bytes() for p in self.path.iterdir()}
        messages = self.shown(config, sample)
        self.assertEqual([m["n"] for m in messages], list(range(1, len(messages) + 1)))
        self.assertEqual({m["class"] for m in messages}, {"human", "system"})
        text = json.loads(sample.read_text())["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"]
        plain, with_text = self.run_try(config, sample).stdout, self.run_try(config, sample, "--show-text").stdout
        self.assertNotIn(f": {text}\n", plain)
        self.assertIn(f": {text}\n", with_text)
        self.assert_untouched(before)

    def test_a_provider_of_whatsapp(self):
        provider = self.write("p.yaml", (REPO / "config/whatsapp-providers/fonnte.yaml").read_text())
        config = self.config("whatsapp", drop=("app_secret", "verify_token"), provider=provider.name,
                             secret="%d/whatsapp_secret")
        body = self.write("body.json", json.dumps(FONNTE))
        (message,) = self.shown(config, body)
        self.assertEqual((message["class"], message["author"]["phone"]["chars"]), ("human", 14))
        out = self.run_try(config, body).stdout
        for personal in (FONNTE["sender"], FONNTE["name"], FONNTE["message"]):
            self.assertNotIn(personal, out)
        provider.write_text(provider.read_text().replace("[/message, ", "[message, "))
        done = self.run_try(config, body)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, rf"{provider}:\d+: text.0: is no JSON pointer")

    def test_call112(self):
        messages = self.shown(self.config("call112"), self.write("a.csv", CSV))
        self.assertEqual([(m["class"], m["kind"]) for m in messages][:2], [("human", "call"), ("prank", "call")])
        self.assertEqual([m["place"] for m in messages][:2], ["a.csv:2", "a.csv:4"])
        self.assertEqual([m["class"] for m in messages][2:], ["undecodable"])

    def test_file(self):
        lines = '{"native_id":"1","text":"Lampu mati","attachments":[{"path":"a.jpg"}]}\r\nrusak\n\n{"native_id":2}'
        messages = self.shown(self.config("file"), self.write("a.ndjson", lines))
        self.assertEqual([(m["class"], m["place"]) for m in messages],
                         [("human", "a.ndjson:1"), ("undecodable", "a.ndjson:2"), ("human", "a.ndjson:4")])
        self.assertEqual(messages[0]["attachments"], [{"kind": "image", "state": "missing", "mime": "image/jpeg"}])

    def test_email(self):
        mail = self.write("a.eml", b"From: siti@contoh.id\r\nSubject: Jalan\r\nDate: Tue, 24 Nov 2026 08:15:00 +0700\r\n"
                          b"\r\nRusak\r\n")
        (message,) = self.shown(self.config("email", "email-aduan"), mail)
        self.assertEqual((message["class"], message["sent_at"]), ("human", "2026-11-24T01:15:00.000Z"))

    def test_social(self):
        page = REPO / "tests/conformance/samples/x/mentions-with-includes.json"
        config = self.config("social", "social-x")
        messages = self.shown(config, page)
        self.assertEqual([m["class"] for m in messages], ["system", "human", "human"])  # oldest first
        self.assertEqual([len(m["attachments"]) for m in messages], [0, 0, 1])
        out = self.run_try(config, page).stdout
        for personal in ("Warga Uji", "warga_uji", "lampu jalan"):
            self.assertNotIn(personal, out)
        half = self.write("half.json", page.read_bytes()[:400])
        self.assertIn("is no JSON object, or was cut", self.run_try(config, half).stderr)
        meta = {"page": "100000000000001", "token": "%d/social_token", "listen": "/run/x.sock",
                "app_secret": "%d/social_app-secret", "verify_token": "%d/social_verify-token"}
        config = self.config("social", "social-page", drop=("x",), platform="meta", meta=meta)
        body = {"object": "page", "entry": [{"id": "100000000000001", "time": 1790000000, "changes": [
            {"field": "feed", "value": {"item": "comment", "verb": "add", "comment_id": "9_1", "post_id": "9_0",
                                        "from": {"id": "7", "name": "Siti"}, "message": "Lampu mati",
                                        "created_time": 1790000000}}]}]}
        (message,) = self.shown(config, self.write("body.json", json.dumps(body)))
        self.assertEqual((message["class"], message["kind"]), ("human", "message"))

    def test_the_drop_folder_as_it_is(self):
        """Nothing is moved, not even the folder for it is made; attachments are found."""
        drop = self.path / "drop"
        drop.mkdir()
        (drop / "a.jpg").write_bytes(b"\xff\xd8\xff")
        (drop / "a.ndjson").write_text('{"native_id":"1","text":"Lampu mati","attachments":[{"path":"a.jpg"}]}\nrusak\n')
        (drop / "b.ndjson").write_text('{"native_id":"2","text":"Pohon tumbang"}\n')
        before = {p.name: p.read_bytes() for p in drop.iterdir()}
        messages = self.shown(self.config("file", path=str(drop)))
        self.assertEqual([m["class"] for m in messages], ["human", "undecodable", "human"])
        self.assertEqual(messages[0]["attachments"][0]["state"], "stored")
        self.assertEqual({p.name: p.read_bytes() for p in drop.iterdir()}, before)
        done = self.run_try(self.config("whatsapp"))
        self.assertEqual(done.returncode, 78)  # the live place needs the secrets

    def test_what_cannot_be_tried(self):
        sample = self.write("a", "")
        for config, said in ((self.config("whatsapp", "wasap"), "give --daemon"),
                             (REPO / "config/normalizer.yaml", "takes nothing in from outside")):
            done = self.run_try(config, sample)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)
        self.assertEqual(len(self.shown(self.path / "wasap.yaml", sample, "--daemon", "whatsapp")), 1)
        self.assertEqual(self.run_try(self.path / "wasap.yaml", sample, "--daemon", "../x").returncode, 2)
        done = self.run_try(self.config("file"), self.path / "nowhere")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nowhere", done.stderr)


if __name__ == "__main__":
    unittest.main()
