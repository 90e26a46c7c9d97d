package bus

import (
	"errors"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Facts and records are small and many, and every message costs the server a
// sync: so those of one subject that are appended together share a message.
// Each has its own sequence all the same: the message's, and its place in it.

const (
	// placeBits is how many bits of a sequence are the place in a message.
	placeBits = 12
	maxPlaces = 1 << placeBits
	// maxPack is how many bytes share a message.
	maxPack = 512 << 10
	// packed is the field that holds one of them, as if the message were a
	// protobuf of repeated bytes.
	packed protowire.Number = 1
)

// isPacked tells whether messages of a subject share one. Events do not: the
// feed is the log that others may read.
func isPacked(subject string) bool { return !strings.HasPrefix(subject, "feed.") }

// pack puts messages together.
func pack(messages []Message) []Message {
	out := make([]Message, 0, min(len(messages), 16))
	type place struct{ at, count int }
	open := map[string]*place{}
	for _, m := range messages {
		if !isPacked(m.Subject) {
			out = append(out, m)
			continue
		}
		if m.Barrier {
			clear(open)
		}
		p := open[m.Subject]
		if p == nil || p.count == maxPlaces || len(out[p.at].Data)+len(m.Data) > maxPack {
			p = &place{at: len(out)}
			open[m.Subject] = p
			out = append(out, Message{Subject: m.Subject})
		}
		data := protowire.AppendTag(out[p.at].Data, packed, protowire.BytesType)
		out[p.at].Data = protowire.AppendBytes(data, m.Data)
		p.count++
		if m.Barrier {
			clear(open)
		}
	}
	return out
}

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
