module kaohe.dev/e2e

go 1.26.0

require (
	google.golang.org/protobuf v1.36.12
	kaohe.dev/proto v0.0.0
)

require buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go v1.36.12-20260825204119-511051f7f437.2 // indirect

replace kaohe.dev/proto => ../proto
