# Two commands do it all on a fresh Debian 12 with Go and Node: make run, make test.
.DEFAULT_GOAL := help
SHELL := /bin/bash

.PHONY: help run build test kill-test bucket-test bench bench-jobs bench-engine setup fuzz clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: build ## Install what is missing, build, start the service on 127.0.0.1:8080, print a key and a curl line.
	@bin/compressor serve --welcome

build: setup ## Install what is missing and build bin/compressor.
	@go build -trimpath -o bin/compressor ./cmd/compressor

test: setup ## Install what is missing and run everything that must be green.
	@scripts/servers.sh
	@scripts/test.sh

kill-test: export E2E_KILLS ?= 100
kill-test: export E2E_ORDERS ?= 500
kill-test: setup ## Kill the server under mixed jobs and look for what is lost or done twice: E2E_KILLS=100 E2E_ORDERS=500, ARGS for go test.
	@go test ./test/e2e -run '^TestKill$$' -count=1 -timeout 2h -v $(ARGS)

bucket-test: export E2E_OBJECTS ?= 1000
bucket-test: setup ## Compress a bucket by one call, kill the server half-way, let the next one finish: E2E_OBJECTS=1000, ARGS for go test.
	@scripts/servers.sh
	@go test ./test/e2e -run '^TestBucket$$' -count=1 -timeout 1h -v $(ARGS)

bench: build ## Measure the service: overhead, throughput, memory.
	@go run ./cmd/bench

bench-jobs: build ## Measure the job platform: jobs a second, waiting, streams, fairness, e.g. ARGS="--docs docs".
	@go run ./cmd/bench-jobs $(ARGS)

bench-engine: build ## Measure the engine against sharp, zopflipng, oxipng, pngquant and svgo, e.g. ARGS="--only jpeg".
	@scripts/setup.sh zopfli optipng pngquant chromium-headless-shell
	@npm ci --prefix cmd/bench-engine --no-audit --no-fund --loglevel=error
	@go run ./cmd/bench-engine $(ARGS)

fuzz: setup ## Run every fuzz target for T (default 10s) each.
	@scripts/fuzz.sh $(or $(T),10s)

setup:
	@scripts/setup.sh

clean: ## Remove what was built and installed here.
	@rm -rf bin node_modules test/servers/azurite/node_modules
