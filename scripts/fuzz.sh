#!/usr/bin/env bash
# Runs every fuzz test of the services for the time given (default 20s).
set -euo pipefail
cd "$(dirname "$0")/../services"
grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do
	for name in $(grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | awk '{print $2}'); do
		echo "== $name ($(dirname "$file"))"
		go test -run '^$' -fuzz "^$name\$" -fuzztime "${1:-20s}" "$(dirname "$file")"
	done
done
