# make serve: check, build and serve this dataset on http://localhost:8000
# make test:  every test and every other check

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: serve test check bench format clean
.DEFAULT_GOAL := serve

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

serve: $(VENV)/installed
	$(BIN)/kg serve .

check: $(VENV)/installed
	$(BIN)/kg check .

test: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadgroup

bench: $(VENV)/installed-test
	PYTHONPATH=src:. $(BIN)/python tests/bench/sparql.py
	PYTHONPATH=src:. $(BIN)/python tests/bench/site.py
	PYTHONPATH=src:. $(BIN)/python tests/bench/check.py
	PYTHONPATH=src:. $(BIN)/python tests/bench/watch.py

format: $(VENV)/installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist
