package deploycheck

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// server is an address that somebody is told to reach.
type server struct {
	host string
	port int32
}

// servers are those that a process is told of by its settings.
func (s settings) servers() []server {
	all := addresses(s["nats"], 4222)
	if strings.HasPrefix(s["store"], "mongodb://") {
		all = append(all, addresses(s["store"], 27017)...)
	}
	return all
}

// addresses reads URLs separated by commas, or one URL with several hosts.
func addresses(urls string, port int32) []server {
	var all []server
	for one := range strings.SplitSeq(urls, ",") {
		host := one
		if parsed, err := url.Parse(one); err == nil && parsed.Host != "" {
			host = parsed.Host
		}
		host, _, _ = strings.Cut(host, "/")
		if host != "" {
			all = append(all, address(host, port))
		}
	}
	return all
}

func address(host string, port int32) server {
	name, number, err := net.SplitHostPort(host)
	if err != nil {
		return server{host, port}
	}
	given, _ := strconv.ParseInt(number, 10, 32)
	return server{name, int32(given)}
}
