package deploycheck

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/unit"
)

// directive tells what may stand behind one; systemd itself only warns about
// what it does not know, and goes on without it.
var directives = map[string]*regexp.Regexp{
	"Unit.Description": anything, "Unit.After": units, "Unit.Wants": units,
	"Service.ExecStart": regexp.MustCompile(`^/usr/local/bin/\S+( .+)?$`), "Service.EnvironmentFile": absolute,
	"Service.Environment": regexp.MustCompile(`^[A-Z_]+=\S+$`), "Service.MemoryMax": regexp.MustCompile(`^[0-9]+[MG]$`),
	"Service.User": regexp.MustCompile(`^[a-z]+$`), "Service.DynamicUser": yes,
	"Service.StateDirectory": regexp.MustCompile(`^[a-z]+$`), "Service.StateDirectoryMode": regexp.MustCompile(`^0700$`),
	"Service.UMask": regexp.MustCompile(`^0077$`), "Service.Restart": regexp.MustCompile(`^on-failure$`),
	"Service.RestartSec": span, "Service.TimeoutStopSec": span, "Service.KillSignal": regexp.MustCompile(`^SIG[A-Z0-9]+$`),
	"Service.BindPaths": regexp.MustCompile(`^/var/lib/private/[a-z]+:/data$`), "Service.LimitNOFILE": regexp.MustCompile(`^[0-9]+$`), "Service.NoNewPrivileges": yes,
	"Service.CapabilityBoundingSet": nothing, "Service.AmbientCapabilities": nothing,
	"Service.ProtectSystem": regexp.MustCompile(`^strict$`), "Service.ProtectHome": yes, "Service.ProtectClock": yes,
	"Service.ProtectControlGroups": yes, "Service.ProtectHostname": yes, "Service.ProtectKernelLogs": yes,
	"Service.ProtectKernelModules": yes, "Service.ProtectKernelTunables": yes,
	"Service.ProtectProc": regexp.MustCompile(`^invisible$`), "Service.ProcSubset": regexp.MustCompile(`^pid$`),
	"Service.PrivateDevices": yes, "Service.PrivateTmp": yes, "Service.PrivateUsers": yes, "Service.LockPersonality": yes,
	"Service.MemoryDenyWriteExecute": yes, "Service.RemoveIPC": yes,
	"Service.RestrictAddressFamilies": regexp.MustCompile(`^AF_INET AF_INET6 AF_UNIX$`), "Service.RestrictNamespaces": yes,
	"Service.RestrictRealtime": yes, "Service.RestrictSUIDSGID": yes,
	"Service.SystemCallArchitectures": regexp.MustCompile(`^native$`), "Service.SystemCallFilter": regexp.MustCompile(`^@system-service$`),
	"Service.SystemCallErrorNumber": regexp.MustCompile(`^EPERM$`),
	"Install.WantedBy":              regexp.MustCompile(`^multi-user\.target$`),
}

var (
	anything = regexp.MustCompile(`.`)
	nothing  = regexp.MustCompile(`^$`)
	yes      = regexp.MustCompile(`^yes$`)
	absolute = regexp.MustCompile(`^/etc/\S+$`)
	units    = regexp.MustCompile(`^([a-z-]+\.(target|service) ?)+$`)
	span     = regexp.MustCompile(`^[0-9]+s$`)
)

// stopWithin is how long kaohe may take to stop; systemd must wait longer.
const stopWithin = 30 * time.Second

// CheckSystemd parses the units, and wants each locked up, with settings that
// kaohe takes; the processes of kaohe@.service together run every target.
func (d Deploy) CheckSystemd(p *Problems) {
	names, _ := filepath.Glob(d.path("systemd/*.service")) // the pattern is good
	p.needs(len(names) > 0, "systemd: there are no units")
	for _, name := range names {
		d.checkUnit(p, filepath.Base(name))
	}
	var run []string
	seen := map[string]string{}
	environments, _ := filepath.Glob(d.path("systemd/*.env"))
	for _, name := range environments {
		where := "systemd/" + filepath.Base(name)
		got, ok := d.effective(p, d.instance(p, where))
		if !ok {
			continue
		}
		run = append(run, got.targets()...)
		p.needs(seen[got["ops"]] == "", "%s: --ops %s is that of %s too", where, got["ops"], seen[got["ops"]])
		seen[got["ops"]] = where
	}
	d.checkTargets(p, "systemd/*.env", run)
}

