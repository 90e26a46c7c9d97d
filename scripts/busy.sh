#!/usr/bin/env bash
# All black-box tests while every core is loaded four times over by loops that do
# nothing else: nothing may fail, and no healer may be at work (the tests see to
# that). "$@" goes to go test: scripts/busy.sh -run TestABackup
set -euo pipefail
cd "$(dirname "$0")/.."
loops=()
trap 'kill "${loops[@]}"' EXIT
for _ in $(seq $((4 * $(nproc)))); do
	while :; do :; done &
	loops+=($!)
done
go test -count=1 -timeout 240m "$@" ./e2e/...
