package simulate

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// outages are the mass faults and planned interruptions of the month: one of
// each handled well, one of each badly.
func (w *world) outages() {
	yaozhou, chengqu := &units[2], &units[0]
	w.massFault([]*unit{chengqu, &units[1]}, w.day(8, 20), 12*time.Minute, "城区东片及新区", "主干光缆被施工挖断", 0)
	w.massFault([]*unit{yaozhou}, w.day(13, 19), 55*time.Minute, "耀州区锦阳新城", "光机房市电中断", 3)
	w.interruption(chengqu, w.day(10, 1), 72*time.Hour, 48*time.Hour, 0)
	w.interruption(yaozhou, w.day(20, 9), 3*time.Hour, 0, 1)
}

// day is an instant of the month.
func (w *world) day(day, hour int) time.Time {
	return time.Date(w.start.Year(), w.start.Month(), day, hour, w.rng.IntN(50), 0, 0, w.start.Location())
}

// massFault 大面积故障: the call centre is told some time after it was declared.
func (w *world) massFault(of []*unit, at time.Time, told time.Duration, area, cause string, complaints int) {
	id := w.serial("DG")
	var ids []string
	for _, u := range of {
		ids = append(ids, u.id)
	}
	w.say(at, id+"-declare", &feedv1.Event{Payload: &feedv1.Event_MassFaultDeclared{
		MassFaultDeclared: &feedv1.MassFaultDeclared{Outage: id, Units: ids, Area: area, Cause: cause},
	}})
	restored := at.Add(w.between(150*time.Minute, 5*time.Hour))
	w.say(at.Add(told), id+"-tell", &feedv1.Event{Payload: &feedv1.Event_MassFaultTold{
		MassFaultTold: &feedv1.MassFaultTold{Outage: id, ExpectedEnd: timestamppb.New(restored.Add(30 * time.Minute).Truncate(time.Minute))},
	}})
	w.say(restored.Add(10*time.Minute), id+"-restore", &feedv1.Event{Payload: &feedv1.Event_MassFaultRestored{
		MassFaultRestored: &feedv1.MassFaultRestored{Outage: id, ToldAt: timestamppb.New(restored.Add(9 * time.Minute).Truncate(time.Second))},
	}})
	for i := range complaints {
		w.complain(&ticket{unit: of[0]}, complaint{
			cause: other, at: at.Add(time.Duration(15+10*i) * time.Minute), valid: true, outage: id,
			text: "整个小区都没有信号，热线说不知道什么时候恢复。", customer: fmt.Sprintf("%s-%06d", of[0].id, int(of[0].customers)+100+i),
		})
	}
}

// interruption 网改/停电: announced so long ahead; no notice to customers when
// told is zero.
func (w *world) interruption(u *unit, at time.Time, notice, told time.Duration, complaints int) {
	id := w.serial("WG")
	planned := &feedv1.InterruptionPlanned{
		Outage: id, Units: []string{u.id}, StartsAt: timestamppb.New(at), NoticeAt: timestamppb.New(at.Add(-notice)),
	}
	if told > 0 {
		planned.CustomersToldAt = timestamppb.New(at.Add(-told))
	}
	w.say(at.Add(-notice), id+"-plan", &feedv1.Event{Payload: &feedv1.Event_InterruptionPlanned{InterruptionPlanned: planned}})
	for i := range complaints {
		w.complain(&ticket{unit: u}, complaint{
			cause: feedv1.ComplaintCause_COMPLAINT_CAUSE_UNANNOUNCED_INTERRUPTION, at: at.Add(time.Duration(40+15*i) * time.Minute),
			valid: true, outage: id, text: "网改停播事先没有任何通知。", customer: fmt.Sprintf("%s-%06d", u.id, int(u.customers)+200+i),
		})
	}
}

// duplicate is the same customer's same fault reported once more; it is merged
// into the first a day and a half later.
func (w *world) duplicate(u *unit, first *ticket, at time.Time) {
	id := w.serial("GD")
	opened := &feedv1.TicketOpened{
		Ticket: id, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Category: first.category, Unit: u.id, Customer: first.customer,
		Channel: "微信公众号", Commitment: &feedv1.TicketOpened_CommitmentClass{CommitmentClass: rural},
	}
	w.say(at, id+"-open", &feedv1.Event{Payload: &feedv1.Event_TicketOpened{TicketOpened: opened}})
	w.say(at.Add(36*time.Hour), id+"-merge", &feedv1.Event{Payload: &feedv1.Event_TicketMerged{
		TicketMerged: &feedv1.TicketMerged{Ticket: id, Into: first.id},
	}})
}
