package bus

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

// Events, facts and records are small and many, and every message costs the
// server a sync: so those of one subject that are appended together share a
// message, which is an EventBatch, FactBatch or RecordBatch of the contracts.
// Each has its own sequence all the same: the message's, and its place in it.

const (
	// placeBits is how many bits of a sequence are the place in a message.
	placeBits = 12
	maxPlaces = 1 << placeBits
	// maxPack is how many bytes share a message.
	maxPack = 512 << 10
	// packed is the field of a batch that holds one of them.
	packed protowire.Number = 1
)

// isPacked tells whether the messages of a subject are batches.
func isPacked(subject string) bool { return subject != FeedEvents }

// parcel is what is appended as one message.
type parcel struct {
	Message
	count  int
	traces []byte // of those in it, see follow
	link   string // of a message of the feed
}

// pack puts messages together.
func pack(messages []Message) []*parcel {
	out := make([]*parcel, 0, min(len(messages), 16))
	open := map[string]*parcel{}
	for _, m := range messages {
		if !isPacked(m.Subject) {
			out = append(out, &parcel{Message: m, count: 1})
			continue
		}
		if m.Barrier {
			clear(open)
		}
		p := open[m.Subject]
		if p == nil || p.count == maxPlaces || len(p.Data)+len(m.Data) > maxPack || len(p.traces)+len(m.Trace) > maxTraces {
			p = &parcel{Message: Message{Subject: m.Subject, Accepts: m.Accepts}}
			open[m.Subject] = p
			out = append(out, p)
		}
		p.Data = protowire.AppendTag(p.Data, packed, protowire.BytesType)
		p.Data = protowire.AppendBytes(p.Data, m.Data)
		p.follow(m.Trace)
		p.count++
		if m.Barrier {
			clear(open)
		}
	}
	return out
}

// Fit reports whether messages become one message of a stream, which is stored
// as a whole or not at all.
func Fit(messages []Message) bool { return len(pack(messages)) <= 1 }

var errPack = errors.New("a message is not what this bus packs")

// unpack takes a message apart.
func unpack(data []byte) ([][]byte, error) {
	var parts [][]byte
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 || number != packed || kind != protowire.BytesType {
			return nil, errPack
		}
		part, m := protowire.ConsumeBytes(data[n:])
		if m < 0 || len(parts) == maxPlaces {
			return nil, errPack
		}
		parts, data = append(parts, part), data[n+m:]
	}
	return parts, nil
}
