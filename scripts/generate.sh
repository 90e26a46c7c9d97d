#!/usr/bin/env bash
# Regenerates everything generated: Go, gRPC, gateway and OpenAPI from proto/.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/bin/tools
mkdir -p "$tools"
(cd scripts/tools && GOWORK=off go build -o "$tools/" \
	github.com/bufbuild/buf/cmd/buf \
	google.golang.org/protobuf/cmd/protoc-gen-go \
	google.golang.org/grpc/cmd/protoc-gen-go-grpc \
	github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway \
	github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2)
cd proto
rm -rf gen
PATH="$tools:$PATH" buf generate
