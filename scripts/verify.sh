#!/usr/bin/env bash
# Regenerates everything generated and fails on a difference, the list of parts
# and licences too; lints the contracts and checks that they break no one who
# uses the last release; reads deploy/ the way its users will.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/generate.sh
git diff --exit-code -- proto/gen || {
	echo "proto/gen differs from what proto/ generates: run 'make generate' and commit the result" >&2
	exit 1
}
scripts/sbom.sh
git diff --exit-code -- deploy/sbom.cdx.json deploy/licences.txt || {
	echo "deploy/ lists other parts than the program has: look at them, and commit what 'make sbom' made" >&2
	exit 1
}
untracked=$(git ls-files --others --exclude-standard -- proto/gen)
[ -z "$untracked" ] || { echo "not committed: $untracked" >&2; exit 1; }
export PATH="$PWD/bin/tools:$PATH"
(cd proto && buf lint)
base=$(git describe --tags --abbrev=0 2>/dev/null || git rev-list --max-parents=0 HEAD | tail -n 1)
if git cat-file -e "$base:proto/buf.yaml" 2>/dev/null; then
	(cd proto && buf breaking --against "../.git#ref=$base,subdir=proto")
else
	echo "no released contracts to compare with yet"
fi
mkdir -p bin
go build -trimpath -o bin/kaohe ./services/cmd/kaohe
(cd scripts/tools && GOWORK=off go test -count=1 ./pin)
(cd scripts/deploycheck && GOWORK=off go test -count=1 .) # not cached: what it reads lies elsewhere
echo "verify: generated code is up to date, contracts are clean, deploy/ can be deployed"
