# kaohe 考核: `make help` is the map of a developer's day.
SHELL := bash
GO    ?= go
BIN   := bin/kaohe
FUZZTIME ?= 20s
KILLS    ?= 200
PULLS    ?= 200
FLIPS    ?= 200
FAULTS   ?= 1000
REQUESTS ?= 1000000
ABOUT    ?= 10000
SEED     ?= 1
# One static program, and one build cache for it and its tests.
export CGO_ENABLED ?= 0
# The toolchain that go.work names is fetched like a module where it is missing:
# the standard library's known vulnerabilities are mended in it.
export GOTOOLCHAIN ?= auto

.PHONY: help build demo up test check race bench overload kill pull flip busy chaos hostile adversary fuzz verify generate lint vulns sbom pin release clean

help: ## what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

build: ## build bin/kaohe, one static program
	@mkdir -p bin
	$(GO) build -trimpath -o $(BIN) ./services/cmd/kaohe

demo: build ## play a simulated month of six units and watch the scores move
	$(BIN) demo

up: build ## run everything in one process under ./data
	$(BIN) up

test: ## vet and all tests: pure core, edges on real servers, black box over the real program
	$(GO) vet ./proto/... ./services/... ./e2e/...
	$(GO) test ./proto/... ./services/...
	$(GO) test -timeout 30m ./e2e/...

check: ## before every commit, about a minute: vet, analysis of what changed, tests of what needs no server
	scripts/check.sh

race: ## the tests of the services under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short ./services/...

bench: build ## the figures of the README's performance section, in one run
	$(BIN) bench

overload: build ## half to four times what it carries, GOMEMLIMIT 256 MiB: deploy/overload.svg
	$(BIN) bench overload -o json >bin/overload.json
	cd scripts/tools && GOWORK=off $(GO) run ./curve ../../deploy/overload.svg <../../bin/overload.json

kill: build ## kill -9 the real program under load KILLS times (200) and compare with the offline fold
	KAOHE_KILLS=$(KILLS) $(GO) test -count=1 -timeout 120m -run TestKillNine -v ./e2e

pull: build ## pull the plug under load PULLS times (200): all that was acknowledged must be there
	KAOHE_PULLS=$(PULLS) $(GO) test -count=1 -timeout 120m -run TestAPulledPlugLosesNothingAcknowledged -v ./e2e

flip: ## flip FLIPS (200) bytes anywhere in a data directory, left in order and killed: found at start
	KAOHE_FLIPS=$(FLIPS) $(GO) test -count=1 -timeout 180m -run TestAFlippedByte -v ./e2e/adversary

busy: build ## all black-box tests with every core loaded four times over: no failure, no healer at work
	scripts/busy.sh

chaos: build ## FAULTS faults (1,000; FAULT=clock: of one kind) on a cluster, from SEED (1), against one undisturbed process
	KAOHE_FAULT="$(FAULT)" KAOHE_FAULTS=$(FAULTS) KAOHE_SEED=$(SEED) $(GO) test -count=1 -timeout 240m -run TestChaos -v ./e2e

hostile: ## all hostile texts past the door on both stores, and ABOUT (10,000) events about one thing
	KAOHE_HOSTILE=all KAOHE_EVENTS_OF_ONE=$(ABOUT) $(GO) test -count=1 -timeout 120m -run 'NothingStops|AboutOneThing' -v ./services/internal/run

adversary: ## REQUESTS (1,000,000) mutated requests from SEED (1) against the access table, and the other attacks
	KAOHE_REQUESTS=$(REQUESTS) KAOHE_CALLS=$$(($(REQUESTS) / 20)) KAOHE_SEED=$(SEED) $(GO) test -count=1 -timeout 120m -v ./e2e/adversary

fuzz: ## fuzz decoders, mappings and rulebooks, FUZZTIME (20s) each
	@scripts/fuzz.sh $(FUZZTIME)

generate: ## regenerate Go, gRPC, gateway and OpenAPI from proto/
	scripts/generate.sh

verify: ## regenerate everything generated and fail on a difference; lint the contracts; check deploy/
	scripts/verify.sh

lint: ## format, vet, static analysis, and the newest known vulnerabilities
	scripts/lint.sh

vulns: ## known vulnerabilities in what is called, by the pinned database
	scripts/vulns.sh

sbom: ## what the program is made of and under which licences: deploy/sbom.cdx.json, licences.txt
	scripts/sbom.sh

pin: ## name the images of deploy/ by their digests, as their registries say today
	cd scripts/tools && GOWORK=off $(GO) run ./pin ../../deploy

release: test vulns ## all that a release needs: tests, vulnerabilities, verify, and images by digest
	KAOHE_RELEASE=1 scripts/verify.sh

clean: ## remove what was built (not your data)
	rm -rf bin
