"""The hand-written wire transcripts agree with their own annotations.

Checks form only: CRLF, known {{names}}, one annotation for every line and every JSON member, rows
that the README lists. What the forwarder renders is compared with them in tests/unit.
"""
import json
import pathlib
import re
import unittest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "lapor-v3"
NAME = re.compile(rb"\{\{(\w+)\}\}")


def annotations(path):
    """[(line, member, row)] of a .rows file."""
    out = []
    for text in path.read_text().splitlines():
        if not text.startswith("#"):
            line, member, row = text.split("\t")[:3]
            out.append((int(line), member, row))
    return out


def expected(request):
    """[(line, member)] that must be annotated."""
    head, body = request.split(b"\r\n\r\n", 1)
    n_head = head.count(b"\r\n") + 1
    out = [(i, "-") for i in range(1, n_head + 2)]
    if body.startswith(b"{"):
        members = json.loads(NAME.sub(b"1", body))
        return out + [(n_head + 2, m) for m in members]
    n_body = len(body.split(b"\r\n")) - 1
    return out + [(n_head + 2 + i, "-") for i in range(n_body)]


class Golden(unittest.TestCase):
    def setUp(self):
        self.requests = sorted(GOLDEN.glob("*.request"))
        readme = (GOLDEN / "README.md").read_text()
        self.rows = set(re.findall(r"`([a-z]+\.[A-Za-z0-9_]+|http|ours)`", readme))
        self.names = set(re.findall(r"\{\{(\w+)\}\}", readme)) - {"names"}

    def test_every_line_has_its_row(self):
        self.assertGreaterEqual(len(self.requests), 14)
        for path in self.requests:
            with self.subTest(path.name):
                rows = annotations(path.with_suffix(".rows"))
                self.assertEqual(expected(path.read_bytes()), [(n, m) for n, m, _ in rows])
                for _, _, row in rows:
                    self.assertTrue(row in self.rows or row.startswith("create."), row)

    def test_only_known_names_and_crlf(self):
        for path in self.requests:
            with self.subTest(path.name):
                raw = path.read_bytes()
                self.assertLessEqual({n.decode() for n in NAME.findall(raw)}, self.names)
                self.assertNotIn(b"\n", raw.replace(b"\r\n", b""))

    def test_answers_and_snapshots_are_json(self):
        for path in [*GOLDEN.glob("*.answer.json"), *GOLDEN.glob("complaint-*.json")]:
            json.loads(path.read_text())


if __name__ == "__main__":
    unittest.main()
