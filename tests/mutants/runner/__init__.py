"""What tests/mutants/run.py works with: copies of the sources, and the tests run in them."""
