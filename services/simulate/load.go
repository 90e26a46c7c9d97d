package simulate

import (
	"container/heap"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/rulebook"
)

// LoadStart is when the events of Load begin (UTC).
var LoadStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// loadGap is the longest time between two tickets of Load: some 40,000 a day.
const loadGap = 4 * time.Second

// Load gives n events (0: without end) of tickets of so many units on a clock,
// in the order they happen: first the units' registrations, then tickets, of
// which about one in ten breaks a rule. It keeps only the tickets that are open.
func Load(seed uint64, n, units int, clock string) iter.Seq[*feedv1.Event] {
	return LoadEvery(loadGap/2, seed, n, units, clock)
}

// LoadEvery is Load with another time between two tickets, on average.
func LoadEvery(mean time.Duration, seed uint64, n, units int, clock string) iter.Seq[*feedv1.Event] {
	return func(yield func(*feedv1.Event) bool) {
		l := &load{
			world: world{rng: rand.New(rand.NewPCG(seed, 0)), clock: clock, start: LoadStart, serials: map[string]int{}, book: rulebook.Default()},
			now:   LoadStart, gap: 2 * mean,
		}
		l.register(max(1, units))
		for told := 0; n <= 0 || told < n; told++ {
			if !yield(l.next()) {
				return
			}
		}
	}
}

// load is an endless stream in the making.
type load struct {
	world
	units   []*unit
	pending pending
	now     time.Time     // when the next ticket is opened
	gap     time.Duration // the longest between two tickets
	tickets int
}

// register makes up the units.
func (l *load) register(n int) {
	for i := range n {
		u := &unit{
			id: fmt.Sprintf("u%03d", i+1), zh: fmt.Sprintf("第%d营业部", i+1), en: fmt.Sprintf("Outlet %d", i+1),
			kind: outlet, customers: 1_000_000, classes: []string{urban, rural, standard}, agents: []string{"甲", "乙", "丙", "丁"},
		}
		l.units = append(l.units, u)
		l.say(l.start, "unit-"+u.id, &feedv1.Event{Payload: &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
			Unit: u.id, NameZh: u.zh, NameEn: u.en, Kind: u.kind, Customers: u.customers,
		}}})
	}
}

// next is the earliest event that no ticket still to be opened can precede.
func (l *load) next() *feedv1.Event {
	for len(l.pending) == 0 || l.pending[0].at >= l.now.UnixNano() {
		l.open()
	}
	return heap.Pop(&l.pending).(planned).event
}

// open opens a ticket and plans all that becomes of it.
func (l *load) open() {
	l.tickets++
	customer := fmt.Sprintf("c%07d", l.rng.IntN(5_000_000))
	u := l.units[l.rng.IntN(len(l.units))]
	t := l.ticket(u, l.now, customer)
	l.detours(t)
	l.wrapUp(t)
	t.id = fmt.Sprintf("L%09d", l.tickets)
	if t.callback != nil {
		t.callback.Ticket = t.id
	}
	l.mishap(t)
	l.tell(t)
	for _, e := range l.events {
		heap.Push(&l.pending, planned{e.OccurredAt.AsTime().UnixNano(), e})
	}
	l.events = l.events[:0]
	l.now = l.now.Add(l.between(0, l.gap))
}

// mishap lets about one ticket in ten break a rule.
func (l *load) mishap(t *ticket) {
	if t.cancelled || t.within == 0 || !t.suspended.IsZero() || !l.chance(0.15) {
		return
	}
	pick(&l.world, []incident{
		overdue, overdue, overdue, replyLate, unexplained, unexplained, dissatisfied, contradicted, reopened, second, otherComplaint, praised,
	})(&l.world, t)
}

// planned is an event with its time in Unix nanoseconds.
type planned struct {
	at    int64
	event *feedv1.Event
}

// pending is a heap of events by time, then id.
type pending []planned

func (p pending) Len() int { return len(p) }
func (p pending) Less(i, j int) bool {
	if p[i].at != p[j].at {
		return p[i].at < p[j].at
	}
	return p[i].event.Id < p[j].event.Id
}
func (p pending) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

// Push is heap.Interface.
func (p *pending) Push(e any) { *p = append(*p, e.(planned)) }

// Pop is heap.Interface.
func (p *pending) Pop() any {
	last := len(*p) - 1
	e := (*p)[last]
	(*p)[last] = planned{}
	*p = (*p)[:last]
	return e
}

// Advance gives the event that moves a clock on, for whoever plays events.
func Advance(clock string, to time.Time, id string) *feedv1.Event {
	return &feedv1.Event{
		Id: id, Source: Source, OccurredAt: timestamppb.New(to), Clock: clock,
		Payload: &feedv1.Event_ClockAdvanced{ClockAdvanced: &feedv1.ClockAdvanced{Clock: clock, To: timestamppb.New(to)}},
	}
}
