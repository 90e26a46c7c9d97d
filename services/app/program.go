package app

import (
	"runtime/debug"
	"strings"
)

// program names the version that runs, as the build knows it: what another one
// failed on is tried again.
func program() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	name := []string{info.Main.Version, info.GoVersion}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" || setting.Key == "vcs.modified" {
			name = append(name, setting.Value)
		}
	}
	return strings.Join(name, " ")
}
