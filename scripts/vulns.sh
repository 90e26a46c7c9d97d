#!/usr/bin/env bash
# Known vulnerabilities in what the program calls (govulncheck, pinned in
# scripts/tools). The database is https://vuln.go.dev, or a mirror named by
# GOVULNDB (https:// or file://). Where it cannot be reached this says so and
# goes on; a database that was named must be there.
set -euo pipefail
cd "$(dirname "$0")/.."
db=${GOVULNDB:-https://vuln.go.dev}
if ! curl -fsS -m 20 -o /dev/null "$db/index/modules.json"; then
	if [ -n "${GOVULNDB:-}" ]; then
		echo "the vulnerability database GOVULNDB=$db cannot be read" >&2
		exit 1
	fi
	echo "!!! SKIPPED: known vulnerabilities were NOT looked for: $db cannot be reached; name a mirror with GOVULNDB" >&2
	exit 0
fi
mkdir -p bin/tools
(cd scripts/tools && GOWORK=off go build -o "$OLDPWD/bin/tools/" golang.org/x/vuln/cmd/govulncheck)
bin/tools/govulncheck -C services -db "$db" ./...
