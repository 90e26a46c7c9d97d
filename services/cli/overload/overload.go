package overload

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say what to offer, and to what.
type Options struct {
	// Program is the kaohe to start; Dir holds its data, which is deleted.
	Program, Dir string
	// Memory is the GOMEMLIMIT it is started with, like 256MiB.
	Memory string
	// Step is how long each load is offered, Calm how long what can be carried
	// is measured.
	Step, Calm time.Duration
	// Shares are the loads, in parts of what can be carried.
	Shares []float64
	// Told is told of each step; may be nil.
	Told func(step, steps int)
}

// Defaults are the sizes of `kaohe bench overload`.
func Defaults() Options {
	return Options{
		Memory: "256MiB", Step: 8 * time.Second, Calm: 8 * time.Second,
		Shares: []float64{0.5, 1, 1.5, 2, 3, 4},
	}
}

// Point is what became of one load.
type Point struct {
	// Share of what can be carried that was offered.
	Share float64 `json:"share"`
	// Offered, Carried and Refused are events a second of all clients together.
	Offered float64 `json:"offered"`
	Carried float64 `json:"carried"`
	Refused float64 `json:"refused"`
	// Flood and Others are the client that floods and those that do not.
	Flood  Clients `json:"flood"`
	Others Clients `json:"others"`
	// Memory is the most the process had resident, in MiB.
	Memory float64 `json:"memory_mib"`
}

// Clients is what became of the pushes of some clients.
type Clients struct {
	Pushes  int `json:"pushes"`
	Refused int `json:"refused"`
	// P50 and P99 are how long what was admitted took, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

// Result is a load curve.
type Result struct {
	// Limit is the GOMEMLIMIT of the process; Carries the events a second that
	// it took in from clients who come again when they are told to.
	Limit   string  `json:"limit"`
	Carries float64 `json:"carries"`
	Points  []Point `json:"points"`
	// Drained is how long it took after the last load until all was decided, in
	// seconds, and Events how many there were in all.
	Drained float64 `json:"drained_s"`
	Events  int     `json:"events"`
	// Recovered is the p99 of single pushes after that, in milliseconds.
	Recovered float64 `json:"recovered_p99_ms"`
}

const (
	// others are the clients that do not flood; each offers otherShare of what
	// can be carried, in small pushes.
	others     = 3
	otherShare = 0.02
	smallPush  = 20
	largePush  = 500
	// calmWorkers push as fast as they are let.
	calmWorkers = 6
	// after is how many single pushes tell whether it has recovered.
	after = 200
)

// Run measures the curve.
func Run(ctx context.Context, o Options) (r *Result, err error) {
	dir := filepath.Join(o.Dir, "overload")
	s, err := start(ctx, o, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop(), os.RemoveAll(dir)) }()
	clients, err := enrol(ctx, s)
	if err != nil {
		return nil, err
	}
	r = &Result{Limit: o.Memory}
	if r.Carries, err = calm(ctx, clients, o.Calm); err != nil {
		return nil, err
	}
	for i, share := range o.Shares {
		if o.Told != nil {
			o.Told(i+1, len(o.Shares))
		}
		p, err := load(ctx, s, clients, share*r.Carries, o.Step)
		if err != nil {
			return nil, err
		}
		p.Share = share
		r.Points = append(r.Points, p)
	}
	return r, r.recover(ctx, s, clients)
}

// enrol makes the clients, each with a token of its own: who floods is first.
func enrol(ctx context.Context, s *served) ([]*client, error) {
	all := make([]*client, 1+others)
	for i := range all {
		token, err := s.token(ctx, fmt.Sprintf("load %d", i))
		if err != nil {
			return nil, err
		}
		all[i] = newClient(s, token, i)
	}
	return all, all[0].register(ctx)
}

// calm gives how many events a second are taken in from clients that push one
// after the other and come again when told to.
func calm(ctx context.Context, clients []*client, lasting time.Duration) (float64, error) {
	began := time.Now()
	until, cancel := context.WithTimeout(ctx, lasting)
	defer cancel()
	var wg sync.WaitGroup
	for i := range calmWorkers {
		c := clients[i%len(clients)]
		wg.Go(func() {
			for until.Err() == nil {
				if answer := c.push(ctx, largePush); answer == http.StatusTooManyRequests {
					pause(until, time.Second)
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	var accepted float64
	for _, c := range clients {
		t, err := c.tally()
		if err != nil {
			return 0, err
		}
		accepted += float64(t.accepted)
	}
	if accepted == 0 {
		return 0, errors.New("nothing was taken in: no load can be measured")
	}
	return accepted / took.Seconds(), nil
}

// load offers so many events a second for a while.
func load(ctx context.Context, s *served, clients []*client, rate float64, lasting time.Duration) (Point, error) {
	loading, cancel := context.WithTimeout(ctx, lasting)
	defer cancel()
	small := min(otherShare*rate, rate/(2*others))
	var wg sync.WaitGroup
	wg.Go(func() { clients[0].offer(loading, rate-others*small, largePush) })
	for _, c := range clients[1:] {
		wg.Go(func() { c.offer(loading, small, smallPush) })
	}
	most := s.watch(loading)
	wg.Wait()
	p := Point{Memory: <-most}
	var rest tally
	for i, c := range clients {
		t, err := c.tally()
		if err != nil {
			return p, err
		}
		p.Offered += float64(t.offered) / lasting.Seconds()
		p.Carried += float64(t.accepted) / lasting.Seconds()
		if i == 0 {
			p.Flood = t.clients()
			continue
		}
		rest.add(t)
	}
	p.Others = rest.clients()
	p.Refused = p.Offered - p.Carried
	return p, ctx.Err()
}

// recover waits until all is decided and looks whether all is as before.
func (r *Result) recover(ctx context.Context, s *served, clients []*client) error {
	began := time.Now()
	if err := s.decided(ctx); err != nil {
		return err
	}
	r.Drained = time.Since(began).Seconds()
	quiet := clients[1]
	for range after {
		if code := quiet.push(ctx, 1); code != http.StatusOK {
			return fmt.Errorf("after the overload a single push was answered with %d", code)
		}
	}
	t, err := quiet.tally()
	r.Recovered = t.clients().P99
	for _, c := range clients {
		r.Events += c.accepted()
	}
	return err
}

// pause waits, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
