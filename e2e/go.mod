module kaohe.dev/e2e

go 1.26.0

require kaohe.dev/proto v0.0.0

replace kaohe.dev/proto => ../proto
