# What one needs: Go (go.mod says which), Node 20.19 or newer, make. On Debian,
# as root, "make test" installs the rest: Chromium and fonts, PHP, and a C compiler
# for the race detector. Elsewhere it names what it skips. With CI set, nothing
# is skipped.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

CACHE   := $(CURDIR)/.cache
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
GOFLAGS_BUILD := -trimpath -ldflags "-s -w -X main.version=$(VERSION)"

# Tools are pinned in tools/go.mod and built once per version.
LINT_VERSION := $(shell sed -n 's|^\tgithub.com/golangci/golangci-lint/v2 \(v[^ ]*\).*|\1|p' tools/go.mod)
LINT         := $(CACHE)/golangci-lint-$(LINT_VERSION)
VULN_VERSION := $(shell sed -n 's|^\tgolang.org/x/vuln \(v[^ ]*\).*|\1|p' tools/go.mod)
VULN         := $(CACHE)/govulncheck-$(VULN_VERSION)

WEB_SOURCES := $(shell find web/src web/public web/scripts -type f 2>/dev/null) $(wildcard web/*.html web/*.ts web/*.json)
GO_SOURCES  := $(shell find cmd internal web/embed.go -type f 2>/dev/null) go.mod go.sum

.PHONY: help run build test check fmt unit race lint web-check web-test e2e screenshots lighthouse bench growth vuln clean browser compiler php mariadb postgres nginx caddy ip systemd FORCE

help: ## Print this.
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: build ## Build everything and open the demo marketplace.
	./bin/haggle demo

build: bin/haggle ## Build bin/haggle, with the pages in it.

test: lint web-check race web-test e2e ## Everything: format, lint, unit tests, pages, stories in a browser.

check: lint web-check unit web-test ## The fast part of test, before a commit.

# --- Go ---

bin/haggle: $(GO_SOURCES) web/dist/buyer.html $(CACHE)/version
	go build $(GOFLAGS_BUILD) -o $@ ./cmd/haggle

# The version is part of the binary: another one is a reason to build again.
$(CACHE)/version: FORCE
	@mkdir -p $(CACHE)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' > $@

# What is built goes where it always does.
TEST := export GOTMPDIR=$${GOTMPDIR:-$${TMPDIR:-/tmp}} TMPDIR=$$(tools/tmp.sh);

unit: web/dist/buyer.html php mariadb postgres nginx caddy ip systemd ## Go tests, without the race detector.
	$(TEST) go test -timeout 40m ./...

race: web/dist/buyer.html compiler php mariadb postgres nginx caddy ip systemd ## Go tests with the race detector.
	@$(TEST) if [ -f $(CACHE)/no-compiler ]; then \
	  echo "make: no C compiler, so the race detector is SKIPPED"; go test -timeout 40m ./...; \
	else CGO_ENABLED=1 go test -race -timeout 40m ./... && \
	  echo "make: at full size, which is too much under the race detector" && \
	  go test ./internal/compat/... && go test -run '^TestSimulation$$' ./internal/gateway; fi

lint: $(LINT) web/dist/.gitkeep ## Format and lint of the Go code.
	$(LINT) fmt --diff
	$(LINT) run
	$(LINT) run --build-tags planted ./internal/app/...

fmt: $(LINT) web/node_modules/.stamp ## Format the code.
	$(LINT) fmt
	cd web && npm run format

$(LINT): tools/go.mod tools/go.sum
	@mkdir -p $(CACHE)
	@echo "make: building golangci-lint $(LINT_VERSION), once; it takes a few minutes"
	cd tools && go build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

$(VULN): tools/go.mod tools/go.sum
	@mkdir -p $(CACHE)
	cd tools && go build -o $@ golang.org/x/vuln/cmd/govulncheck
	@touch $@

vuln: $(VULN) web/dist/.gitkeep ## Look for known vulnerabilities; needs the network.
	$(VULN) ./...

bench: build ## Measure the store, the gateway and the whole server.
	go test -run '^$$' -bench . -benchtime 2s ./internal/...
	tools/bench.sh bin/haggle

# Ten million take three to six gigabytes; see docs/scaling.md.
MESSAGES ?= 100000,1000000

growth: build ## Measure what several nodes cost, and the store as it fills.
	go run ./cmd/growth nodes
	for engine in sqlite postgres mariadb; do go run ./cmd/growth store --engine $$engine --messages $(MESSAGES); done

# --- Web ---

web/node_modules/.stamp: web/package-lock.json web/.npmrc
	@tools/node.sh
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/buyer.html: $(WEB_SOURCES) web/node_modules/.stamp
	cd web && npm run build
	@touch $@

web-check: web/node_modules/.stamp ## Types, format and lint of the pages.
	cd web && npm run check

web-test: web/dist/buyer.html ## Unit tests of the pages, and what they load first.
	cd web && npm test && npm run size

# --- Stories ---

e2e/node_modules/.stamp: e2e/package-lock.json e2e/.npmrc
	@tools/node.sh
	cd e2e && npm ci --no-audit --no-fund
	@touch $@

e2e: build e2e/node_modules/.stamp browser ## Stories against the real binary, in a real browser.
	@cd e2e && npm run check
	@if [ -f $(CACHE)/no-browser ]; then \
	  echo "make: no Chromium, so the stories in e2e/ are SKIPPED; set HAGGLE_CHROMIUM to one"; \
	else cd e2e && npm test; fi

screenshots: build e2e/node_modules/.stamp browser ## Pictures of every screen, in e2e/screens.
	cd e2e && npm run screenshots -- -g "every screen"

lighthouse: build e2e/node_modules/.stamp browser ## Measure the buyer's page and a shop's page with Lighthouse.
	cd e2e/lighthouse && npm ci --no-audit --no-fund
	cd e2e && npx playwright test -c lighthouse.config.ts

# --- What else a machine needs ---

browser:
	@tools/need.sh browser
	@tools/need.sh shell || echo "make: no chromium-headless-shell, so the stories run in all of Chromium, which takes longer"

compiler:
	@tools/need.sh compiler

mariadb:
	@tools/need.sh mariadb
	@if [ -f $(CACHE)/no-mariadb ]; then echo "make: no MariaDB, so its tests, and those of the import of hp_chat_log from a server, are SKIPPED"; fi

postgres:
	@tools/need.sh postgres
	@if [ -f $(CACHE)/no-postgres ]; then echo "make: no PostgreSQL, so its tests are SKIPPED"; fi

nginx caddy ip systemd:
	@tools/need.sh $@
	@if [ -f $(CACHE)/no-$@ ]; then echo "make: no $@, so the tests behind it are SKIPPED"; fi

php:
	@tools/need.sh php
	@if [ -f $(CACHE)/no-php ]; then echo "make: no PHP with curl, so the tests of sdk/php are SKIPPED"; fi

clean: ## Remove what was built, but neither caches nor data.
	rm -rf bin web/.tsc e2e/results
	find web/dist -mindepth 1 ! -name .gitkeep -delete
