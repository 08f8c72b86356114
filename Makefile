# Everything that is done with this repository starts here; make alone lists it.
# Needed: Go, a POSIX shell and make. The race detector also wants a C compiler,
# release-check wants git.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

GO := go
ROOT := $(CURDIR)

# The version that is released next. Modules of this repository require each
# other at this version; release-check makes sure of it.
VERSION := v1.1.0

# The modules are the folders with a go.mod; nothing else lists them but go.work,
# which tidy writes and test compares.
ALL_MODULES := $(sort $(patsubst ./%,%,$(patsubst %/go.mod,%,$(shell \
	find . \( -name .git -o -name testdata -o -name vendor \) -prune -o -name go.mod -print))))
# Modules that users import or install. The others serve the repository only.
PUBLISHED := $(filter-out tools example test/% %/servertest,$(ALL_MODULES))
BROKERS := $(filter-out %/servertest,$(filter brokers/%,$(ALL_MODULES)))
# The tools and the benchmarks stay outside the workspace: their dependencies would
# choose versions for everybody else, and one of them measures messaging-gox 1.0,
# which has the import path of the core.
WORKSPACE := $(filter-out tools test/bench test/bench/%,$(ALL_MODULES))

# What you may set: make test MODULES=example TESTFLAGS='-run Listen -v'
MODULES := $(patsubst .,core,$(ALL_MODULES))
TESTFLAGS :=
FUZZTIME := 10s
BENCH := .
COUNT := 1
IN := .
# Of bench: how often and how long to run each benchmark, which ones (a pattern of
# their names), of which queues (ours,channel,gochannel,mempubsub,v1.0.0).
BENCH_COUNT := 6
BENCH_TIME := 300ms
BENCH_ONLY :=
BENCH_QUEUES :=
# Of bench-brokers: which kinds.
KINDS :=

CHOSEN := $(patsubst core,.,$(MODULES))
# Tests that want real servers stand in modules of their own, which users do not get.
BROKER_TESTS := $(filter test/servers test/services %/servertest,$(CHOSEN))
# What is named InProcess has run in make test already, and so has all of a command that is not named RealBroker.
BROKER_FLAGS = $(strip $(race) -tags=brokers $(if $(filter cmd/%,$*),-run=RealBroker,-skip=InProcess) -count=1 -p=1 -timeout=60m $(TESTFLAGS))

# Modules are checked one by one, with the workspace off: as a user gets them, and
# with a go.sum that is complete. Commands are the exception. They carry no replace
# (go install refuses a module that has one), so only the workspace joins them to
# the core.
export GOWORK := off
COMMANDS := $(filter-out %/servertest,$(filter cmd/%,$(ALL_MODULES)))
in_module = cd '$*' && export GOWORK='$(if $(filter $(COMMANDS),$*),$(ROOT)/go.work,off)'
name = $(if $(filter .,$*),core,$*)

# $(call tool,NAME) is the path of a tool of tools/go.mod, built when needed.
# (-modfile and go tool inside a workspace do not find it; this does.)
tool = "$$(GOWORK=off $(GO) -C '$(ROOT)/tools' tool -n $(1))"

race = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
failed = { printf '\nFAILED: %s\n' "$(1)" >&2; exit 1; }

.PHONY: help
help: ## list the targets
	@echo 'usage: make TARGET'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'modules: $(patsubst .,core,$(ALL_MODULES))'
	@echo "for one: make test MODULES=example TESTFLAGS='-run Listen -v'"

## Checking

.PHONY: test
test: tools check-format check-workspace $(CHOSEN:%=test@%) ## check format, vet, staticcheck and test every module
	@printf '\nEvery check passed: %s\n' '$(MODULES)'

# -tags=brokers lets vet and staticcheck see the tests that need real servers too.
.PHONY: $(CHOSEN:%=test@%)
$(CHOSEN:%=test@%): test@%:
	@$(in_module); \
	echo; echo '== $(name)'; \
	packages=$$($(GO) list -tags=brokers ./... 2>&1) || $(call failed,$(name): $$packages); \
	case $$packages in *'matched no packages'*) echo '   no packages yet'; exit 0;; esac; \
	echo '   go vet'; \
	$(GO) vet -tags=brokers ./... || $(call failed,go vet in $(name)); \
	echo '   staticcheck'; \
	$(call tool,staticcheck) -tags=brokers ./... || $(call failed,staticcheck in $(name)); \
	echo '   $(strip go test $(race) $(TESTFLAGS))'; \
	$(call tool,testsum) '$(name)' $(race) $(TESTFLAGS) ./... || $(call failed,go test in $(name))

.PHONY: check-format
check-format: tools
	@echo '== format (gofumpt)'
	@files=$$($(call tool,gofumpt) -l .) || $(call failed,gofumpt); \
	[ -z "$$files" ] || $(call failed,not formatted (make fmt does it): $$files)

