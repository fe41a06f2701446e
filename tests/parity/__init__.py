"""One model set, many engines, the same answers: build everything on each and compare cell by cell.

`python -m tests.parity --help` (or `make parity`) prints the certificate; test_parity.py runs a shorter form.
"""
