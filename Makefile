# make demo   draws the bundled scenario and makes a page that shows it: demo/index.html
# make test   style, types, imports and tests, as CI runs them
#
# Both make a virtual environment in .venv and install into it once; PYTHON=/path/to/python chooses the interpreter.

VENV ?= .venv
RIGHT_PYTHON = import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for name in python3 python3.12 python3.11 python3.10; do \
	$$name -c '$(RIGHT_PYTHON)' 2>/dev/null && echo $$name && break; done)

.PHONY: demo test clean

demo: $(VENV)/installed
	$(VENV)/bin/drivesim demo --out demo --overwrite

test: $(VENV)/installed-dev
	@status=0; \
	for check in "ruff check ." "ruff format --check ." "mypy" "lint-imports" "pytest"; do \
		echo "--- $$check"; $(VENV)/bin/$$check || status=1; \
	done; exit $$status

clean:
	rm -rf $(VENV) build demo *.egg-info

# The stamps are made last: an installation that failed or was stopped is done again.
$(VENV)/installed: $(VENV)/created setup.py pyproject.toml
	$(VENV)/bin/python -m pip install --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/created setup.py pyproject.toml
	$(VENV)/bin/python -m pip install --editable ".[dev]"
	@touch $@ $(VENV)/installed

$(VENV)/created:
	@test -n "$(PYTHON)" || { echo "No Python 3.10, 3.11 or 3.12 was found: install one," \
		"or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c '$(RIGHT_PYTHON)' || { echo "$(PYTHON) is not Python 3.10, 3.11 or 3.12" >&2; exit 1; }
	@echo "Installing into $(VENV): about 2 GB without CUDA, some minutes the first time."
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@
