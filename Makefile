.DEFAULT_GOAL := help
.PHONY: help run test full lint gen verify fuzz bench gallery build cover

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start Gatehouse with SQLite in this directory
	go run ./cmd/gatehouse serve

test: ## everything that must hold: lint, vulnerabilities, all tests; installs what is missing on Debian
	scripts/test

full: ## the same with the heavy forms of the tests: hours
	GATEHOUSE_FULL=1 GATEHOUSE_TEST_TIMEOUT=12h scripts/test

lint: ## format, vet, shape and golangci-lint alone
	scripts/lint

gen: ## write generated files anew
	go generate ./...

verify: ## fail when a generated file is stale
	scripts/verify

fuzz: ## each fuzz target for FUZZTIME (20s)
	scripts/fuzz

bench: ## measure this machine and write docs/performance.md
	go run ./internal/bench -write docs/performance.md

gallery: ## pictures of the pages, to be looked at: gallery/index.html
	go run ./internal/gallery

build: ## one static binary: bin/gatehouse
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/gatehouse ./cmd/gatehouse

cover: ## what the tests reach: cover.html
	go run ./internal/pgtest/with go test -coverpkg ./... -coverprofile cover.out ./...
	go tool cover -html cover.out -o cover.html
	@go tool cover -func cover.out | tail -n 1
