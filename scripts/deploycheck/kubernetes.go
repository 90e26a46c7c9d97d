package deploycheck

import (
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// overlays are the folders of kubernetes/ that are applied: those that say in
// which namespace.
var overlays = []string{"try", "production"}

// CheckKubernetes renders every overlay and checks what it makes.
func (d Deploy) CheckKubernetes(p *Problems) {
	for _, overlay := range overlays {
		found := Problems{}
		if c, ok := d.render(&found, overlay); ok {
			c.checkServices(&found)
			c.checkBudgets(&found)
			d.checkPods(&found, c)
			d.checkProcesses(&found, c)
			d.checkNATS(&found, c)
			d.checkNetwork(&found, c)
		}
		for _, problem := range found {
			p.addf("kubernetes/%s: %s", overlay, problem)
		}
	}
}

// checkServices wants whatever a Service is for: pods, and ports they have.
func (c *cluster) checkServices(p *Problems) {
	for _, service := range c.services {
		behind := c.behind(service)
		p.needs(len(behind) > 0, "Service %s selects no pod", service.Name)
		for _, w := range behind {
			for _, port := range service.Spec.Ports {
				number, known := w.port(port.TargetPort.String())
				p.needs(known, "Service %s: %s has no port called %s", service.Name, w.name, port.TargetPort.String())
				p.needs(!known || service.Spec.ClusterIP != corev1.ClusterIPNone || number == port.Port,
					"Service %s has no address of its own, so port %d must be that of the pod, %d", service.Name, port.Port, number)
			}
		}
	}
	for _, w := range c.workloads {
		p.needs(w.once || w.selected(w.selector), "%s does not select its own pods", w.name)
		for _, other := range c.workloads {
			p.needs(w == other || w.once || !other.selected(w.selector), "%s selects the pods of %s", w.name, other.name)
		}
		service := c.services[w.governing]
		p.needs(w.governing == "" || service != nil && service.Spec.ClusterIP == corev1.ClusterIPNone && slices.Contains(c.behind(service), w),
			"%s: serviceName %q is no headless Service of its pods", w.name, w.governing)
	}
}

// checkBudgets wants each workload that keeps running to be in one budget that
// lets one pod go, and leaves one.
func (c *cluster) checkBudgets(p *Problems) {
	for _, w := range c.workloads {
		var held []string
		for _, budget := range c.budgets {
			if w.selected(budget.Spec.Selector) {
				held = append(held, budget.Name)
				most := budget.Spec.MaxUnavailable
				p.needs(most != nil && most.IntValue() == 1, "PodDisruptionBudget %s does not say maxUnavailable: 1", budget.Name)
			}
		}
		p.needs(w.once || len(held) == 1, "%s is in the disruption budgets %v; one is needed", w.name, held)
		p.needs(w.once || len(w.pods) > 1, "%s has one replica: whoever drains its machine stops it", w.name)
	}
	for _, budget := range c.budgets {
		p.needs(c.anybody(budget.Spec.Selector), "PodDisruptionBudget %s selects no pod", budget.Name)
	}
}

func (c *cluster) anybody(by *metav1.LabelSelector) bool {
	return slices.ContainsFunc(c.workloads, func(w *workload) bool { return w.selected(by) })
}

// checkNATS wants the nodes to start with the very file that the tests start,
// and to listen and look where there is somebody.
func (d Deploy) checkNATS(p *Problems, c *cluster) {
	at := slices.IndexFunc(c.workloads, func(w *workload) bool { return w.name == "nats" })
	if at < 0 {
		p.addf("there is no NATS")
		return
	}
	w := c.workloads[at]
	files := c.files(w)["/etc/nats"]
	for name, text := range files {
		raw, err := os.ReadFile(d.path("nats/" + name))
		p.needs(err == nil && string(raw) == text, "NATS starts another %s than nats/%s", name, name)
	}
	p.needs(slices.Contains(w.container().Args, "/etc/nats/node.conf"), "NATS is not started with /etc/nats/node.conf")
	config, err := readNATS(files, "node.conf", func(name string) bool { return given(w.container(), name) })
	if err != nil {
		p.addf("NATS: %v", err)
		return
	}
	for port := range config.ports {
		p.needs(w.hasPort(port), "NATS listens on %d, which its pod does not show", port)
	}
	for _, route := range config.routes {
		p.needs(c.services[route.host] != nil, "NATS looks for %s, which is no Service", route.host)
	}
}

// given reports whether a container has a variable. Whoever brings a Secret of
// variables brings the public keys of NATS users.
func given(container *corev1.Container, name string) bool {
	return len(container.EnvFrom) > 0 && strings.HasPrefix(name, "NKEY_") || slices.ContainsFunc(container.Env, func(e corev1.EnvVar) bool { return e.Name == name })
}