// instance is the process of kaohe@.service with a file of variables.
func (d Deploy) instance(p *Problems, file string) process {
	one := d.started(p, "kaohe@.service")
	one.where = file
	for line := range strings.Lines(d.read(p, file)) {
		if name, value, is := strings.Cut(strings.TrimSpace(line), "="); is && !strings.HasPrefix(name, "#") {
			one.env[name] = value
		}
	}
	return one
}

func (d Deploy) unit(p *Problems, name string) []*unit.UnitOption {
	file, err := os.Open(d.path("systemd/" + name))
	if err != nil {
		p.addf("%v", err)
		return nil
	}
	defer file.Close()
	options, err := unit.DeserializeOptions(file)
	if err != nil {
		p.addf("systemd/%s: %v", name, err)
	}
	return options
}

func (d Deploy) checkUnit(p *Problems, name string) {
	options := d.unit(p, name)
	var given []string
	for _, o := range options {
		full := o.Section + "." + o.Name
		given = append(given, full)
		values, known := directives[full]
		p.needs(known, "systemd/%s: [%s] %s is no directive that these units have", name, o.Section, o.Name)
		p.needs(!known || values.MatchString(o.Value), "systemd/%s: %s=%s: it must match %v", name, o.Name, o.Value, values)
		if wait, err := time.ParseDuration(o.Value); o.Name == "TimeoutStopSec" {
			p.needs(err == nil && wait > stopWithin, "systemd/%s: it is killed after %s, and takes %s to stop", name, o.Value, stopWithin)
		}
	}
	for full := range directives {
		locked := strings.HasPrefix(full, "Service.P") || strings.HasPrefix(full, "Service.Restrict") || strings.HasPrefix(full, "Service.SystemCall")
		always := locked || slices.Contains([]string{"Service.ExecStart", "Service.DynamicUser", "Service.StateDirectory", "Service.Restart",
			"Service.TimeoutStopSec", "Service.MemoryMax", "Service.NoNewPrivileges", "Service.CapabilityBoundingSet", "Install.WantedBy"}, full)
		p.needs(!always || slices.Contains(given, full), "systemd/%s: %s is missing", name, full)
	}
	if one := d.started(p, name); strings.HasPrefix(name, "kaohe") {
		got, ok := d.effective(p, one)
		most := valueOf(options, "MemoryMax")
		p.needs(!ok || got["memory"] == strings.Replace(most, "G", ".0GiB", 1), "systemd/%s: it keeps to %s, but is stopped at %s", name, got["memory"], most)
	} else {
		p.needs(slices.Contains(one.args, "/etc/nats/node.conf"), "systemd/%s: NATS is not started with /etc/nats/node.conf", name)
	}
}

func valueOf(options []*unit.UnitOption, name string) string {
	at := slices.IndexFunc(options, func(o *unit.UnitOption) bool { return o.Name == name })
	if at < 0 {
		return ""
	}
	return options[at].Value
}

// started is what a unit starts.
func (d Deploy) started(p *Problems, name string) process {
	one := process{where: "systemd/" + name, env: map[string]string{}, files: map[string]string{
		"/etc/kaohe/kaohe.yaml": d.read(p, "kaohe/kaohe.yaml"),
	}}
	for _, o := range d.unit(p, name) {
		switch o.Name {
		case "ExecStart":
			one.args = strings.Fields(o.Value)[1:]
		case "Environment":
			variable, value, _ := strings.Cut(o.Value, "=")
			one.env[variable] = value
		}
	}
	return one
}
