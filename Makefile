# Relève: every target first sets up whatever it needs that is missing, and says so. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Two steps must not install packages at the same time; each uses all cores by itself where that helps.
.NOTPARALLEL:

PYTHON ?= python3
SEED ?= 1
BOARD ?= VIRTUAL
# virtual; emulated: the RPI_PICO image on an emulated RP2040; emulated-stm32: the NUCLEO_L476RG image on an emulated
# STM32L476, built if MICROPYTHON_DIR names a checkout of MicroPython 1.25; desk-emulated: that and an emulated bench I/O board, wired
# to each other; desk: real boards, as described by BENCH_FILE.
BENCH ?= virtual
BENCH_FILE ?=
# A Pico's real boot ROM for the emulated benches.
BOOTROM ?=
PORT ?= 7007
PACE ?= 1
# Test processes; the machine for which the time limits are set has two cores.
WORKERS ?= 2
# BASE: what the mutation gates compare with (the Python gate also takes: landed, what main was before this commit).
# MUTATION_SECONDS: how long the Python gate may take. FUZZ_RUNS, FUZZ_SECONDS: how long the core's fuzzers run.
BASE ?= HEAD
MUTATION_SECONDS ?= 300
FUZZ_RUNS ?= 150000
FUZZ_SECONDS ?= 600
# The number of random therapy scripts, for the oracle and for each kind of twin runs.
SCRIPTS ?= 1000
# The number of scenarios with a man in the middle.
SCENARIOS ?= 100000

VENV := .venv/bin
BOOTSTRAP := $(PYTHON) -m tools.bootstrap
C_FILES = $(shell git ls-files '*.[ch]')
export PYTHONDONTWRITEBYTECODE = 1

.PHONY: help
help: ## list the targets
	@echo "Relève: controller firmware and test bench for an implantable insulin pump. Not a medical device."
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 27
	@echo "Settings: SEED=$(SEED) BOARD=$(BOARD) BENCH=$(BENCH) PORT=$(PORT) PACE=$(PACE) WORKERS=$(WORKERS) MICROPYTHON_DIR=… DEBIAN_MIRROR=…"

.PHONY: setup
setup: ## install what the project needs: system packages, .venv
	@$(BOOTSTRAP) venv

.PHONY: firmware
firmware: ## build MicroPython with the firmware for BOARD; RELEASE=1: closed, without console
	@$(PYTHON) -m tools.micropython $(BOARD) $(if $(RELEASE),--release)

.PHONY: flash
flash: setup ## write BOARD's image to the board, then verify its identity on PORT; RELEASE=1, TARGET=…, DRY_RUN=1
	@$(VENV)/python -m tools.flash $(BOARD) $(if $(filter file,$(origin PORT)),,--port $(PORT)) \
	  $(if $(RELEASE),--release) $(if $(TARGET),--target "$(TARGET)") $(if $(DRY_RUN),--dry-run)

.PHONY: board-size
board-size: ## compare flash, RAM and stack of BOARD's image (STM32L4: of our own C) with its budget.toml
	@$(PYTHON) -m tools.board_size $(BOARD)

.PHONY: howto
howto: setup ## follow docs/howto/port-a-board.md to the letter: a new board of each family, copied, checked, built
	@$(VENV)/python -m pytest -m nightly tests/gates/test_port_a_board.py

.PHONY: boards
boards: ## build every board's image twice, in two places, compare, and set hash and sizes in README's table
	@$(PYTHON) -m tools.boards $(ARGS)

.PHONY: reproducible
reproducible: ## build BOARD's image twice, in two places, and compare
	@$(PYTHON) -m tools.reproducible $(BOARD)

.PHONY: ready
ready: setup core-module firmware

.PHONY: emulator
emulator: setup ## install and build the emulated Pico: rp2040js, boot ROM
	@$(PYTHON) -m tools.emulator

.PHONY: ready-virtual
ready-virtual: ready

.PHONY: ready-emulated
ready-emulated: setup core-module emulator
	@$(PYTHON) -m tools.micropython RPI_PICO

