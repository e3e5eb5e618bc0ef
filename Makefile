# Everything here needs Go and nothing else. `make help` lists the targets.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)
FUZZTIME ?= 5s
export CGO_ENABLED = 0

.PHONY: help run build web test lint bench bench-check bench-hunt bench-case bench-inspect bench-turn bench-sip fuzz cross clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

run: build ## build everything and start the service on its defaults
	bin/ringfence serve

web: ## the messenger's web build: the Go client as wasm, and the page; RINGFENCE_RELEASE_KEY=FILE signs its hashes
	$(GO) run ./internal/buildweb -build "$(VERSION)"

build: web ## write bin/ringfence, and bin/ringfence-verify, which checks case files by itself
	$(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/ringfence ./cmd/ringfence
	cd verify && $(GO) build -trimpath -ldflags "-s -w" -o ../bin/ringfence-verify ./cmd/ringfence-verify

AXE := 4.14.1
bin/axe.min.js: # axe-core, for the tests of accessibility; without npm they say that they were not run
	@mkdir -p bin && cd bin && npm pack --silent axe-core@$(AXE) >/dev/null && tar xzf axe-core-$(AXE).tgz package/axe.min.js && \
	  mv package/axe.min.js . && rm -rf package axe-core-$(AXE).tgz && touch axe.min.js || echo "MISSING: npm; no page is tried for accessibility"

test: build bin/axe.min.js ## all tests; the browser tests need Chromium and say so when it is missing
	$(GO) test ./...
	$(GO) test -tags weakened ./testrange
	cd verify && $(GO) test ./...

lint: ## vet and staticcheck, both pinned by go.mod
	$(GO) vet ./...
	$(GO) vet -tags weakened ./...
	cd verify && $(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet ./web/engine ./client ./client/keep ./client/sdp
	$(GO) tool staticcheck ./... github.com/ringfence/ringfence/verify/...

bench: build ## the measured figures, each beside its peer
	$(GO) test -run '^$$' -bench . -skip 'Check|Hunt|Case|Inspect|Turn|SIP' -benchtime 1x ./bench
	$(GO) test -run '^$$' -bench Packet ./relay
	@echo "answer to first frame, Chromium, loopback and 50 ms of round trip:"
	@$(GO) test -count=1 -run TwoPeople -v ./web | grep -E 'first frame|FAIL|SKIP|MISSING'

bench-check: build ## examining phones: wall, processor and memory, beside the reference tool's figures
	$(GO) test -run '^$$' -bench Check -benchtime 1x -timeout 60m ./bench

bench-hunt: build ## hunting among simulated records: speed beside its peer, and how well each kind of campaign is found
	$(GO) test -run '^$$' -bench Hunt -benchtime 1x -timeout 180m ./bench

bench-inspect: build ## inspecting captures, beside tshark; the parsers, beside their peers
	$(GO) test -run '^$$' -bench Inspect -benchtime 3x -timeout 20m ./bench
	$(GO) test -run '^$$' -bench . ./wire/...

bench-case: build ## case files: verifying a gigabyte beside sha256sum, ten thousand exhibits, and the console's pages of such a case
	$(GO) test -run '^$$' -bench Case -benchtime 1x -timeout 60m ./bench
	$(GO) test -run '^$$' -bench CasePages -benchtime 20x -timeout 20m ./console

bench-turn: build ## relaying for other TURN users: processor time of a packet, beside coturn where it is installed
	$(GO) test -run '^$$' -bench Turn -benchtime 1x -timeout 60m ./bench

bench-sip: build ## calls through the SIP guard: what it adds to each message's way, beside Kamailio where it is installed
	$(GO) test -run '^$$' -bench SIP -benchtime 1x -timeout 60m ./bench

fuzz: ## every fuzz target, FUZZTIME each
	$(GO) run ./internal/fuzzall -time $(FUZZTIME)

cross: web ## compile for every platform that we promise, and the tests for Windows and macOS
	@for os in linux darwin windows; do for arch in amd64 arm64; do \
	  echo "$$os/$$arch"; GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -o /dev/null ./cmd/ringfence || exit 1; done; done
	@for os in darwin windows; do echo "$$os tests"; GOOS=$$os GOARCH=amd64 $(GO) vet ./... || exit 1; done

clean: ## remove what make made
	rm -rf bin web/dist/*
