package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/chain"
	"kaohe.dev/services/internal/store/sqlitestore"
)

// While kaohe runs everything that is kept is read again, at a tenth of a
// processor at most: the links and signatures of the feed, and, where they are in
// the data directory, the checksums of the messages and of the documents. What is
// found is told; the next start looks at everything, and mends.

const (
	// scrubEvery is how often everything is read again.
	scrubEvery = 24 * time.Hour
	// scrubRest is how many times as long as it reads it rests.
	scrubRest = 9
)

// scrubber reads everything again.
type scrubber struct {
	*App
	damage *prometheus.GaugeVec
	done   prometheus.Gauge
}

// ScrubMetrics makes and registers the metrics of what is read again: how much
// damage there is, by where, and when it was last looked for.
func ScrubMetrics(registry prometheus.Registerer) (damage *prometheus.GaugeVec, done prometheus.Gauge) {
	damage = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "kaohe_damage", Help: "Damages found when everything was last read again."}, []string{"where"})
	done = prometheus.NewGauge(prometheus.GaugeOpts{Name: "kaohe_scrubbed_timestamp_seconds", Help: "When everything was last read again."})
	registry.MustRegister(damage, done)
	return damage, done
}

// startScrub starts reading everything again, in the process that serves.
func (a *App) startScrub(registry *prometheus.Registry) {
	if !a.serves() {
		return
	}
	s := &scrubber{App: a}
	s.damage, s.done = ScrubMetrics(registry)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); s.loop(ctx) }()
	a.later("reading everything again", func(context.Context) error { cancel(); <-ended; return nil })
}

func (s *scrubber) loop(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		for where, look := range s.parts() {
			found, err := look(ctx)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				s.config.Logger.Warn("reading everything again failed, and is tried again", "where", where, "error", err, "retry_in", scrubEvery)
				continue
			}
			s.tell(where, found)
		}
		s.done.SetToCurrentTime()
		next.Reset(scrubEvery)
	}
}

func (s *scrubber) tell(where string, found []Damage) {
	s.damage.WithLabelValues(where).Set(float64(len(found)))
	for i, d := range found {
		if i == maxLines {
			s.config.Logger.Error("and more of it", "count", len(found)-maxLines)
			return
		}
		s.config.Logger.Error("something is damaged; kaohe verify tells more of the log, the next start looks at everything else", "what", d.String())
	}
}

// parts are what is read.
func (s *scrubber) parts() map[string]func(context.Context) ([]Damage, error) {
	all := map[string]func(context.Context) ([]Damage, error){"links": s.links}
	if s.config.NATS == "" {
		all["messages"] = s.messages
	}
	if s.config.Store == "" {
		all["documents"] = s.documents
	}
	return all
}

// rest waits as long as a tenth of a processor makes necessary.
func rest(ctx context.Context, since time.Time) error {
	select {
	case <-time.After(scrubRest * time.Since(since)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// links checks the feed as it is now.
func (s *scrubber) links(ctx context.Context) ([]Damage, error) {
	b := s.bus(Gateway)
	last, err := b.Last(ctx, bus.Feed)
	if err != nil || last == 0 {
		return nil, err
	}
	reader, err := b.ReadChecked(ctx, 0)
	if errors.Is(err, bus.ErrArchived) {
		first, _, beganErr := b.Began(ctx)
		if beganErr != nil {
			return nil, beganErr
		}
		reader, err = b.ReadChecked(ctx, bus.Behind(first-1))
	}
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	checker := chain.NewChecker(s.signer.knows)
	for read := uint64(0); read < last; {
		select {
		case batch, open := <-reader.Deliveries():
			if !open {
				return nil, reader.Err()
			}
			start := time.Now()
			bus.Check(checker, batch)
			read = batch[len(batch)-1].Sequence
			if err := rest(ctx, start); err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return damages(checker.Report()), nil
}

// damages tells what a checker found.
func damages(r chain.Report) (all []Damage) {
	for _, d := range r.Damage {
		all = append(all, Damage{Where: feedName, From: d.From, To: d.To, Earliest: d.Earliest, Latest: d.Latest, What: string(d.Kind)})
	}
	return all
}

// messages checks the messages on disk, but for the block that is written to.
func (s *scrubber) messages(ctx context.Context) ([]Damage, error) {
	x := &examination{left: true}
	for _, stream := range append([]string{feedName}, derivedStreams...) {
		blocks, err := s.blocksOf(stream)
		if err != nil {
			return nil, err
		}
		start := time.Now()
		report, err := blocks.ScanFull(func(int64) error {
			defer func() { start = time.Now() }()
			return rest(ctx, start)
		})
		if err != nil {
			return nil, err
		}
		for _, d := range report.Damage {
			x.block(s.config.Data, stream, d)
		}
	}
	found := append(x.lost, x.derived...)
	s.suspicious(found)
	return found, nil
}

// documents checks the documents as they are now.
func (s *scrubber) documents(ctx context.Context) (found []Damage, err error) {
	start := time.Now()
	all, err := sqlitestore.Scrub(ctx, filepath.Join(s.config.Data, stateName), func() error {
		defer func() { start = time.Now() }()
		return rest(ctx, start)
	})
	for _, d := range all {
		found = append(found, Damage{Where: filepath.Join(stateName, d.Group+".db"), What: d.Why})
	}
	if err != nil {
		err = fmt.Errorf("read the documents again: %w", err)
	}
	s.suspicious(found)
	return found, err
}

// suspicious makes the next start look at everything.
func (s *scrubber) suspicious(found []Damage) {
	if len(found) > 0 {
		s.suspect.Store(true)
	}
}
