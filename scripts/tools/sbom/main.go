// Command sbom says what a built kaohe is made of: in flows the program, out
// flow a CycloneDX list of its parts and a list of their licences. Both are the
// same for the same program, so that a difference is a difference.
//
//	sbom PROGRAM sbom.cdx.json licences.txt
package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// own begins the modules that are kaohe itself.
const own = "kaohe.dev/"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 4 {
		return errors.New("usage: sbom PROGRAM sbom.cdx.json licences.txt")
	}
	info, err := buildinfo.ReadFile(os.Args[1])
	if err != nil {
		return fmt.Errorf("read what %s was built from: %w", os.Args[1], err)
	}
	parts := partsOf(info)
	if err := license(parts); err != nil {
		return err
	}
	if err := os.WriteFile(os.Args[3], list(parts), 0o644); err != nil {
		return err
	}
	var out bytes.Buffer
	encoder := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	if err := encoder.EncodeVersion(bom(info, parts), cdx.SpecVersion1_6); err != nil {
		return fmt.Errorf("write the list of parts: %w", err)
	}
	return os.WriteFile(os.Args[2], out.Bytes(), 0o644)
}

// part is a module that is in the program.
type part struct {
	path, version string
	// sum is its checksum in go.sum; empty for the standard library, which the
	// checksum of the toolchain covers.
	sum string
	// licences are SPDX identifiers.
	licences []string
}

// std is the standard library among the parts.
const std = "std"

func partsOf(info *debug.BuildInfo) []part {
	parts := []part{{path: std, version: strings.TrimPrefix(info.GoVersion, "go")}}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		if !strings.HasPrefix(module.Path, own) {
			parts = append(parts, part{path: module.Path, version: module.Version, sum: module.Sum})
		}
	}
	return parts
}

// list is for people: a line for each part.
func list(parts []part) []byte {
	var out bytes.Buffer
	fmt.Fprintln(&out, "What bin/kaohe is made of, and under which licences (SPDX). Made by `make sbom`; `make verify` compares.")
	fmt.Fprintln(&out)
	for _, p := range parts {
		fmt.Fprintf(&out, "%s %s: %s\n", p.path, p.version, strings.Join(p.licences, " AND "))
	}
	return out.Bytes()
}

func bom(info *debug.BuildInfo, parts []part) *cdx.BOM {
	const application = "pkg:golang/" + own + "services#cmd/kaohe"
	out := cdx.NewBOM()
	out.Metadata = &cdx.Metadata{Component: &cdx.Component{
		BOMRef: application, Type: cdx.ComponentTypeApplication, Name: "kaohe", PackageURL: application,
		Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
	}}
	components, refs := make([]cdx.Component, len(parts)), make([]string, len(parts))
	for i, p := range parts {
		components[i] = p.component()
		refs[i] = components[i].BOMRef
	}
	out.Components = &components
	out.Dependencies = &[]cdx.Dependency{{Ref: application, Dependencies: &refs}}
	return out
}

func (p part) component() cdx.Component {
	url := "pkg:golang/" + p.path + "@" + p.version
	component := cdx.Component{BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: p.path, Version: p.version, PackageURL: url}
	var licences cdx.Licenses
	for _, id := range p.licences {
		licences = append(licences, cdx.LicenseChoice{License: &cdx.License{ID: id}})
	}
	component.Licenses = &licences
	if p.sum != "" {
		component.Properties = &[]cdx.Property{{Name: "go.sum", Value: p.sum}}
	}
	return component
}
