#!/usr/bin/env bash
# What the program is made of: deploy/sbom.cdx.json (CycloneDX) and
# deploy/licences.txt, read from a program built as the image has it. Fails on a
# part whose licence is not known or not allowed (scripts/tools/sbom).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
mkdir -p bin/tools
(cd scripts/tools && GOWORK=off go build -o "$root/bin/tools/" ./sbom)
GOOS=linux GOARCH=amd64 CGO_ENABLED=0 go build -trimpath -buildvcs=false -o bin/kaohe-sbom ./services/cmd/kaohe
bin/tools/sbom bin/kaohe-sbom deploy/sbom.cdx.json deploy/licences.txt
rm bin/kaohe-sbom
