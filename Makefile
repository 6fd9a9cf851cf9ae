# 莞家 Guanjia - `make help` shows what there is. Everything runs in .venv, which is made when needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tools that are not locked have an environment of their own: what is locked stays as locked.
TOOLS := $(VENV)/tools
COMPILE := $(TOOLS)/bin/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-emit-index-url \
  --no-emit-find-links --no-emit-trusted-host
# Where an instance dies in mid-rebalance, or is replaced beside another: on Apache Kafka.
KILLS := tests/shared tests/matching/test_race.py tests/audit/test_service_kill.py tests/system/test_rolling.py \
  tests/notify/test_service_chaos.py
# Tests that need neither broker nor database: under coverage the others would run twice as long.
PURE := $(wildcard tests/*/test_decide_*.py tests/*/test_messages.py) tests/shared/sheets tests/shared/test_money.py \
  tests/shared/test_fold.py tests/shared/test_reads.py tests/audit/test_verify.py tests/audit/test_books_model.py \
  tests/intake/test_text.py tests/notify/test_any_order.py tests/matching/solver/test_optimum.py
MINUTES ?= 2
SOAK_MINUTES ?= 60
SEED ?= 1
CHAOS ?=
PYTEST := $(BIN)/python -m pytest -n 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup demo up test coverage test-long test-kafka test-chaos soak test-pages screenshots lint format types bench docs schemas lock tools lint-deploy audit-deps clean

help: ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(READY) ## make .venv with exactly the locked packages

$(READY): requirements-dev.lock pyproject.toml .ci/install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "缺少 venv · missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python .ci/install requirements-dev.lock
	@touch $@

demo: $(READY) ## run the whole system on real input and show what happened
	$(BIN)/guanjia demo

up: $(READY) ## start the embedded stack and keep it running
	$(BIN)/guanjia up

test: $(READY) ## unit, loop, one kill per service (under twelve minutes)
	@$(BIN)/python -m compileall -q -j 2 -x '/test_' services shared deploy tests
	$(PYTEST) -q -m "not long and not kafka and not pages"

coverage: $(READY) ## how much of each package the tests run that need no broker
	$(PYTEST) -q -m "not long and not kafka and not pages" --cov --cov-report= $(PURE)
	$(BIN)/python .ci/coverage-summary

test-long: $(READY) ## properties on many examples, chaos under load; pauses and rebalances on Apache Kafka (Java 17, Maven)
	GUANJIA_TEST_DEEP=1 $(PYTEST) -q --timeout 900 -m "hypothesis and not kafka and not pages"
	$(PYTEST) -q -m "long and not kafka" $(KILLS:%=--ignore %)
	GUANJIA_TEST_BROKER=kafka $(PYTEST) -q -n 2 -m "long and not kafka" $(KILLS)

test-kafka: $(READY) ## the processor's and the system's suites on real Apache Kafka
	$(PYTEST) -q -n 1 -m kafka tests/system
	GUANJIA_TEST_BROKER=kafka $(PYTEST) -q -n 2 -m "not long and not kafka" tests/shared
	GUANJIA_TEST_BROKER=kafka GUANJIA_TEST_BROKERS=3 $(PYTEST) -q -n 1 -m "not long and not kafka" tests/system/test_system.py

test-chaos: $(READY) ## load and faults on the embedded stack for two minutes; MINUTES=10 SEED=7 for others
	$(BIN)/guanjia chaos --minutes $(MINUTES) --seed $(SEED) $(CHAOS)

soak: $(READY) ## an hour of load without faults: memory and latency in its first third and its last
	$(BIN)/guanjia chaos --minutes $(SOAK_MINUTES) --calm --seed $(SEED)

test-pages: $(READY) ## every page as people meet it, in Chromium (apt-get install chromium)
	$(BIN)/python -m pytest -q -m pages tests/pages

screenshots: $(READY) ## each page at both sizes, from the demo's data, into build/screenshots
	$(BIN)/python -m tests.pages.screenshots

lint: $(READY) ## ruff, mypy --strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## put the code into shape
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

bench: $(READY) ## lifecycles, the ledger and the solver, each beside its limit and its peers
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench notices
	$(BIN)/python -m tests.bench matching --requests-max 200000

docs: $(READY) ## write the documents that are generated from the code
	$(BIN)/python -m deploy.docs

schemas: $(READY) ## export the event schemas
	$(BIN)/python -m shared.contracts.export

lock: $(TOOLS) ## resolve the dependencies anew, with hashes and no index lines
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	$(COMPILE) --extra services -o requirements.lock pyproject.toml
	$(COMPILE) --constraint requirements.lock -o requirements-verifier.lock pyproject.toml
	$(COMPILE) --all-extras --constraint requirements.lock -o requirements-dev.lock pyproject.toml

tools: $(TOOLS)/.ready ## hadolint, kubernetes-validate, promtool, amtool, an OpenID provider into .venv/tools (Debian)

$(TOOLS)/.ready: .ci/tools tests/support/oidc-provider/package-lock.json $(READY)
	.ci/tools $(TOOLS)
	@touch $@

lint-deploy: tools ## what deploy/ has by its readers' own checkers
	$(BIN)/python -m pytest -q tests/deploy/test_makers_tools.py tests/deploy/test_stacks.py

audit-deps: $(TOOLS) ## known vulnerabilities of what production installs (asks a service; not in CI)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(TOOLS)/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

$(TOOLS): $(READY)
	$(PYTHON) -m venv $@

clean: ## remove the environment and what tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* build *.egg-info
