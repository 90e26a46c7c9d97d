package deploycheck

import (
	"log/slog"
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery/dns"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	yamlv2 "go.yaml.in/yaml/v2"
)

// scrapes is the part of Prometheus' configuration that is used here; anything
// else in the file is a mistake until it is added.
type scrapes struct {
	Global struct {
		ScrapeInterval model.Duration `yaml:"scrape_interval"`
	} `yaml:"global"`
	RuleFiles []string `yaml:"rule_files"`
	Scrape    []struct {
		Job string         `yaml:"job_name"`
		DNS []dns.SDConfig `yaml:"dns_sd_configs"`
	} `yaml:"scrape_configs"`
}

// CheckPrometheus parses rules and configuration, and wants every kaohe of
// compose.yaml scraped where it serves operations.
func (d Deploy) CheckPrometheus(p *Problems) {
	const rules = "prometheus/kaohe.rules.yaml"
	_, errs := rulefmt.Parse([]byte(d.read(p, rules)), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		p.addf("%s: %v", rules, err)
	}
	var config scrapes
	if err := yamlv2.UnmarshalStrict([]byte(d.read(p, "prometheus/prometheus.yaml")), &config); err != nil {
		p.addf("prometheus/prometheus.yaml: %v", err)
		return
	}
	d.checkScraped(p, config)
}

func (d Deploy) checkScraped(p *Problems, config scrapes) {
	project, ok := d.compose(p)
	if !ok {
		return
	}
	mounted := map[string]bool{}
	for _, volume := range project.Services["prometheus"].Volumes {
		mounted[volume.Target] = true
	}
	for _, file := range config.RuleFiles {
		p.needs(mounted[file], "prometheus/prometheus.yaml: compose.yaml mounts no %s", file)
	}
	for _, service := range project.Services {
		if service.Image != "kaohe" || service.Command[0] != "serve" {
			continue
		}
		got, ok := d.effective(p, d.composed(p, "compose.yaml: "+service.Name, service))
		if !ok {
			continue
		}
		p.needs(slices.ContainsFunc(config.found(), func(s server) bool {
			return s.host == service.Name && address(got["ops"], 0).port == s.port
		}), "prometheus/prometheus.yaml: %s at %s is not scraped", service.Name, got["ops"])
	}
}

// found are the servers that are looked up.
func (c scrapes) found() []server {
	var all []server
	for _, scrape := range c.Scrape {
		for _, lookup := range scrape.DNS {
			for _, name := range lookup.Names {
				all = append(all, server{name, int32(lookup.Port)})
			}
		}
	}
	return all
}