.PHONY: check-workspace
check-workspace:
	@echo '== workspace (go.work)'
	@export GOWORK='$(ROOT)/go.work'; \
	want=$$(for m in $(WORKSPACE); do sed -n 's/^module //p' "$$m/go.mod"; done | sort); \
	have=$$($(GO) list -m) || $(call failed,go.work or a go.mod cannot be read); \
	[ "$$(echo "$$have" | sort)" = "$$want" ] || \
		$(call failed,go.work does not list the modules $(WORKSPACE) (make tidy writes it)); \
	$(GO) build -o /dev/null $(WORKSPACE:%=./%/...) || $(call failed,go build in the workspace)

# What must be installed comes first. One module at a time, and within it one package
# at a time: two processors are not enough for more. A skipped test is a failure.
#
# The reports of conformance runs are kept, and docs/brokers.md must say what they say.
REPORTS := $(ROOT)/bin/conformance
WHOLE := $(if $(filter file,$(origin MODULES)),$(if $(TESTFLAGS),,yes))

.PHONY: test-brokers
test-brokers: tools servers new-reports $(BROKER_TESTS:%=test-brokers@%) $(if $(WHOLE),check-matrix) ## test the broker modules against real servers
	@printf '\nBroker tests passed: %s\n' '$(BROKER_TESTS)'

.PHONY: new-reports
new-reports:
	@rm -rf '$(REPORTS)'; mkdir -p '$(REPORTS)'

.PHONY: check-matrix
check-matrix:
	@echo; echo '== docs/brokers.md, and what the runs have found'; \
	export CONFORMANCE_REPORTS='$(REPORTS)'; \
	(cd test/conformance && $(GO) test -count=1 -run '^TestMemoryQueue$$' .) && \
	(cd test/matrix && $(GO) run . -docs ../../docs -reports '$(REPORTS)' -check) || \
		$(call failed,docs/brokers.md is not what the runs have found (make docs-brokers writes it))

.PHONY: servers
servers: ## install the servers that test-brokers needs
	@echo '== servers (the first time they are installed, about a minute)'
	@cd test/servers && $(GO) run ./install || $(call failed,installing servers)

.PHONY: $(BROKER_TESTS:%=test-brokers@%)
$(BROKER_TESTS:%=test-brokers@%): test-brokers@%:
	@$(in_module); \
	echo; echo '== $(name), with real servers'; \
	FAULTS_LEDGER=$$(mktemp) && CONFORMANCE_REPEATS=$$(mktemp) && export FAULTS_LEDGER CONFORMANCE_REPEATS || exit 1; \
	mkdir -p '$(REPORTS)'; export CONFORMANCE_REPORTS='$(REPORTS)'; \
	trap 'rm -f "$$FAULTS_LEDGER" "$$CONFORMANCE_REPEATS"' EXIT; \
	echo '   $(strip go test $(BROKER_FLAGS))'; \
	passed=yes; \
	$(call tool,testsum) -progress -no-skips '$(name)' $(BROKER_FLAGS) ./... || passed=; \
	[ ! -s "$$FAULTS_LEDGER" ] || { echo; echo '-- ledgers of the fault tests'; cat "$$FAULTS_LEDGER"; }; \
	[ ! -s "$$CONFORMANCE_REPEATS" ] || { echo; echo '-- cases that were played again (CONFORMANCE_ATTEMPTS)'; cat "$$CONFORMANCE_REPEATS"; }; \
	[ "$$passed" ] || $(call failed,go test -tags=brokers in $(name))

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (10s), below the folder IN
	@find '$(IN)' -name '*_test.go' -exec grep '^func Fuzz' /dev/null {} + | \
	sed 's|^\(.*\)/[^/]*:func \(Fuzz[A-Za-z0-9_]*\).*|\1 \2|' | sort | { \
	none=yes; \
	while read -r dir target; do \
		none=; echo; echo "== $$target in $$dir, for $(FUZZTIME)"; \
		(cd "$$dir" && $(GO) test -run='^$$' -fuzz="^$$target\$$" -fuzztime='$(FUZZTIME)' .) || \
			$(call failed,$$target in $$dir); \
	done; \
	[ -z "$$none" ] || echo 'There is no fuzz target.'; }

.PHONY: bench
bench: ## measure the memory queue beside others and write docs/benchmarks.md (8 minutes)
	@mkdir -p bin
	@cd test/bench && $(GO) run ./report -count '$(BENCH_COUNT)' -time '$(BENCH_TIME)' -bench '$(BENCH_ONLY)' \
		-queues '$(BENCH_QUEUES)' -raw '$(ROOT)/bin/bench.txt' -docs '$(ROOT)/docs'

.PHONY: bench-brokers
bench-brokers: servers ## measure brokers beside their clients and Watermill, and write docs/broker-benchmarks.md (KINDS=nats,redis: some, nothing written)
	@cd test/bench/brokers && $(GO) run . $(if $(KINDS),-kinds '$(KINDS)',-docs ../../../docs)

