package deploycheck

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// flow is somebody who reaches somebody at a port.
type flow struct {
	from, to string
	port     int32
}

func (f flow) String() string { return fmt.Sprintf("%s to %s at %d", f.from, f.to, f.port) }

// checkNetwork compares who may reach whom with who has to: no less, no more.
func (d Deploy) checkNetwork(p *Problems, c *cluster) {
	needed := d.needed(p, c)
	for what, allowed := range map[string][]flow{"leave": c.flows(c.leaves), "arrive": c.flows(c.enters)} {
		for _, f := range needed {
			p.needs(slices.Contains(allowed, f), "network policies do not let %s %s", f, what)
		}
		for _, f := range allowed {
			p.needs(slices.Contains(needed, f), "network policies let %s %s, and nothing says it has to", f, what)
		}
	}
	p.needs(slices.ContainsFunc(c.policies, keepsAll), "no network policy keeps everybody from everybody")
	p.needs(slices.ContainsFunc(c.policies, asksDNS), "no network policy lets everybody ask for names")
	guide := d.read(p, "OPERATIONS.md")
	for _, policy := range c.policies {
		p.needs(holdsAll(policy) || c.anybody(&policy.Spec.PodSelector), "NetworkPolicy %s selects no pod", policy.Name)
		c.checkOutside(p, policy, guide)
	}
}

// checkOutside wants those who come from other namespaces to come by a label
// that the guide tells of, and to ports that are there.
func (c *cluster) checkOutside(p *Problems, policy *networkingv1.NetworkPolicy, guide string) {
	for _, rule := range policy.Spec.Ingress {
		for _, peer := range rule.From {
			if peer.NamespaceSelector == nil {
				continue
			}
			label := metav1.FormatLabelSelector(peer.NamespaceSelector)
			p.needs(strings.Contains(guide, label), "NetworkPolicy %s lets namespaces %q in; OPERATIONS.md does not tell of it", policy.Name, label)
			for _, port := range rule.Ports {
				p.needs(slices.ContainsFunc(c.workloads, func(w *workload) bool {
					return w.selected(&policy.Spec.PodSelector) && w.hasPort(port.Port.IntVal)
				}), "NetworkPolicy %s opens port %s, which nobody has", policy.Name, port.Port)
			}
		}
	}
}

func holdsAll(policy *networkingv1.NetworkPolicy) bool {
	return len(policy.Spec.PodSelector.MatchLabels)+len(policy.Spec.PodSelector.MatchExpressions) == 0
}

// keepsAll: a pod that nobody thought of reaches nobody and is reached by none.
func keepsAll(policy *networkingv1.NetworkPolicy) bool {
	return holdsAll(policy) && len(policy.Spec.PolicyTypes) == 2 && len(policy.Spec.Ingress)+len(policy.Spec.Egress) == 0
}

func asksDNS(policy *networkingv1.NetworkPolicy) bool {
	return holdsAll(policy) && slices.ContainsFunc(policy.Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
		return slices.ContainsFunc(rule.Ports, func(port networkingv1.NetworkPolicyPort) bool {
			return *port.Protocol == corev1.ProtocolUDP && port.Port.IntVal == 53
		})
	})
}

// flows are all flows among the pods that one side lets pass.
func (c *cluster) flows(passes func(from, to *workload, port int32) bool) (all []flow) {
	for _, from := range c.workloads {
		for _, to := range c.workloads {
			for _, port := range to.container().Ports {
				if passes(from, to, port.ContainerPort) {
					all = append(all, flow{from.name, to.name, port.ContainerPort})
				}
			}
		}
	}
	return all
}

// leaves reports whether from may send: no policy holds it, or one lets it.
func (c *cluster) leaves(from, to *workload, port int32) bool {
	held := false
	for _, policy := range c.holding(from, networkingv1.PolicyTypeEgress) {
		held = true
		for _, rule := range policy.Spec.Egress {
			if matches(rule.To, to) && opens(rule.Ports, to, port) {
				return true
			}
		}
	}
	return !held
}

func (c *cluster) enters(from, to *workload, port int32) bool {
	held := false
	for _, policy := range c.holding(to, networkingv1.PolicyTypeIngress) {
		held = true
		for _, rule := range policy.Spec.Ingress {
			if matches(rule.From, from) && opens(rule.Ports, to, port) {
				return true
			}
		}
	}
	return !held
}

// holding are the policies of a direction for a pod.
func (c *cluster) holding(w *workload, direction networkingv1.PolicyType) (all []*networkingv1.NetworkPolicy) {
	for _, policy := range c.policies {
		if slices.Contains(policy.Spec.PolicyTypes, direction) && w.selected(&policy.Spec.PodSelector) {
			all = append(all, policy)
		}
	}
	return all
}

// matches reports whether a workload of this namespace is among the peers.
func matches(peers []networkingv1.NetworkPolicyPeer, w *workload) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
		return peer.NamespaceSelector == nil && peer.PodSelector != nil && w.selected(peer.PodSelector)
	})
}

func opens(ports []networkingv1.NetworkPolicyPort, w *workload, number int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(port networkingv1.NetworkPolicyPort) bool {
		named, _ := w.port(port.Port.String())
		return port.Port.IntVal == number || named == number
	})
}
