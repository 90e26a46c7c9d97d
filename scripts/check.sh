#!/usr/bin/env bash
# What one runs before every commit, about a minute: format and vet, static
# analysis of the packages that changed, and the tests of all packages that need
# no server, no database and no program of ours. Which those are follows from
# what their tests are built of.
set -euo pipefail
cd "$(dirname "$0")/.."
changed=$( (git diff --name-only --diff-filter=d HEAD; git ls-files --others --exclude-standard) | grep '\.go$' | grep -v '/gen/' || true)
if [ -n "$changed" ]; then
	unformatted=$(printf '%s\n' "$changed" | xargs gofmt -l)
	[ -z "$unformatted" ] || { echo "run gofmt -w on: $unformatted" >&2; exit 1; }
fi
go vet ./proto/... ./services/... ./e2e/...
packages=$(printf '%s\n' "$changed" | grep -E '^(services|e2e)/' | xargs -r -n1 dirname | sort -u | sed 's|^|./|' || true)
if [ -n "$packages" ]; then
	mkdir -p bin/tools
	(cd scripts/tools && GOWORK=off go build -o "$OLDPWD/bin/tools/" honnef.co/go/tools/cmd/staticcheck)
	# shellcheck disable=SC2086 # one word a package
	bin/tools/staticcheck $packages
fi
served='nats-server/v2/server|modernc.org/sqlite|FerretDB|os/exec'
pure=$(go list -test -f '{{if and .ForTest (not .Error)}}{{.ForTest}} {{join .Deps " "}}{{end}}' ./services/... | grep -vE "$served" | cut -d' ' -f1 | sort -u)
# shellcheck disable=SC2086
go test $pure
