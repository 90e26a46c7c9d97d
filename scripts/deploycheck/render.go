package deploycheck

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// cluster is what an overlay makes, by kind.
type cluster struct {
	overlay   string
	namespace *corev1.Namespace
	configs   map[string]*corev1.ConfigMap
	accounts  map[string]*corev1.ServiceAccount
	services  map[string]*corev1.Service
	budgets   []*policyv1.PodDisruptionBudget
	policies  []*networkingv1.NetworkPolicy
	workloads []*workload
}

// render builds an overlay and decodes each object strictly: a field that
// Kubernetes does not know is an error, as it is twice the same.
func (d Deploy) render(p *Problems, overlay string) (*cluster, bool) {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), d.path("kubernetes/"+overlay))
	if err != nil {
		p.addf("kubernetes/%s: %v", overlay, err)
		return nil, false
	}
	decoder, err := strict()
	if err != nil {
		p.addf("kubernetes/%s: %v", overlay, err)
		return nil, false
	}
	c := &cluster{
		overlay: overlay, configs: map[string]*corev1.ConfigMap{},
		accounts: map[string]*corev1.ServiceAccount{}, services: map[string]*corev1.Service{},
	}
	ok := true
	for _, one := range made.Resources() {
		raw, err := one.AsYAML()
		if err == nil {
			err = c.decode(decoder, raw)
		}
		if err != nil {
			p.addf("kubernetes/%s: %s %s: %v", overlay, one.GetKind(), one.GetName(), err)
			ok = false
		}
	}
	return c, ok
}

func strict() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme, scheme, json.SerializerOptions{Yaml: true, Strict: true}), nil
}

func (c *cluster) decode(decoder runtime.Decoder, raw []byte) error {
	object, _, err := decoder.Decode(raw, nil, nil)
	if err != nil {
		return err
	}
	switch o := object.(type) {
	case *corev1.Namespace:
		c.namespace = o
	case *corev1.ConfigMap:
		c.configs[o.Name] = o
	case *corev1.ServiceAccount:
		c.accounts[o.Name] = o
	case *corev1.Service:
		c.services[o.Name] = o
	case *policyv1.PodDisruptionBudget:
		c.budgets = append(c.budgets, o)
	case *networkingv1.NetworkPolicy:
		c.policies = append(c.policies, o)
	default:
		one := workloadOf(object)
		if one == nil {
			return fmt.Errorf("nothing here checks a %T", object)
		}
		c.workloads = append(c.workloads, one)
	}
	return nil
}