.PHONY: ready-emulated-stm32
ready-emulated-stm32: setup core-module
	@$(if $(MICROPYTHON_DIR),$(PYTHON) -m tools.micropython NUCLEO_L476RG)

.PHONY: ready-desk-emulated
ready-desk-emulated: ready-emulated
	@$(PYTHON) -m tools.micropython BENCH_IO

.PHONY: ready-desk
ready-desk: setup core-module

ready-%:
	@echo "bench error: no bench '$*'; BENCH is virtual, emulated, emulated-stm32, desk-emulated, or desk with BENCH_FILE" >&2; exit 4

.PHONY: bench
bench: ready-$(BENCH) ## run the accuracy bench on BENCH with a plant made from SEED; results in build/bench
	@$(VENV)/python -m hil bench --bench $(BENCH) --seed $(SEED) --out build/bench

.PHONY: hil
hil: ready-$(BENCH) ## run the HIL suite on BENCH: virtual, emulated, emulated-stm32, desk-emulated; desk with BENCH_FILE; build/hil-BENCH.html
	@rm -f build/hil-$(BENCH).xml
	@$(VENV)/python -m pytest tests/suite --bench $(BENCH) $(if $(BENCH_FILE),--bench-file $(BENCH_FILE)) $(if $(BOOTROM),--bootrom $(BOOTROM)) -n $(if $(filter desk,$(BENCH)),0,$(WORKERS)) --dist worksteal --results build --junit-xml build/hil-$(BENCH).xml $(ARGS)

.PHONY: speed
speed: ready ## measure how much faster than real time a bench runs; build/speed.json
	@$(VENV)/python -m hil speed --out build/speed.json

.PHONY: start-up
start-up: ready ## measure the processor time that `pump` takes to start; build/start-up.json
	@$(VENV)/python -m hil start-up --out build/start-up.json

.PHONY: day
day: ready-$(BENCH) ## run a day of 5 U/h and a bolus of 30 U on BENCH: speed, strokes, the latest start; build/day-BENCH.json
	@$(VENV)/python -m hil day --bench $(BENCH) --out build/day-$(BENCH).json

.PHONY: awake
awake: ready-emulated ## measure the awake time of the emulated Pico per stroke; BESIDE=another built checkout: the ratio to it
	@$(VENV)/python -m hil awake $(if $(BESIDE),--beside "$(BESIDE)")

.PHONY: edges
edges: ready-emulated ## measure step edges and stroke starts on the emulated Pico under load; build/edges.json
	@$(VENV)/python -m hil edges --workers $(WORKERS) --steps 100000 --out build/edges.json

.PHONY: edges-nightly
edges-nightly: ready-emulated ## the same with a million steps
	@$(VENV)/python -m hil edges --workers $(WORKERS) --out build/edges.json

.PHONY: link-floods
link-floods: ready-emulated ## flood the emulated Pico with each kind of request, ten minutes each (nightly; resumes where it was stopped); build/link-floods.json
	@$(VENV)/python -m hil floods --workers $(WORKERS) --out build/link-floods.json $(ARGS)

.PHONY: same-strokes
same-strokes: ready-$(BENCH) ## dose on BENCH under each kind of flood and attack, compare with a silent line; build/same-strokes-BENCH.json
	@$(VENV)/python -m hil same-strokes --bench $(BENCH) --workers $(WORKERS) --out build/same-strokes-$(BENCH).json $(ARGS)

.PHONY: flood-cost
flood-cost: ready-emulated ## measure what forged openings cost the emulated Pico, compute a day's charge, let programmers in; build/flood-cost.json
	@$(VENV)/python -m hil flood-cost --out build/flood-cost.json $(ARGS)

.PHONY: turns
turns: ready-emulated ## measure the supervisor's longest turn for each kind of request, fine strokes; build/turns.json
	@$(VENV)/python -m hil floods --workers $(WORKERS) --seconds 5 --quantum 125 --out build/turns.json

