package deploycheck

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// image is what the Dockerfile makes.
type image struct {
	user string
	cmd  []string
}

// CheckDockerfile parses the Dockerfile and wants a small image that does not
// run as root.
func (d Deploy) CheckDockerfile(p *Problems) {
	made, ok := d.image(p)
	if !ok {
		return
	}
	uid, _, _ := strings.Cut(made.user, ":")
	p.needs(strings.Trim(uid, "0123456789") == "" && strings.Trim(uid, "0") != "",
		"Dockerfile: USER %q is not the number of a user without rights, which Kubernetes asks for", made.user)
	d.effective(p, process{where: "Dockerfile CMD", args: made.cmd})
}

// stages are those of the Dockerfile; none where it cannot be read.
func (d Deploy) stages(p *Problems) []instructions.Stage {
	parsed, err := parser.Parse(strings.NewReader(d.read(p, "Dockerfile")))
	if err != nil {
		p.addf("Dockerfile: %v", err)
		return nil
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		p.addf("Dockerfile: %v", err)
		return nil
	}
	return stages
}

func (d Deploy) image(p *Problems) (image, bool) {
	stages := d.stages(p)
	if len(stages) == 0 {
		return image{}, false
	}
	last := stages[len(stages)-1]
	p.needs(last.BaseName == "scratch", "Dockerfile: the image is made from %s; nothing but kaohe belongs in it", last.BaseName)
	var made image
	for _, command := range last.Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			made.user = c.User
		case *instructions.CmdCommand:
			made.cmd = c.CmdLine
		case *instructions.CopyCommand:
			_, known := instructions.HasStage(stages, c.From)
			p.needs(c.From == "" || known, "Dockerfile: COPY --from=%s: there is no such stage", c.From)
		}
	}
	return made, true
}
