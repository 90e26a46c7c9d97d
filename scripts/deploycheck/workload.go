package deploycheck

import (
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// workload is whatever makes pods.
type workload struct {
	name     string
	selector *metav1.LabelSelector
	template corev1.PodTemplateSpec
	pods     []labels.Set
	claims   []string
	// governing is the Service that names the pods of a StatefulSet.
	governing string
	// once: it ends by itself, so nobody asks how it is.
	once bool
}

func workloadOf(object runtime.Object) *workload {
	var one *workload
	switch o := object.(type) {
	case *appsv1.Deployment:
		one = &workload{name: o.Name, selector: o.Spec.Selector, template: o.Spec.Template}
		one.count(0, *o.Spec.Replicas)
	case *appsv1.StatefulSet:
		one = &workload{name: o.Name, selector: o.Spec.Selector, template: o.Spec.Template, governing: o.Spec.ServiceName}
		for _, claim := range o.Spec.VolumeClaimTemplates {
			one.claims = append(one.claims, claim.Name)
		}
		var start int32
		if o.Spec.Ordinals != nil {
			start = o.Spec.Ordinals.Start
		}
		one.count(start, *o.Spec.Replicas)
	case *batchv1.Job:
		one = &workload{name: o.Name, template: o.Spec.Template, once: true}
		one.count(0, 1)
	}
	return one
}

// count makes the labels of the pods as Kubernetes will.
func (w *workload) count(start, replicas int32) {
	for i := range replicas {
		pod := labels.Set(maps.Clone(w.template.Labels))
		if w.governing != "" {
			pod["statefulset.kubernetes.io/pod-name"] = w.name + "-" + strconv.Itoa(int(start+i))
		}
		w.pods = append(w.pods, pod)
	}
}

func (w *workload) container() *corev1.Container { return &w.template.Spec.Containers[0] }

// isKaohe tells the processes of kaohe from others.
func (w *workload) isKaohe() bool { return w.container().Name == "kaohe" }

// selected reports whether a selector chooses a pod of it; nil chooses none.
func (w *workload) selected(by *metav1.LabelSelector) bool {
	selector, err := metav1.LabelSelectorAsSelector(by)
	return err == nil && slices.ContainsFunc(w.pods, func(pod labels.Set) bool { return selector.Matches(pod) })
}

// port gives the number of a container's port by its name.
func (w *workload) port(name string) (int32, bool) {
	for _, port := range w.container().Ports {
		if port.Name == name {
			return port.ContainerPort, true
		}
	}
	return 0, false
}

func (w *workload) hasPort(number int32) bool {
	return slices.ContainsFunc(w.container().Ports, func(port corev1.ContainerPort) bool { return port.ContainerPort == number })
}

// behind are the workloads that a Service sends to.
func (c *cluster) behind(service *corev1.Service) []*workload {
	var all []*workload
	for _, w := range c.workloads {
		if len(service.Spec.Selector) > 0 && w.selected(metav1.SetAsLabelSelector(service.Spec.Selector)) {
			all = append(all, w)
		}
	}
	return all
}
