# A thin alias of bootstrap.py, which works without make: python3 bootstrap.py --help
# ARGS are handed on: make test ARGS="-k contract"
PYTHON ?= python3
COMMANDS := demo stream-demo chaos test test-fast install lint engines parity bench locks clean

.PHONY: help $(COMMANDS)

help:
	@$(PYTHON) bootstrap.py --help

$(COMMANDS):
	@$(PYTHON) bootstrap.py $@ $(ARGS)
