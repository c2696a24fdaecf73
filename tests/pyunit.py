"""Runs the Python unit tests (fakes, oracle, schemas, systemd units): every tests/*/test_*.py but the flow tests.

Closes with "N passed, N failed, N skipped" as every part of the suite does. A module that cannot be imported counts
as a failure, never as nothing.
"""
import importlib.util
import pathlib
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parent
NOT_HERE = {"flow"}


def load(path):
    """One module by its path; test files of different folders may share a name."""
    name = "_".join(path.relative_to(TESTS).with_suffix("").parts)
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main():
    sys.path.insert(0, str(TESTS))
    suite, broken = unittest.TestSuite(), 0
    for path in sorted(TESTS.glob("*/test_*.py")):
        if path.parent.name in NOT_HERE:
            continue
        try:
            suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(load(path)))
        except Exception as why:  # a broken test file is a failing test
            print(f"{path.relative_to(TESTS)}: cannot be loaded: {why!r}")
            broken += 1
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    failed = len(result.failures) + len(result.errors) + broken
    skipped = len(result.skipped)
    print(f"{result.testsRun - len(result.failures) - len(result.errors) - skipped} passed, {failed} failed"
          + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
