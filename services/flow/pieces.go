package flow

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
)

// What is known of a ticket grows with its events. If it were said whole with
// every one of them, ten thousand events would cost fifty million elements. So
// a fact of some kinds, once it is large, is told in pieces: its lists are cut
// into stretches, each a fact with an id made of its content, and the fact
// itself, its head, names them. What did not change is not said again.
//
// Where a list is cut depends on the elements there and not on those before, so
// that an event that comes late changes one stretch. Pieces are said before
// their head, and a dossier decides when the head comes: it sees a fact whole,
// and never half of one and half of another.

// inPieces reports whether large facts of a kind are told in pieces. Only
// dossiers put them together again.
func inPieces(k Kind) bool {
	return k == TicketRecorded || k == WorkReported || k == ComplaintRecorded || k == OutageRecorded
}

const (
	// largeFact is from how many bytes on a fact is told in pieces, and largeList
	// from how many a list in it is.
	largeFact = 4 << 10
	largeList = 1 << 10
	// A stretch ends behind an element of which the hash ends in so many zeros, or
	// when it has so many elements or bytes.
	stretchMask  = 1<<5 - 1
	stretchItems = 128
	stretchBytes = 8 << 10
)

// pieceID names a piece.
func pieceID(of string, hash int64) string {
	return of + "~" + strconv.FormatUint(uint64(hash), 16) //nolint:gosec // the bits count
}

// cut gives a fact as a head and its pieces; a small one as itself.
func cut(f *factv1.Fact) (head *factv1.Fact, pieces []*factv1.Fact) {
	if !inPieces(KindOf(f)) || proto.Size(f) < largeFact {
		return f, nil
	}
	c := cutter{whole: f}
	head = c.cut(f.ProtoReflect(), nil).Interface().(*factv1.Fact)
	head.Pieces = c.lists
	return head, c.pieces
}

// cutter cuts one fact.
type cutter struct {
	whole  *factv1.Fact
	lists  []*factv1.Pieces
	pieces []*factv1.Fact
}

// cut gives a message without its long lists. What it leaves is shared, not
// copied.
func (c *cutter) cut(m protoreflect.Message, path []string) protoreflect.Message {
	shallow := m.New()
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := append(slices.Clone(path), string(field.Name()))
		switch {
		case field.IsMap():
		case field.IsList() && (field.Message() != nil || field.Kind() == protoreflect.StringKind):
			if c.list(shallow, field, v.List(), at) {
				return true
			}
		case field.Message() != nil && !field.IsList() && proto.Size(v.Message().Interface()) >= largeList:
			v = protoreflect.ValueOfMessage(c.cut(v.Message(), at))
		}
		shallow.Set(field, v)
		return true
	})
	return shallow
}

// list cuts a list that is long enough.
func (c *cutter) list(in protoreflect.Message, field protoreflect.FieldDescriptor, list protoreflect.List, path []string) bool {
	size := 0
	for i := 0; i < list.Len() && size < largeList; i++ {
		size += sizeOf(field, list.Get(i))
	}
	if size < largeList {
		return false
	}
	said := &factv1.Pieces{Path: path}
	c.lists = append(c.lists, said) // before what is cut out of its elements
	stretch := in.NewField(field).List()
	content := make([]byte, 0, stretchBytes)
	for i := range list.Len() {
		element := list.Get(i)
		if field.Message() != nil && sizeOf(field, element) >= largeList {
			element = protoreflect.ValueOfMessage(c.cut(element.Message(), append(slices.Clone(path), strconv.Itoa(i))))
		}
		stretch.Append(element)
		raw := encoded(field, element)
		content = append(strconv.AppendInt(content, int64(len(raw)), 10), raw...)
		ends := xxhash.Sum64(raw)&stretchMask == 0 || stretch.Len() == stretchItems || len(content) >= stretchBytes
		if ends || i == list.Len()-1 {
			said.Hashes = append(said.Hashes, c.piece(path, field, stretch, content))
			stretch, content = in.NewField(field).List(), content[:0]
		}
	}
	return true
}

func sizeOf(field protoreflect.FieldDescriptor, v protoreflect.Value) int {
	if field.Message() != nil {
		return proto.Size(v.Message().Interface())
	}
	return len(v.String())
}

