#!/usr/bin/env bash
# Format, vet, static analysis and known vulnerabilities; tools are pinned in
# scripts/tools.
set -euo pipefail
cd "$(dirname "$0")/.."
unformatted=$(git ls-files '*.go' | grep -v '/gen/' | xargs gofmt -l)
[ -z "$unformatted" ] || { echo "run gofmt -w on: $unformatted" >&2; exit 1; }
mkdir -p bin/tools
(cd scripts/tools && GOWORK=off go build -o "$OLDPWD/bin/tools/" honnef.co/go/tools/cmd/staticcheck)
go vet ./proto/... ./services/... ./e2e/...
bin/tools/staticcheck ./services/... ./e2e/...
(cd scripts/deploycheck && GOWORK=off go vet . && GOWORK=off "$OLDPWD/bin/tools/staticcheck" .)
(cd scripts/tools && GOWORK=off go vet ./...)
scripts/vulns.sh latest
