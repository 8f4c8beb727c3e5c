# Two commands matter: `make run` and `make test`. Each does its own set-up.

export CGO_ENABLED ?= 0
VERSION ?= $(shell git describe --tags --always 2>/dev/null || echo dev)
GO_BUILD = go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"
MODULES = node_modules/.package-lock.json
TEST_MODULES = node_modules/.for-tests
CONSOLE = console/dist/index.html
SDK = sdk/dist/sdk.js

.PHONY: run build test test-go test-web test-e2e bench fidelity load fmt generate clean toolchain chromium livekit console sdk
.DEFAULT_GOAL := run

# Options of the program: make run ARGS="--listen :9090"
run: build ## build everything and start it on http://localhost:8080
	./bin/peerglass serve $(ARGS)

build: toolchain $(CONSOLE) $(SDK) ## bin/peerglass with the console and the SDK in it
	$(GO_BUILD) -o bin/peerglass ./cmd/peerglass

test: toolchain test-go test-web test-e2e ## everything that CI runs

test-go: toolchain $(TEST_MODULES) $(SDK)
	./scripts/check-format
	go vet ./...
	./scripts/setup gcc
	CGO_ENABLED=1 ./scripts/test-go -race -timeout 25m ./...

test-web: toolchain $(TEST_MODULES) $(SDK) chromium
	npm run check --workspaces
	npm test -w console
	npm test -w sdk
	npm run --silent bench -w sdk -- --seconds 10 # told, not judged: machines are noisy

test-e2e: $(TEST_MODULES) build chromium livekit
	npm test -w e2e

bench: $(TEST_MODULES) build chromium ## figures into docs/benchmarks.md; takes some minutes
	./scripts/bench

# The recordings stay, to be judged again as detectors change:
# go run ./fidelity/report data/rig
fidelity: $(TEST_MODULES) build chromium ## real calls with known damage, judged: docs/fidelity.md and the tests' recordings; 35 minutes on a quiet machine
	rm -rf data/rig
	npm run rig -w e2e -- --runs 3 --clean 8 --out data/rig
	go run ./fidelity/report data/rig > data/rig/fidelity.md
	mv data/rig/fidelity.md docs/fidelity.md
	go run ./fidelity/report -keep fidelity/testdata data/rig
	go test ./fidelity -update # the diff of reached.golden is the review

console: $(CONSOLE)
sdk: $(SDK)

# The clients of others, some of them proprietary, are for tests alone.
$(MODULES): package-lock.json
	npm ci --workspace console --workspace sdk --include-workspace-root --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

$(TEST_MODULES): package-lock.json
	npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $(MODULES) $@

$(CONSOLE): $(MODULES) $(shell find console/src console/public -type f 2>/dev/null) console/index.html console/vite.config.ts
	npm run build -w console

$(SDK): $(MODULES) $(shell find sdk/src sdk/adapters sdk/callstats -type f 2>/dev/null) sdk/package.json sdk/build.mjs
	npm run build -w sdk

generate: $(MODULES) ## what is generated from code: OpenAPI, its TypeScript types, the SDK's dictionary, docs/metrics.md
	go test ./api ./quality ./quality/issue ./quality/feature ./sdk -run 'Golden|OpenAPI|Dictionary|Docs' -update
	npm run types -w console

fmt:
	gofmt -w $$(git ls-files '*.go')

toolchain:
	@./scripts/setup toolchain

chromium:
	@./scripts/setup chromium

livekit:
	@./scripts/setup livekit

clean: ## everything built; not the data
	rm -rf bin console/dist/assets console/dist/index.html sdk/dist/*.js sdk/dist/*.map sdk/dist/*.mjs sdk/dist/*.cjs sdk/dist/adapters sdk/dist/types