func encoded(field protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	if field.Message() == nil {
		return []byte(v.String())
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(v.Message().Interface())
	if err != nil {
		panic(fmt.Sprintf("marshal %s: %v", field.FullName(), err)) // only invalid UTF-8, refused at the door
	}
	return raw
}

// piece makes a stretch a fact of its own: an empty message of the kind of what
// it was cut from, in its place, with nothing but the stretch.
func (c *cutter) piece(path []string, field protoreflect.FieldDescriptor, stretch protoreflect.List, content []byte) int64 {
	digest := xxhash.New()
	for _, part := range path {
		if _, err := strconv.Atoi(part); err != nil { // elements may move
			_, _ = digest.WriteString("/" + part)
		}
	}
	_, _ = digest.Write(content)
	hash := int64(digest.Sum64()) //nolint:gosec // the bits count
	p := &factv1.Fact{
		Id: pieceID(c.whole.Id, hash), PieceOf: c.whole.Id, Kind: string(KindOf(c.whole)),
		OccurredAt: c.whole.OccurredAt, Route: c.whole.Route,
	}
	m := p.ProtoReflect()
	for _, part := range path[:len(path)-1] {
		if _, err := strconv.Atoi(part); err == nil {
			continue
		}
		next := m.Descriptor().Fields().ByName(protoreflect.Name(part))
		if next.IsList() {
			m = m.Mutable(next).List().AppendMutable().Message()
		} else {
			m = m.Mutable(next).Message()
		}
	}
	m.Set(field, protoreflect.ValueOfList(stretch))
	c.pieces = append(c.pieces, p)
	return hash
}

// whole puts a head and its pieces together again. A piece that is missing, as it
// never is in a stream that is read from its beginning, leaves its stretch out.
func whole(head *factv1.Fact, piece func(id string) *factv1.Fact) *factv1.Fact {
	if len(head.Pieces) == 0 {
		return head
	}
	f := proto.CloneOf(head)
	f.Pieces = nil
	for _, list := range head.Pieces {
		m, field := follow(f.ProtoReflect(), list.Path)
		into := m.Mutable(field).List()
		for _, hash := range list.Hashes {
			p := piece(pieceID(head.Id, hash))
			if p == nil {
				continue
			}
			from := stretchOf(p.ProtoReflect(), list.Path)
			for i := range from.Len() {
				into.Append(from.Get(i))
			}
		}
	}
	return f
}

// follow gives the message with a list, by its path. An element on the way that
// is still a piece's is copied before it is changed.
func follow(m protoreflect.Message, path []string) (protoreflect.Message, protoreflect.FieldDescriptor) {
	for i := 0; ; i++ {
		field := m.Descriptor().Fields().ByName(protoreflect.Name(path[i]))
		if i == len(path)-1 {
			return m, field
		}
		if !field.IsList() {
			m = m.Mutable(field).Message()
			continue
		}
		i++
		at, _ := strconv.Atoi(path[i])
		list := m.Mutable(field).List()
		element := proto.Clone(list.Get(at).Message().Interface())
		list.Set(at, protoreflect.ValueOfMessage(element.ProtoReflect()))
		m = element.ProtoReflect()
	}
}

// stretchOf gives what a piece holds.
func stretchOf(m protoreflect.Message, path []string) protoreflect.List {
	for i := 0; ; i++ {
		field := m.Descriptor().Fields().ByName(protoreflect.Name(path[i]))
		switch {
		case i == len(path)-1:
			return m.Get(field).List()
		case field.IsList():
			m = m.Get(field).List().Get(0).Message()
			i++ // the place in the whole
		default:
			m = m.Get(field).Message()
		}
	}
}

// assembled gives facts whole, and no pieces.
func assembled(known []*factv1.Fact) []*factv1.Fact {
	if !slices.ContainsFunc(known, func(f *factv1.Fact) bool { return f.PieceOf != "" || len(f.Pieces) > 0 }) {
		return known
	}
	pieces := map[string]*factv1.Fact{}
	for _, f := range known {
		if f.PieceOf != "" {
			pieces[f.Id] = f
		}
	}
	facts := make([]*factv1.Fact, 0, len(known)-len(pieces))
	for _, f := range known {
		if f.PieceOf == "" {
			facts = append(facts, whole(f, func(id string) *factv1.Fact { return pieces[id] }))
		}
	}
	return facts
}

// shed drops the pieces of a fact that its new head does not name.
func shed(d *statev1.Dossier, head *factv1.Fact) {
	if !slices.ContainsFunc(d.Known, func(f *factv1.Fact) bool { return f.PieceOf == head.Id }) {
		return
	}
	named := map[string]bool{}
	for _, list := range head.Pieces {
		for _, hash := range list.Hashes {
			named[pieceID(head.Id, hash)] = true
		}
	}
	d.Known = slices.DeleteFunc(d.Known, func(f *factv1.Fact) bool { return f.PieceOf == head.Id && !named[f.Id] })
}

// unsaid gives the pieces that were not said last time, and notes all.
func unsaid(said *statev1.Emitted, head *factv1.Fact, pieces []*factv1.Fact) (news []*factv1.Fact) {
	before := map[string]bool{}
	for _, hash := range said.Pieces {
		before[pieceID(head.Id, hash)] = true
	}
	said.Pieces = nil
	for _, list := range head.Pieces {
		said.Pieces = append(said.Pieces, list.Hashes...)
	}
	for _, p := range pieces {
		if !before[p.Id] {
			before[p.Id] = true
			news = append(news, p)
		}
	}
	return news
}
