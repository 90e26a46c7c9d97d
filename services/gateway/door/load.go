package door

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"kaohe.dev/services/flow"
)

// What is known of one key (a ticket, a complaint, a customer, an outage) is
// judged as a whole, so there is a limit to it, far above what one of them
// comes to. Events of most keys are counted in memory only; where many come, it
// is looked up once what the services keep. Of what came in between, and past
// other doors, some may pass: services can bear a multiple of the limits.

// Load is how much there is of a key.
type Load struct{ Events, Bytes int }

// most is what there may be of a key, by what stands before its first slash;
// "" of all others.
func most(key string) Load {
	kind, _, _ := strings.Cut(key, "/")
	switch kind {
	case "unit", "agent", "manager", "rulebook":
		return Load{1_000, 2 << 20} // changes of the registry are judged by all that is known
	}
	return Load{MaxKeyEvents, MaxKeyBytes}
}

const (
	// MaxKeyEvents and MaxKeyBytes are how many events may be about one thing, and
	// how many bytes they may have.
	MaxKeyEvents = 12_000
	MaxKeyBytes  = 3 << 20
	// suspicious is how much of a key has to come before it is looked up.
	suspiciousEvents = 200
	suspiciousBytes  = 128 << 10
	// keysCounted bounds the memory: about so many keys are counted.
	keysCounted = 50_000
)

// loads counts by key. It has two generations: what was not asked for during one
// is counted from nothing.
type loads struct {
	mu         sync.Mutex
	young, old map[string]*keyLoad
}

type keyLoad struct {
	Load
	known bool // with what came before it was counted
}

func newLoads() *loads { return &loads{young: map[string]*keyLoad{}, old: map[string]*keyLoad{}} }

// of gives the count of a key, which is changed under the lock alone.
func (l *loads) of(key string) *keyLoad {
	if found := l.young[key]; found != nil {
		return found
	}
	if len(l.young) >= keysCounted {
		l.young, l.old = map[string]*keyLoad{}, l.young
	}
	found := l.old[key]
	if found == nil {
		found = &keyLoad{}
	}
	l.young[key] = found
	return found
}

// keysOf gives what an event adds to.
func (d *Door) keysOf(p *prepared) []string {
	keys := []string{}
	if d.keys != nil {
		keys = append(keys, d.keys(flow.FromEvent(p.event))...)
	}
	if opened := p.event.GetTicketOpened().GetCustomer(); opened != "" {
		keys = append(keys, "customer/"+opened)
	}
	if filed := p.event.GetComplaintFiled(); filed != nil {
		if filed.Customer != "" {
			keys = append(keys, "customer/"+filed.Customer)
		}
		if filed.Outage != "" {
			keys = append(keys, "outage/"+filed.Outage)
		}
	}
	return keys
}

// weigh looks up what is kept of keys that much came about.
func (d *Door) weigh(ctx context.Context, j *job) error {
	suspects := map[string]bool{}
	d.loads.mu.Lock()
	for _, p := range j.events {
		p.keys = d.keysOf(p)
		for _, key := range p.keys {
			load := d.loads.of(key)
			if d.measure != nil && !load.known && (load.Events >= suspiciousEvents || load.Bytes >= suspiciousBytes) {
				suspects[key] = true
			}
		}
	}
	d.loads.mu.Unlock()
	for key := range suspects {
		kept, err := d.measure(ctx, key)
		if err != nil {
			return fmt.Errorf("look up how much there is of %s: %w", key, err)
		}
		d.loads.mu.Lock()
		load := d.loads.of(key)
		load.Events, load.Bytes, load.known = max(load.Events, kept.Events), max(load.Bytes, kept.Bytes), true
		d.loads.mu.Unlock()
	}
	return nil
}

// burden adds an event to its keys, or says of which there is too much.
func (d *Door) burden(p *prepared) *Refusal {
	d.loads.mu.Lock()
	defer d.loads.mu.Unlock()
	for _, key := range p.keys {
		load, limit := d.loads.of(key), most(key)
		if load.Events >= limit.Events || load.Bytes+len(p.data) > limit.Bytes {
			return Refuse("", key, "too_much_of_one", "关于 %[1]s 的事件已有 %[2]d 条、%[3]d 字节，上限为 %[4]d 条、%[5]d 字节；请核对来源是否重复发送或误用同一编号，需要时另开一个",
				"there are %[2]d events of %[3]d bytes about %[1]s, at most %[4]d of %[5]d bytes are taken; look whether the source repeats itself or uses one id for many things, and open another one if need be",
				key, load.Events, load.Bytes, limit.Events, limit.Bytes)
		}
	}
	for _, key := range p.keys {
		load := d.loads.of(key)
		load.Events, load.Bytes = load.Events+1, load.Bytes+len(p.data)
	}
	return nil
}
