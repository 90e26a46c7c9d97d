package importer

import (
	"embed"
	"slices"
	"strings"
)

//go:embed maps/*.yaml
var shippedMaps embed.FS

// Shipped gives a mapping that comes with kaohe, by name.
func Shipped(name string) ([]byte, bool) {
	if strings.ContainsAny(name, "/\\.") {
		return nil, false
	}
	document, err := shippedMaps.ReadFile("maps/" + name + ".yaml")
	return document, err == nil
}

// ShippedNames lists the mappings that come with kaohe.
func ShippedNames() []string {
	entries, err := shippedMaps.ReadDir("maps")
	if err != nil {
		return nil // the folder is compiled in
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(names)
	return names
}
