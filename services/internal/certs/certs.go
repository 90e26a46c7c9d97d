// Package certs keeps a TLS certificate that is replaced on disk while kaohe
// runs.
//
// In flow the names of two files, out flows a TLS configuration. Never here:
// who listens.
package certs

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// Pair is a certificate and its key, read anew when a file changes. It is safe
// for concurrent use.
type Pair struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	changed [2]time.Time // of the files as they were read
	looked  time.Time
}

// Load reads a pair of PEM files.
func Load(cert, key string, log *slog.Logger) (*Pair, error) {
	p := &Pair{cert: cert, key: key, log: log}
	if err := p.read(); err != nil {
		return nil, err
	}
	return p, nil
}

// read reads the files; p.mu is held, or nobody else has p.
func (p *Pair) read() error {
	changed, err := p.times()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return fmt.Errorf("read the certificate %s with the key %s: %w", p.cert, p.key, err)
	}
	p.current, p.changed = &pair, changed
	return nil
}

func (p *Pair) times() (changed [2]time.Time, err error) {
	for i, name := range []string{p.cert, p.key} {
		info, err := os.Stat(name)
		if err != nil {
			return changed, fmt.Errorf("read the certificate: %w", err)
		}
		changed[i] = info.ModTime()
	}
	return changed, nil
}

// get gives the certificate as the files have it; while they cannot be read
// together, because one of them is just being replaced, the one before.
func (p *Pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.looked) >= lookEvery {
		p.looked = now
		if changed, err := p.times(); err != nil || changed != p.changed {
			if err == nil {
				err = p.read()
			}
			if err != nil {
				p.log.Error("the new certificate cannot be used, the one before stays", "error", err)
			}
		}
	}
	return p.current, nil
}

// Config is for a server that speaks the protocols.
func (p *Pair) Config(protocols ...string) *tls.Config {
	return &tls.Config{GetCertificate: p.get, MinVersion: tls.VersionTLS12, NextProtos: protocols}
}