.PHONY: boot-nightly
boot-nightly: ready-emulated ## inject Ctrl-C, an exception, no memory, a crash at every 10 ms of the emulated Pico's boot
	@RELEVE_BOOT_STEP_MS=10 $(VENV)/python -m pytest tests/suite/test_start.py --bench emulated -n $(WORKERS) --dist worksteal $(ARGS)

.PHONY: aimed
aimed: ready-emulated ## aim orders at the armed stroke of the emulated Pico, ±2 ms (ARGS="--orders 2000"); build/aimed.json
	@$(VENV)/python -m hil aimed --workers $(WORKERS) --out build/aimed.json $(ARGS)

.PHONY: between-nightly
between-nightly: setup core-module ## inject interrupts, exceptions, failed writes, power cuts at every line of orders, events, start-ups; build/between.json
	@$(VENV)/python -m tests.firmware.between.nightly --workers $(WORKERS) $(ARGS)

.PHONY: adversary
adversary: setup ## play SCENARIOS scenarios from SEED on with a man in the middle of the link; goes on where it was broken off; build/adversary.json
	@$(VENV)/python -m tests.adversary --seed $(SEED) --scenarios $(SCENARIOS) --workers $(WORKERS) --out build/adversary.json

.PHONY: occlusion
occlusion: ready ## judge the occlusion detector on a campaign of faults made from SEED; build/occlusion.json
	@$(VENV)/python -m hil occlusion --seed $(SEED) --workers $(WORKERS) --out build/occlusion.json

.PHONY: occlusion-nightly
occlusion-nightly: ready ## the same with 1,000 patient-years without a fault; build/occlusion-nightly.json
	@$(VENV)/python -m hil occlusion --seed $(SEED) --workers $(WORKERS) --patient-years 1000 \
		--out build/occlusion-nightly.json

.PHONY: powerloss
powerloss: ready ## cut the power at every write and exchange of a life, and of each recovery; build/powerloss.json
	@$(VENV)/python -m hil powerloss --workers $(WORKERS) --out build/powerloss.json

.PHONY: life
life: ready ## simulate eight years of one patient, made from SEED, checked every day; build/life
	@$(VENV)/python -m hil life --seed $(SEED) --out build/life

.PHONY: scripts-nightly
scripts-nightly: ready ## run SCRIPTS random therapy scripts from SEED on: oracle with spoiled runs, volleys, twin runs of each kind; build/oracle.json, build/storms.json, build/scripts.json
	@oracle=0; $(VENV)/python -m hil.oracle --spoil --seed $(SEED) --scripts $(SCRIPTS) --out build/oracle.json || oracle=$$?; \
	$(VENV)/python -m hil.oracle --storms --seed $(SEED) --scripts $(SCRIPTS) --out build/storms.json || oracle=$$?; \
	$(VENV)/python -m hil.twins --seed $(SEED) --scripts $(SCRIPTS) --out build/scripts.json && exit $$oracle

.PHONY: desk-edges
desk-edges: ready-desk-emulated ## compare what the emulated bench I/O board captures with the true edges; build/desk-edges.json
	@$(VENV)/python -m hil desk-edges --out build/desk-edges.json

.PHONY: pump
pump: ready-$(BENCH) ## run a pump on BENCH at PACE × real time, its programmer link on TCP PORT and a pty
	@$(VENV)/python -m hil pump --bench $(BENCH) --port $(PORT) --pace $(PACE) --seed $(SEED)

.PHONY: pictures
pictures: bench ## make the pictures of the README: the programmer, the report (that one with Chromium, if it is there)
	@$(VENV)/python -m tools.docs.pictures

.PHONY: figures
figures: life bench ## run a life and the accuracy bench, and set their figures into the pages: docs/figures, docs/*.md
	@$(VENV)/python -m tools.docs.figures life accuracy

