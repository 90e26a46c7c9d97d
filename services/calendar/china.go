package calendar

import (
	_ "embed" // the statutory calendar travels in the binary
	"fmt"
)

//go:embed data/cn.yaml
var chinaYAML []byte

// ChinaSpec is the shipped calendar of mainland China as a spec of the caller's own: the statutory
// holidays and make-up days of 2025 and 2026 as the State Council announced them, in Asia/Shanghai. Change
// its week and name, then Compile, for a unit with other hours. The hours it comes with, Monday to Friday
// 08:30–12:00 and 14:00–18:00, are an assumption.
func ChinaSpec() Spec {
	spec, err := decode(chinaYAML)
	if err != nil {
		panic(fmt.Sprintf("calendar: the embedded data/cn.yaml is broken: %v", err)) // a test loads it
	}
	return spec
}

// China is ChinaSpec compiled. Every call reads the data anew; keep the result.
func China() *Calendar {
	calendar, err := ChinaSpec().Compile()
	if err != nil {
		panic(fmt.Sprintf("calendar: the embedded data/cn.yaml is broken: %v", err)) // a test loads it
	}
	return calendar
}
