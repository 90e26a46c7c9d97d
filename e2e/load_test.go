package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long who pushes waits for an answer before it turns to the
// other gateway.
const patience = 3 * time.Second

// load is a source of events: simulated months, in disorder and some of them
// twice, and complaints that go by the clock on the wall. It pushes through
// either gateway.
type load struct {
	t          testing.TB
	chance     *rand.Rand
	gateways   []*member
	months     []string // of the ledger
	last       string   // the last simulated one
	all        []string // every event, as it is in order
	feed       []string // what was not pushed yet
	complaints []string
	in         int // events acknowledged, with duplicates
}

const chaosBatch = 25

func isUnit(line string) bool { return strings.Contains(line, `"unitRegistered"`) }

// newLoad has events for so many faults.
func newLoad(t testing.TB, chance *rand.Rand, gateways []*member, faults int) *load {
	l := &load{t: t, chance: chance, gateways: slices.Clone(gateways), all: []string{liveUnit}}
	month := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for ; len(l.all) < 2*chaosBatch*faults; month = month.AddDate(0, 1, 0) {
		l.last = month.Format("2006-01")
		l.months = append(l.months, l.last)
		played := lines(mustRead(t, feedOf(t, l.last)))
		if len(l.months) > 1 {
			played = slices.DeleteFunc(played, isUnit) // they are registered
		}
		l.all = append(l.all, played...)
	}
	if now := time.Now().Format("2006-01"); !slices.Contains(l.months, now) {
		l.months = append(l.months, now)
	}
	l.feed = slices.DeleteFunc(slices.Clone(l.all), isUnit)
	return l
}

// register pushes the units, and waits until both gateways know them: the door
// refuses tickets of those it does not know.
func (l *load) register() {
	l.t.Helper()
	units := slices.DeleteFunc(slices.Clone(l.all), func(line string) bool { return !isUnit(line) })
	l.begin(slices.Clone(units)).acknowledged(l.t, "the start")
	for _, gateway := range l.gateways {
		await(l.t, "known at both gateways", func() error {
			if n, err := gateway.units(); err != nil || n < len(units) {
				return fmt.Errorf("%d units of %d: %w", n, len(units), err)
			}
			return nil
		})
	}
}

const liveUnit = `{"id":"live","source":"live","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"live","nameZh":"现场","kind":"UNIT_KIND_OUTLET","customers":"1000000"}}`

// complain makes a complaint of now whose forwarded case is late already, or will
// be within seconds, so that its deadline falls into a fault.
func (l *load) complain() []string {
	id := fmt.Sprintf("L%04d", len(l.complaints))
	l.complaints = append(l.complaints, id)
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339Nano) }
	late := time.Duration(l.chance.IntN(15_000)-10_000) * time.Millisecond
	events := []string{
		fmt.Sprintf(`{"id":"%s/filed","source":"live","occurredAt":%q,"complaintFiled":{"complaint":%q,"customer":"K%s","unit":"live","cause":"COMPLAINT_CAUSE_OTHER","level":"COMPLAINT_LEVEL_HOTLINE"}}`,
			id, ago(48*time.Hour), id, id),
		fmt.Sprintf(`{"id":"%s/forwarded","source":"live","occurredAt":%q,"complaintForwarded":{"complaint":%q,"person":"李"}}`, id, ago(24*time.Hour+late), id),
	}
	l.all = append(l.all, events...)
	return events
}

// next takes the next events and one complaint, in disorder and some of them twice.
func (l *load) next() []string { return l.mixed(append(l.complain(), l.take(chaosBatch)...)) }

func (l *load) take(n int) []string {
	n = min(n, len(l.feed))
	taken := l.feed[:n]
	l.feed = l.feed[n:]
	return taken
}

func (l *load) mixed(chunk []string) []string {
	for range len(chunk) / 5 {
		chunk = append(chunk, chunk[l.chance.IntN(len(chunk))])
	}
	l.chance.Shuffle(len(chunk), func(i, j int) { chunk[i], chunk[j] = chunk[j], chunk[i] })
	return chunk
}

// push is on its way until one of the gateways has acknowledged it.
type push struct {
	refused chan struct{} // both have refused it once
	done    chan struct{}
	err     error
	took    time.Duration
}

// begin pushes, to a gateway by chance first.
func (l *load) begin(chunk []string) *push {
	p := &push{refused: make(chan struct{}), done: make(chan struct{})}
	first, body := l.chance.IntN(len(l.gateways)), "["+strings.Join(chunk, ",")+"]"
	l.in += len(chunk)
	go func() {
		defer close(p.done)
		began := time.Now()
		pace := time.NewTicker(20 * time.Millisecond)
		defer pace.Stop()
		for attempt := 0; ; attempt++ {
			p.err = offered(l.gateways[(first+attempt)%len(l.gateways)], body)
			if p.took = time.Since(began); p.err == nil || p.took > busy || errors.Is(p.err, errRejected) {
				return
			}
			if attempt == len(l.gateways)-1 {
				close(p.refused)
			}
			<-pace.C
		}
	}()
	return p
}

// wait waits until it is in, or both gateways have refused it.
func (p *push) wait() (refused bool) {
	select {
	case <-p.refused:
		return true
	case <-p.done:
		return false
	}
}

func (p *push) acknowledged(t testing.TB, after any) {
	t.Helper()
	if <-p.done; p.err != nil {
		t.Fatalf("not acknowledged after %v, for %v: %v", after, p.took.Round(time.Second), p.err)
	}
}

var errRejected = errors.New("events were rejected")

// offered pushes once.
func offered(m *member, body string) error {
	var answer struct {
		Rejected string
		Verdicts []struct {
			Error struct{ Field, Value, Reason string }
		}
	}
	code, err := m.try("POST", "/v1/events", body, &answer)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("status %d", code)
	}
	if err == nil && answer.Rejected != "" && answer.Rejected != "0" {
		err = fmt.Errorf("%w: %s, %v", errRejected, answer.Rejected, answer.Verdicts)
	}
	return err
}

// rest pushes what is left.
func (l *load) rest() {
	for len(l.feed) > 0 {
		l.begin(l.mixed(slices.Clone(l.take(500)))).acknowledged(l.t, "the last fault")
	}
}

// end is the barrier that lets the simulated clock run out.
func (l *load) end() string {
	month, err := time.Parse("2006-01", l.last)
	if err != nil {
		l.t.Fatal(err)
	}
	return fmt.Sprintf(`{"clock":"demo","to":%q}`, month.AddDate(0, 1, 19).Format(time.RFC3339))
}

// barrier asks either gateway.
func (l *load) barrier(body string) error {
	l.gateways[0], l.gateways[1] = l.gateways[1], l.gateways[0]
	return barrier(l.gateways[0].patient(), body)
}

func barrier(s *server, body string) error {
	code, err := s.try("POST", "/v1/barriers", body, nil)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("status %d", code)
	}
	return err
}

// allKnown makes sure that every acknowledged event is in: none is new when all
// come again.
func (l *load) allKnown() {
	l.t.Helper()
	for chunk := range slices.Chunk(l.all, 1000) {
		var answer struct{ Accepted, Duplicates string }
		code := l.gateways[0].patient().call("POST", "/v1/events", "["+strings.Join(chunk, ",")+"]", &answer)
		if code != http.StatusOK || answer.Accepted != "" && answer.Accepted != "0" || answer.Duplicates != strconv.Itoa(len(chunk)) {
			l.t.Fatalf("status %d, %+v of %d", code, answer, len(chunk))
		}
	}
}
