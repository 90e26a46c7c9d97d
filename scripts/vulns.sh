#!/usr/bin/env bash
# Known vulnerabilities in what services/ calls, the standard library too: fails
# on one (govulncheck, pinned in scripts/tools).
#
# The database is the module golang.org/x/vulndb, which every module proxy
# serves: the version pinned in scripts/tools, so that a commit always gets the
# same answer; with "latest" the newest, which is what people want to know.
# GOVULNDB names another one (https://vuln.go.dev, a mirror, file://…).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tool() { (cd scripts/tools && GOWORK=off go build -o "$root/bin/tools/" "$1"); }
module=golang.org/x/vulndb
mkdir -p bin/tools
tool golang.org/x/vuln/cmd/govulncheck
if [ -z "${GOVULNDB:-}" ]; then
	version=$(cd scripts/tools && GOWORK=off go list -m -f '{{.Version}}' $module)
	if [ "${1:-}" = latest ]; then
		newest=$(GOWORK=off go list -m -f '{{.Version}}' $module@latest) && version=$newest ||
			echo "the module proxy does not say which $module is the newest; $version is looked into" >&2
	fi
	db=bin/vulndb/$version
	if [ ! -d "$db" ]; then
		dir=$(GOWORK=off go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
		tool $module/cmd/indexdb
		rm -rf bin/vulndb
		bin/tools/indexdb -vulns "$dir/data/osv" -out "$db.part"
		mv "$db.part" "$db" # whole or not at all
	fi
	GOVULNDB=file://$root/$db
	echo "vulnerabilities known to $module $version:"
fi
bin/tools/govulncheck -C services -db "$GOVULNDB" ./...
