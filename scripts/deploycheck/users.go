package deploycheck

import (
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
)

// user is who a process is for NATS: its target, or the admin, who makes the
// streams; empty: NATS does not ask.
func (s settings) user(args []string) string {
	switch {
	case s["nats-nkeys"] == "":
		return ""
	case args[0] == "nats":
		return "admin"
	}
	return s["target"]
}

// checkKey wants a pod to have the key of its NATS user where it looks for it,
// and no other.
func (w *workload) checkKey(p *Problems, got settings) {
	user := got.user(w.container().Args)
	if user == "" {
		return
	}
	var have []string
	for _, volume := range w.template.Spec.Volumes {
		mounted := slices.ContainsFunc(w.container().VolumeMounts, func(m corev1.VolumeMount) bool {
			return m.Name == volume.Name && m.MountPath == got["nats-nkeys"]
		})
		if volume.Secret != nil && (mounted || strings.HasPrefix(volume.Secret.SecretName, "nats-")) {
			have = append(have, volume.Secret.SecretName)
		}
	}
	p.needs(slices.Equal(have, []string{"nats-" + user}), "%s is %s to NATS, and has the keys %v", w.name, user, have)
}

// checkComposeKey wants the same of a service of compose.yaml.
func checkComposeKey(p *Problems, where string, project *types.Project, service types.ServiceConfig, got settings) {
	user := got.user(service.Command)
	if user == "" {
		return
	}
	var have []string
	for _, secret := range service.Secrets {
		if !strings.HasSuffix(secret.Target, ".nk") {
			continue // of another kind
		}
		file := project.Secrets[secret.Source].File
		have = append(have, secret.Target+" from "+file[strings.LastIndex(file, "/")+1:])
	}
	p.needs(slices.Equal(have, []string{user + ".nk from " + user + ".nk"}), "%s is %s to NATS, and has the keys %v", where, user, have)
}

// told reports whether the guide says how to make a Secret; those of NATS users
// are made in one go.
func told(guide, secret string) bool {
	return strings.Contains(guide, "secret generic "+secret+" ") || strings.Contains(guide, "secret tls "+secret+" ") ||
		strings.HasPrefix(secret, "nats-") && strings.Contains(guide, `secret generic "nats-$(basename "$key" .nk)" --from-file="$key"`)
}