.PHONY: bench-code
bench-code: ## run the other benchmarks that match BENCH, COUNT times, below the folder IN
	@find '$(IN)' -path '*test/bench' -prune -o -name '*_test.go' -exec grep -l '^func Benchmark' {} + | \
	sed 's|/[^/]*$$||' | sort -u | { \
	none=yes; \
	while read -r dir; do \
		none=; \
		(cd "$$dir" && $(GO) test -run='^$$' -bench='$(BENCH)' -benchmem -count='$(COUNT)' $(TESTFLAGS) .) || \
			$(call failed,benchmarks in $$dir); \
	done; \
	[ -z "$$none" ] || echo 'There is no benchmark.'; }

.PHONY: benchstat
benchstat: tools ## compare two outputs of these: make benchstat OLD=old.txt NEW=new.txt
	@$(call tool,benchstat) $(OLD) $(NEW)

.PHONY: release-check
release-check: tools ## prove that users can build against the modules as VERSION
	@echo '== modules as their users get them ($(VERSION))'
	@$(call tool,releasecheck) -version '$(VERSION)' $(PUBLISHED) || $(call failed,release-check)

## Working

.PHONY: run
run: ## see a queue at work: twenty seconds, no server (mq demo)
	@GOWORK='$(ROOT)/go.work' $(GO) run ./cmd/mq demo

.PHONY: docs
docs: $(CHOSEN:%=docs@%) ## write the generated documentation (go generate)

.PHONY: $(CHOSEN:%=docs@%)
$(CHOSEN:%=docs@%): docs@%:
	@$(in_module); \
	echo '== go generate in $(name)'; \
	$(GO) generate ./... || $(call failed,go generate in $(name))

.PHONY: docs-brokers
docs-brokers: ## write docs/brokers.md from what the last test-brokers has found
	@cd test/matrix && $(GO) run . -docs ../../docs $(if $(wildcard $(REPORTS)/*.json),-reports '$(REPORTS)')

.PHONY: fmt
fmt: tools ## format all Go files
	@$(call tool,gofumpt) -l -w .

.PHONY: tidy
tidy: $(CHOSEN:%=tidy@%) ## bring go.mod, go.sum and go.work up to date
	@echo '== go.work'
	@export GOWORK='$(ROOT)/go.work'; \
	sed -n 's|^[[:space:]]*\(\./[^[:space:]]*\).*|\1|p' go.work | while read -r gone; do \
		[ -f "$$gone/go.mod" ] || $(GO) work edit -dropuse="$$gone"; \
	done; \
	$(GO) work use $(WORKSPACE)

# A command has no replace, so its copy of go.mod gets them for the time of the tidying.
.PHONY: $(CHOSEN:%=tidy@%)
$(CHOSEN:%=tidy@%): tidy@%:
	@cd '$*'; \
	echo '== go mod tidy in $(name)'; \
	case $$($(GO) list -tags=brokers ./... 2>&1) in *'matched no packages'*) echo '   no packages yet'; exit 0;; esac; \
	$(if $(filter $(COMMANDS),$*),,$(GO) mod tidy || $(call failed,go mod tidy in $(name)); exit 0;) \
	work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && \
	cp go.mod "$$work/go.mod" && { [ ! -f go.sum ] || cp go.sum "$$work/go.sum"; } && \
	for m in $(filter-out $*,$(PUBLISHED)); do \
		path=$$(sed -n 's/^module //p' "$(ROOT)/$$m/go.mod") && \
		replace="$$replace -replace=$$path=$(ROOT)/$$m" && drop="$$drop -dropreplace=$$path" || exit 1; \
	done && \
	$(GO) mod edit $$replace "$$work/go.mod" && \
	$(GO) mod tidy -modfile="$$work/go.mod" && \
	$(GO) mod edit $$drop "$$work/go.mod" && \
	cp "$$work/go.mod" go.mod && { [ ! -f "$$work/go.sum" ] || cp "$$work/go.sum" go.sum; } || \
		$(call failed,go mod tidy in $(name))

.PHONY: clean
clean: ## remove what tests and profiling leave behind
	@rm -rf bin
	@find . -name .git -prune -o -type f \( -name '*.test' -o -name '*.out' -o -name '*.prof' \) -exec rm -f {} +

# Builds the tools on first use; after that the build cache has them.
.PHONY: tools
tools:
	@command -v $(GO) >/dev/null || $(call failed,there is no $(GO) on the PATH)
	@echo '== tools (the first time they are built, about a minute)'
	@for t in staticcheck gofumpt testsum releasecheck benchstat; do \
		$(GO) -C tools tool -n "$$t" >/dev/null || $(call failed,building $$t of tools/go.mod); done
	$(if $(race),,@echo 'NOTE: no C compiler, so the tests run without the race detector.')
