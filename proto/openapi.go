// Package proto holds the contracts of kaohe; what is generated from them is
// in gen.
package proto

import _ "embed"

// OpenAPI describes the REST API, as JSON.
//
//go:embed gen/openapi/kaohe.swagger.json
var OpenAPI []byte
