package deploycheck

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// CheckCompose loads compose.yaml and wants every target run with settings that
// kaohe takes, files that are there, and processes that may do little.
func (d Deploy) CheckCompose(p *Problems) {
	project, ok := d.compose(p)
	if !ok {
		return
	}
	var run []string
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		service := project.Services[name]
		d.checkMounts(p, service)
		if service.Image != "kaohe" {
			continue
		}
		where := "compose.yaml: " + name
		p.needs(service.ReadOnly, "%s: its file system can be written", where)
		p.needs(slices.Contains(service.CapDrop, "ALL"), "%s: it keeps capabilities", where)
		p.needs(service.User == "", "%s: it has a user of its own; the image has one", where)
		got, ok := d.effective(p, d.composed(p, where, service))
		if !ok {
			continue
		}
		checkComposeKey(p, where, project, service, got)
		if service.Command[0] == "serve" {
			run = append(run, got.targets()...)
			checkComposeHosts(p, where, project, got)
		}
	}
	d.checkTargets(p, "compose.yaml", run)
	checkComposeVolumes(p, project)
}

// checkComposeVolumes wants every volume to belong to one service: what one
// keeps to itself, the administrator's token above all, no other may read.
func checkComposeVolumes(p *Problems, project *types.Project) {
	owner := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		for _, volume := range project.Services[name].Volumes {
			if volume.Type != types.VolumeTypeVolume {
				continue
			}
			p.needs(owner[volume.Source] == "", "compose.yaml: %s keeps its data in the volume %s, which %s can read", name, volume.Source, owner[volume.Source])
			owner[volume.Source] = name
		}
	}
}

func (d Deploy) compose(p *Problems) (*types.Project, bool) {
	file := types.ConfigFile{Filename: d.path("compose.yaml"), Content: []byte(d.read(p, "compose.yaml"))}
	details := types.ConfigDetails{WorkingDir: d.Dir, ConfigFiles: []types.ConfigFile{file}, Environment: types.Mapping{}}
	// Files of the environment may hold what is made on the spot.
	project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) { o.SkipResolveEnvironment = true })
	if err != nil {
		p.addf("compose.yaml: %v", err)
	}
	return project, err == nil
}

// composed is the process of a service, with the files that are mounted.
func (d Deploy) composed(p *Problems, where string, service types.ServiceConfig) process {
	one := process{where: where, args: service.Command, env: map[string]string{}, files: map[string]string{}}
	for name, value := range service.Environment {
		if value != nil {
			one.env[name] = *value
		}
	}
	for _, volume := range service.Volumes {
		if volume.Type != types.VolumeTypeBind || !strings.HasSuffix(volume.Target, ".yaml") {
			continue
		}
		raw, err := os.ReadFile(volume.Source)
		p.needs(err == nil, "%s: %v", where, err)
		one.files[volume.Target] = string(raw)
	}
	return one
}

func (d Deploy) checkMounts(p *Problems, service types.ServiceConfig) {
	for _, volume := range service.Volumes {
		if volume.Type != types.VolumeTypeBind {
			continue
		}
		_, err := os.Stat(volume.Source)
		name, _ := filepath.Rel(d.Dir, volume.Source) // for people only
		p.needs(err == nil, "compose.yaml: %s mounts %s, which is not there", service.Name, name)
	}
}

// checkComposeHosts finds servers that a process is told of and nobody is.
func checkComposeHosts(p *Problems, where string, project *types.Project, got settings) {
	for _, address := range got.servers() {
		_, there := project.Services[address.host]
		p.needs(there, "%s: it is sent to %s, which is no service", where, address.host)
	}
}
