package deploycheck

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// needed are the flows that the settings of everybody ask for.
func (d Deploy) needed(p *Problems, c *cluster) (all []flow) {
	for _, w := range c.workloads {
		for _, s := range d.reached(p, c, w) {
			service := c.services[s.host]
			if service == nil {
				p.addf("%s is sent to %s, which is no Service", w.name, s.host)
				continue
			}
			for _, to := range c.behind(service) {
				if f := (flow{w.name, to.name, s.port}); !slices.Contains(all, f) {
					all = append(all, f)
				}
			}
		}
	}
	return all
}

// reached are the servers of this namespace that a workload's settings name.
func (d Deploy) reached(p *Problems, c *cluster, w *workload) []server {
	k := w.container()
	switch {
	case w.isKaohe():
		got, _ := d.effective(p, c.process(w))
		if k.Args[0] != "serve" {
			return addresses(got["nats"], 4222) // it makes the streams, and no documents
		}
		if slices.ContainsFunc(k.Env, func(e corev1.EnvVar) bool { return e.Name == "KAOHE_STORE" && e.ValueFrom != nil }) {
			delete(got, "store") // it is elsewhere
		}
		return got.servers()
	case slices.Contains(k.Args, "/etc/nats/node.conf"):
		config, _ := readNATS(c.files(w)["/etc/nats"], "node.conf", func(string) bool { return true })
		return config.routes
	case slices.Contains(k.Args, "--replSet"):
		return []server{{w.governing, 27017}}
	}
	if at := slices.Index(k.Command, "--host"); at >= 0 {
		return []server{address(k.Command[at+1], 27017)}
	}
	return nil
}
