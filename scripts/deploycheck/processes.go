package deploycheck

import (
	"strconv"
)

// checkProcesses asks kaohe about every process of its own, and compares what
// it makes of its settings with what Kubernetes is told.
func (d Deploy) checkProcesses(p *Problems, c *cluster) {
	var run []string
	for _, w := range c.workloads {
		if !w.isKaohe() {
			continue
		}
		got, ok := d.effective(p, c.process(w))
		if !ok {
			continue
		}
		w.checkKey(p, got)
		if w.container().Args[0] != "serve" {
			continue
		}
		run = append(run, got.targets()...)
		for name, port := range w.listens(got) {
			p.needs(w.hasPort(port), "%s: --%s is port %d, which its pod does not show", w.name, name, port)
		}
		ops, _ := w.port("ops")
		p.needs(ops == address(got["ops"], 0).port, "%s: its port ops is not that of --ops", w.name)
		parts, _ := strconv.Atoi(got["partitions"])
		p.needs(got["target"] == "gateway" || len(w.pods) <= parts, "%s: %d replicas, but only %d partitions to share out", w.name, len(w.pods), parts)
	}
	d.checkTargets(p, "kubernetes", run)
}

// listens are the ports on which a process answers, by setting.
func (w *workload) listens(got settings) map[string]int32 {
	all := map[string]int32{"ops": address(got["ops"], 0).port}
	if got["target"] == "gateway" {
		all["http"], all["grpc"] = address(got["http"], 0).port, address(got["grpc"], 0).port
	}
	return all
}

// process is what a container starts.
func (c *cluster) process(w *workload) process {
	one := process{where: w.name, args: w.container().Args, env: map[string]string{}, files: map[string]string{}}
	for _, e := range w.container().Env {
		if e.ValueFrom == nil {
			one.env[e.Name] = e.Value
		} else {
			one.secret = append(one.secret, e.Name)
		}
	}
	for folder, files := range c.files(w) {
		for name, text := range files {
			one.files[folder+"/"+name] = text
		}
	}
	return one
}
