package deploycheck

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// checkVolumes wants what is mounted to be there. Secrets are made by whoever
// runs kaohe: the guide must tell how.
func (d Deploy) checkVolumes(p *Problems, c *cluster, w *workload) {
	names := slices.Clone(w.claims)
	for _, volume := range w.template.Spec.Volumes {
		names = append(names, volume.Name)
		if volume.ConfigMap != nil {
			p.needs(c.configs[volume.ConfigMap.Name] != nil, "%s: there is no ConfigMap %s", w.name, volume.ConfigMap.Name)
		}
		p.needs(volume.HostPath == nil, "%s mounts a path of its machine", w.name)
	}
	for _, mount := range w.container().VolumeMounts {
		p.needs(slices.Contains(names, mount.Name), "%s mounts %s, which is no volume", w.name, mount.Name)
	}
	guide := d.read(p, "OPERATIONS.md")
	for _, secret := range w.secrets() {
		p.needs(told(guide, secret), "%s needs the Secret %s, and OPERATIONS.md does not say how to make it", w.name, secret)
	}
}

// secrets names all that the pods of a workload need.
func (w *workload) secrets() (names []string) {
	for _, volume := range w.template.Spec.Volumes {
		if volume.Secret != nil {
			names = append(names, volume.Secret.SecretName)
		}
	}
	for _, e := range w.container().Env {
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
			names = append(names, e.ValueFrom.SecretKeyRef.Name)
		}
	}
	for _, from := range w.container().EnvFrom {
		if from.SecretRef != nil {
			names = append(names, from.SecretRef.Name)
		}
	}
	return names
}

// files are those that ConfigMaps bring a container, by folder and name.
func (c *cluster) files(w *workload) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, mount := range w.container().VolumeMounts {
		at := slices.IndexFunc(w.template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if at < 0 || w.template.Spec.Volumes[at].ConfigMap == nil {
			continue
		}
		if config := c.configs[w.template.Spec.Volumes[at].ConfigMap.Name]; config != nil {
			all[mount.MountPath] = config.Data
		}
	}
	return all
}
