package deploycheck

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// digested is an image that cannot become another one under the same name.
var digested = regexp.MustCompile(`:[^:/@]+@sha256:[0-9a-f]{64}$`)

// CheckImages wants every image to have a version, the same wherever it is
// named, and the program built by the Go that go.work names. For a release it
// wants the digests of those that are not ours, which only a registry can say:
// `make pin`.
func (d Deploy) CheckImages(p *Problems) {
	versions := map[string]string{}
	for where, images := range d.images(p) {
		for _, image := range images {
			name, version, _ := strings.Cut(image, ":")
			p.needs(version != "" && version != "latest", "%s: image %s says no version", where, image)
			p.needs(versions[name] == "" || versions[name] == version, "%s: %s is %s elsewhere", where, image, versions[name])
			versions[name] = version
			p.needs(!d.Release || path.Base(name) == "kaohe" || digested.MatchString(image), "%s: image %s is not named by its digest: run 'make pin' where the registries can be reached", where, image)
		}
	}
	version, _, _ := strings.Cut(versions["golang"], "@")
	p.needs("go"+version == d.Toolchain, "Dockerfile: it builds with golang:%s, go.work with %s", version, d.Toolchain)
}

// images are all that is fetched, by where they are named.
func (d Deploy) images(p *Problems) map[string][]string {
	all := map[string][]string{}
	for _, stage := range d.stages(p) {
		all["Dockerfile"] = append(all["Dockerfile"], stage.BaseName)
	}
	if project, ok := d.compose(p); ok {
		for _, name := range slices.Sorted(maps.Keys(project.Services)) {
			all["compose.yaml"] = append(all["compose.yaml"], project.Services[name].Image)
		}
	}
	for _, overlay := range overlays {
		made, ok := d.render(p, overlay)
		if !ok {
			continue
		}
		for _, w := range made.workloads {
			all["kubernetes/"+overlay] = append(all["kubernetes/"+overlay], w.container().Image)
		}
	}
	for where := range all {
		built := func(image string) bool { return image == "kaohe" || image == "scratch" }
		all[where] = slices.DeleteFunc(all[where], built)
	}
	return all
}