.PHONY: test
test: ready ready-desk-emulated ## run all tests
	@$(BOOTSTRAP) rp2 core-gates core-target core-proofs session-proofs session-second
	@$(PYTHON) -m tools.micropython RPI_PICO2
	@$(PYTHON) -m tools.micropython RPI_PICO --release
	@rm -f build/tests.xml
	@$(VENV)/python -m pytest -n $(WORKERS) --dist worksteal --junit-xml build/tests.xml $(ARGS)

.PHONY: trace
trace: setup ## set the results of the last test, hil and bench beside each requirement; build/requirements.html
	@$(VENV)/python -m tools.docs.trace build

.PHONY: check
check: style ## format check, lint, types and all tests
	@$(MAKE) test

.PHONY: style
style: setup stubs ## format check, lint and types
	@$(VENV)/ruff format --check
	@$(VENV)/clang-format --dry-run --Werror $(C_FILES)
	@$(MAKE) lint types

.PHONY: format
format: setup ## format Python and C
	@$(VENV)/ruff format
	@$(VENV)/ruff check --fix-only --quiet
	@$(VENV)/clang-format -i $(C_FILES)

.PHONY: lint
lint: setup ## lint Python
	@$(VENV)/ruff check

.PHONY: stubs
stubs:
	@$(BOOTSTRAP) stubs

.PHONY: types
types: stubs ## check types: CPython code, then the firmware against MicroPython's stubs
	@$(VENV)/mypy
	@$(VENV)/mypy --config-file tools/mypy-firmware.ini
	@$(VENV)/mypy --config-file tools/mypy-rp2.ini
	@$(VENV)/mypy --config-file tools/mypy-stm32.ini
	@$(VENV)/mypy --config-file tools/mypy-bench-io.ini

.PHONY: mutation
mutation: setup core-module ## Python: test mutants of the lines changed since BASE, for MUTATION_SECONDS; build/mutation
	@$(VENV)/python -m tools.mutation --changed $(BASE) --seed $(SEED) --workers $(WORKERS) --seconds $(MUTATION_SECONDS)

.PHONY: mutation-full
mutation-full: setup core-module ## Python: test every mutant of firmware, programmer and the bench's judges (nightly)
	@$(VENV)/python -m tools.mutation --full --workers $(WORKERS)

.PHONY: core
core: ## dose core: run every quick gate, then write build/core/summary.json
	@$(MAKE) core-warnings core-misra core-sanitize core-fuzz core-coverage core-proofs core-target core-bench core-mutation
	@$(VENV)/python -m tools.core.summary

.PHONY: core-nightly
core-nightly: ## dose core: run the long gates: both fuzzers, every proof, every mutant
	@$(MAKE) core-fuzz-night core-proofs-full core-mutation-full

.PHONY: core-module
core-module: setup ## build the dose core as a Python module
	@$(VENV)/python -m c_ext.host.build

.PHONY: core-warnings
core-warnings: setup ## dose core and session: warnings as errors (gcc, clang, arm-none-eabi-gcc), gcc's analyser, clang-tidy
	@$(VENV)/python -m tools.core.style.warnings

.PHONY: core-misra
core-misra: setup ## dose core and session: MISRA C:2012, every deviation with its reason
	@$(VENV)/python -m tools.core.style.misra

.PHONY: core-sanitize
core-sanitize: setup ## dose core and session: test suites and kept fuzz corpus under ASan and UBSan
	@$(VENV)/python -m tools.core.fuzz replay
	@$(VENV)/python -m tools.core.session.fuzz replay
	@$(VENV)/python -m pytest -q tests/core/test_sanitizers.py tests/session/test_sanitizers.py

.PHONY: core-fuzz
core-fuzz: setup ## dose core and session: libFuzzer from the kept corpus: FUZZ_RUNS inputs from SEED
	@$(VENV)/python -m tools.core.fuzz libfuzzer --runs $(FUZZ_RUNS) --seconds 120 --seed $(SEED) --workers $(WORKERS)
	@$(VENV)/python -m tools.core.session.fuzz search --runs $(FUZZ_RUNS) --seconds 120 --seed $(SEED) --workers $(WORKERS)

