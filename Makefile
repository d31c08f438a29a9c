# Two commands: `make demo` and `make test`.  Everything else is for those who change the project.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test quick check pages walk mutants mutants-sample audit bench docs site pictures lock clean help

help:
	@echo "make demo   let half a year of the sample district pass (builds the environment first)"
	@echo "make test   run every check and test"
	@echo "make quick  linters, types and the quick tests of the library's floors (under three minutes)"
	@echo "make check  linters, types, floors only"
	@echo "make walk   open every page of every record as every role in both languages (hours)"
	@echo "make audit  look locked packages up in the public list of vulnerabilities (needs the internet)"
	@echo "make mutants  do the tests fail when the code that decides is changed?  (hours; goes on where it was)"
	@echo "make mutants-sample  the same for 300 drawn at random (minutes)"
	@echo "make bench  measure against peers (see benchmarks/README.md)"
	@echo "make pages  lay templates, scripts and styles of the console out as make check wants them"
	@echo "make docs   write the pages made from rulebook and docstrings (docs/rules.md, docs/python-api.md)"
	@echo "make site   build the documentation as pages for a browser (out/site)"
	@echo "make pictures  take the pictures of the guides anew"
	@echo "make lock   renew requirements.lock from pyproject.toml"

$(VENV)/.ready: requirements.lock pyproject.toml client/pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(None if sys.version_info >= (3, 11) else 'xhcredit needs Python 3.11 or newer, found ' + sys.version.split()[0] + '; run: make PYTHON=python3.11 …')"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "building the environment from requirements.lock (a minute or two) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./client
	@touch $@

demo: $(VENV)/.ready
	@$(BIN)/xhcredit demo

# Templates are laid out by djlint, scripts and styles by biome; both stop where a file is not as they lay it out.
TEMPLATES := serving/xhcredit_serving/console/templates
STATIC := serving/xhcredit_serving/console/static
check: $(VENV)/.ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/djlint --quiet --check $(TEMPLATES)
	@$(BIN)/djlint --quiet --lint $(TEMPLATES)
	@$(BIN)/biome check --error-on-warnings $(STATIC)
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: check
	@$(BIN)/python -m pytest -n 2 --dist loadfile

# Floors without nights, servers and browsers; what takes seconds there bears the marker `slow`.
QUICK := domain rules ingest engine features scores tiers draws restoration alerts sample
quick: check
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" $(QUICK:%=tests/%) tests/test_house_rules.py tests/test_walks.py tests/test_naming.py tests/test_docs.py tests/training/test_gates_by_hand.py

# PACKAGES="xhcredit/tiers training/xhcredit_training/promotion_gates.py" tries only those.
mutants: $(VENV)/.ready
	@$(BIN)/python -m tests.mutation $(PACKAGES)

# SURE=--sure fails only if the whole interval of the sample lies below nine in ten, as CI does.
mutants-sample: $(VENV)/.ready
	@$(BIN)/python -m tests.mutation --sample 300 --seed 1 $(SURE)

walk: $(VENV)/.ready
	@XHCREDIT_WALK=full $(BIN)/python -m pytest -n 2 --dist loadfile tests/walk

audit: $(VENV)/.ready
	@$(BIN)/pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict

bench: $(VENV)/.ready
	@$(BIN)/python -m benchmarks.everything

pages: $(VENV)/.ready
	@$(BIN)/djlint --quiet --reformat $(TEMPLATES) || true # it fails where it changed something
	@$(BIN)/biome check --write $(STATIC)

docs: $(VENV)/.ready
	@$(BIN)/xhcredit rules page > docs/rules.md
	@$(BIN)/python -m tests.api.page

site: $(VENV)/.ready
	@$(BIN)/python docs/site/build.py out/site

pictures: $(VENV)/.ready
	@XHCREDIT_GUIDE_PICTURES=1 $(BIN)/python -m pytest -q tests/browser/test_guide_pictures.py

lock:
	@$(PYTHON) -m pip install --quiet --target $(VENV)/uv uv
	@$(VENV)/uv/bin/uv pip compile pyproject.toml --all-extras --group dev --universal --generate-hashes --no-header --no-annotate --upgrade -q -o requirements.lock

clean:
	rm -rf $(VENV) out
