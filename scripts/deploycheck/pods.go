package deploycheck

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// checkPods wants pods that Kubernetes' strictest standard lets in, and more.
func (d Deploy) checkPods(p *Problems, c *cluster) {
	standard, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		p.addf("pod security: %v", err)
		return
	}
	p.needs(c.namespace != nil && c.namespace.Labels["pod-security.kubernetes.io/enforce"] == "restricted",
		"the namespace does not enforce the restricted pod security standard")
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	user := ""
	if made, ok := d.image(p); ok {
		user, _, _ = strings.Cut(made.user, ":")
	}
	for _, w := range c.workloads {
		pod := &w.template.Spec
		result := policy.AggregateCheckResults(standard.EvaluatePod(restricted, &w.template.ObjectMeta, pod))
		p.needs(result.Allowed, "%s: not restricted: %s", w.name, result.ForbiddenDetail())
		p.needs(pod.EnableServiceLinks != nil && !*pod.EnableServiceLinks, "%s: Services may set its variables (enableServiceLinks)", w.name)
		c.checkAccount(p, w)
		p.needs(!w.isKaohe() || runsAs(pod) == user, "%s runs as user %s, its image has %s", w.name, runsAs(pod), user)
		p.needs(len(pod.Containers) == 1, "%s has more than one container; these checks look at one", w.name)
		checkContainer(p, w)
		d.checkVolumes(p, c, w)
	}
}

func runsAs(pod *corev1.PodSpec) string {
	if pod.SecurityContext == nil || pod.SecurityContext.RunAsUser == nil {
		return ""
	}
	return strconv.FormatInt(*pod.SecurityContext.RunAsUser, 10)
}

func (c *cluster) checkAccount(p *Problems, w *workload) {
	account := c.accounts[w.template.Spec.ServiceAccountName]
	p.needs(account != nil, "%s: there is no ServiceAccount %q", w.name, w.template.Spec.ServiceAccountName)
	for _, mounts := range []*bool{w.template.Spec.AutomountServiceAccountToken, func() *bool {
		if account == nil {
			return nil
		}
		return account.AutomountServiceAccountToken
	}()} {
		p.needs(mounts != nil && !*mounts, "%s gets a token for Kubernetes", w.name)
	}
}

func checkContainer(p *Problems, w *workload) {
	k := w.container()
	p.needs(k.SecurityContext != nil && k.SecurityContext.ReadOnlyRootFilesystem != nil && *k.SecurityContext.ReadOnlyRootFilesystem,
		"%s: its file system can be written", w.name)
	checkSize(p, w)
	probes := map[string]*corev1.Probe{"startup": k.StartupProbe, "readiness": k.ReadinessProbe, "liveness": k.LivenessProbe}
	for _, name := range []string{"startup", "readiness", "liveness"} {
		checkProbe(p, w, name, probes[name])
	}
}

func checkProbe(p *Problems, w *workload, name string, probe *corev1.Probe) {
	if probe == nil {
		p.needs(w.once || name == "startup", "%s has no %s probe", w.name, name)
		return
	}
	var port intstr.IntOrString
	switch {
	case probe.HTTPGet != nil:
		port = probe.HTTPGet.Port
		asked := map[string]string{"readiness": "/readyz", "liveness": "/healthz"}[name]
		p.needs(!w.isKaohe() || probe.HTTPGet.Path == asked, "%s: its %s probe asks %s, not %s", w.name, name, probe.HTTPGet.Path, asked)
	case probe.TCPSocket != nil:
		port = probe.TCPSocket.Port
	}
	_, named := w.port(port.String())
	p.needs(named || w.hasPort(port.IntVal), "%s: its %s probe asks port %s, which it does not have", w.name, name, port.String())
}

// checkSize wants requests and limits of both, and the process to know its own.
func checkSize(p *Problems, w *workload) {
	k := w.container()
	for _, what := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		request, limit := k.Resources.Requests[what], k.Resources.Limits[what]
		p.needs(!request.IsZero() && !limit.IsZero() && request.Cmp(limit) <= 0, "%s: %s is not bounded: request %s, limit %s",
			w.name, what, request.String(), limit.String())
	}
	limit := k.Resources.Limits.Memory().Value()
	switch {
	case w.isKaohe():
		told := w.told("KAOHE_MEMORY")
		p.needs(told == limit, "%s: KAOHE_MEMORY is %d bytes; give it from limits.memory", w.name, told)
	case w.name == "nats":
		told := w.told("GOMEMLIMIT")
		p.needs(told > 0 && float64(told) <= headroom*float64(limit),
			"%s: GOMEMLIMIT is %d bytes; give it from requests.memory, at most %.0f %% of the limit", w.name, told, headroom*100)
	}
}

// headroom is the share of the limit that a Go program, which takes more than
// its runtime knows, may be told.
const headroom = 0.9

// told is how much memory a variable says there is; 0: none, or not that of
// the resources.
func (w *workload) told(name string) int64 {
	k := w.container()
	at := slices.IndexFunc(k.Env, func(e corev1.EnvVar) bool { return e.Name == name })
	if at < 0 || k.Env[at].ValueFrom == nil || k.Env[at].ValueFrom.ResourceFieldRef == nil {
		return 0
	}
	return map[string]int64{
		"requests.memory": k.Resources.Requests.Memory().Value(), "limits.memory": k.Resources.Limits.Memory().Value(),
	}[k.Env[at].ValueFrom.ResourceFieldRef.Resource]
}