.PHONY: core-fuzz-night
core-fuzz-night: setup ## dose core: libFuzzer and AFL++ side by side for FUZZ_SECONDS; then session: libFuzzer
	@$(VENV)/python -m tools.core.fuzz night --seconds $(FUZZ_SECONDS) --seed $(SEED)
	@$(VENV)/python -m tools.core.session.fuzz search --seconds $(FUZZ_SECONDS) --seed $(SEED) --workers $(WORKERS)

.PHONY: core-coverage
core-coverage: setup ## dose core and session: branch and MC/DC coverage of their suites; build/core/coverage.json, session-coverage.json
	@$(VENV)/python -m tools.core.coverage.gate
	@$(VENV)/python -m tools.core.coverage.session

.PHONY: core-mutation
core-mutation: setup ## dose core and session: mutants of the lines changed since BASE, or a sample from SEED
	@$(VENV)/python -m tools.core.mutation.gate --changed $(BASE) --seed $(SEED)
	@$(VENV)/python -m tools.core.mutation.gate --session --changed $(BASE) --seed $(SEED)

.PHONY: core-mutation-full
core-mutation-full: setup ## dose core and session: all mutants (nightly); build/core/mutation.json, session-mutation.json
	@$(VENV)/python -m tools.core.mutation.gate --full --workers $(WORKERS)
	@$(VENV)/python -m tools.core.mutation.gate --session --full --workers $(WORKERS)

.PHONY: core-proofs
core-proofs: setup ## dose core: proofs with z3, CBMC and Frama-C, the long ones left out; build/core/proofs.json
	@$(VENV)/python -m tools.core.proofs.gate

.PHONY: core-proofs-full
core-proofs-full: setup ## dose core: all proofs, and seeded bugs that they must catch (nightly)
	@$(VENV)/python -m tools.core.proofs.gate --nightly
	@$(VENV)/python -m pytest -q -m nightly tests/gates

.PHONY: core-target
core-target: setup ## dose core on Cortex-M0, M3, M4, M33: every vector bit-identical with the host
	@$(BOOTSTRAP) core-target
	@$(VENV)/python -m tools.core.target.gate --seed $(SEED)

.PHONY: core-cost
core-cost: setup ## dose core: instructions, code, memory and stack on Cortex-M0+ against their budget
	@$(BOOTSTRAP) core-target
	@$(VENV)/python -m tools.core.cost.gate
	@$(VENV)/python -m tools.core.cost.size

.PHONY: session-cost
session-cost: ready-emulated ## session: cycles and stack of the RPI_PICO image's code on Cortex-M0+; build/core/session.json
	@$(VENV)/python -m tools.core.session.cost

.PHONY: core-bench
core-bench: core-cost ## dose core against a plain scheduler without guards; docs/performance.md
	@$(VENV)/python -m tools.core.bench

.PHONY: link-bench
link-bench: setup core-module ## compare the programmer link with MAVLink 2 and MCUmgr SMP on a noisy line made from SEED; build/link-bench.json
	@$(VENV)/python -m tools.link_bench --seed $(SEED)

.PHONY: link-bench-nightly
link-bench-nightly: setup core-module ## the same with ten million corrupted sealed frames, and a million damaged ones of each link
	@$(VENV)/python -m tools.link_bench --seed $(SEED) --corrupted 10000000 --damaged 1000000

.PHONY: session-proofs
session-proofs: setup ## session: decide the goals of its protocol with E and SPASS; build/session-proofs.json
	@$(VENV)/python -m tools.session.proofs.gate

.PHONY: lock
lock: ## pin all dependencies of pyproject.toml again, by hash
	@$(PYTHON) -m tools.lock

.PHONY: clean
clean: ## delete build results, but not installed packages
	@rm -rf build/bench build/core $(patsubst boards/%/board.toml,build/%*,$(wildcard boards/*/board.toml)) build/logs build/*.html build/*.json build/life

.PHONY: distclean
distclean: ## delete everything that is not in the repository, but not the download cache
	@rm -rf build .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
