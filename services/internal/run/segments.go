package run

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/proto"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/store"
)

// A dossier that has grown large is stored as a head that names segments, each
// with a stretch of what is known and was said, so that a commit writes what
// changed and no database's limit is met. Where a stretch ends depends on what is
// there; a segment is named by what is in it and never changed, so that a head
// that is stored is whole whatever part of a commit was.

const (
	// A dossier is stored in segments from so many facts, or bytes, on.
	segmentedFrom  = 64
	segmentedBytes = 64 << 10
	// A segment ends behind a fact of which the id's hash ends in so many zeros, or
	// when it has so many facts or bytes.
	segmentMask  = 1<<4 - 1
	segmentItems = 128
	segmentBytes = 16 << 10
)

// errSegment says that a segment is not there which a head names.
var errSegment = errors.New("a document lacks a part of it; build it anew from the log with kaohe rebuild")

func segmentKey(doc string, hash int64) string {
	return doc + "~" + strconv.FormatUint(uint64(hash), 16) //nolint:gosec // the bits count
}

// segmented is what a commit writes beside its documents.
type segmented struct {
	fresh, gone []store.Write
	heads       map[*flow.Document]*statev1.Dossier
}

// took notes in the documents what is stored of them now.
func (k segmented) took() {
	for doc, head := range k.heads {
		doc.Segments = head.Segments
	}
}

// segment cuts the large among the documents.
func (s *session) segment(ctx context.Context, docs []*flow.Document) (segmented, error) {
	kept := segmented{heads: map[*flow.Document]*statev1.Dossier{}}
	collection := Segments(s.name).Name
	for _, doc := range docs {
		dossier, is := doc.State.(*statev1.Dossier)
		if !is || len(doc.Segments) == 0 && !large(dossier) {
			continue
		}
		head := &statev1.Dossier{AsOf: dossier.AsOf, Clock: dossier.Clock}
		kept.heads[doc] = head
		for _, segment := range cut(dossier) {
			head.Segments = append(head.Segments, segment.hash)
			if !slices.Contains(doc.Segments, segment.hash) {
				kept.fresh = append(kept.fresh, store.Write{Collection: collection,
					Doc: store.Doc{Key: segmentKey(doc.Key, segment.hash), Body: segment.Segment}})
			}
		}
		for _, hash := range doc.Segments {
			if !slices.Contains(head.Segments, hash) {
				kept.gone = append(kept.gone, store.Write{Collection: collection, Delete: true,
					Doc: store.Doc{Key: segmentKey(doc.Key, hash), Version: 1}})
			}
		}
	}
	return kept, s.alreadyThere(ctx, &kept)
}

// alreadyThere leaves out segments that a commit has stored which broke off.
func (s *session) alreadyThere(ctx context.Context, kept *segmented) error {
	if len(kept.fresh) == 0 {
		return nil
	}
	keys := make([]string, len(kept.fresh))
	for i, w := range kept.fresh {
		keys[i] = w.Doc.Key
	}
	docs, err := s.opts.Store.Load(ctx, Segments(s.name).Name, keys)
	if err != nil {
		return fmt.Errorf("look up %d segments: %w", len(keys), err)
	}
	there := map[string]bool{}
	for _, doc := range docs {
		there[doc.Key] = true
	}
	kept.fresh = slices.DeleteFunc(kept.fresh, func(w store.Write) bool { return there[w.Doc.Key] })
	return nil
}

func large(d *statev1.Dossier) bool {
	n := len(d.Known) + len(d.Emitted)
	return n > 4 && (n >= segmentedFrom || proto.Size(d) >= segmentedBytes)
}

// segment is a stretch and the hash of what is in it.
type segment struct {
	*statev1.Segment
	hash int64
}

// cut cuts a dossier. A fact that has the same id, revision and state is the
// same, so that nothing has to be encoded to tell what changed.
func cut(d *statev1.Dossier) (segments []segment) {
	current, size, items := &statev1.Segment{}, 0, 0
	digest := xxhash.New()
	var number [8]byte
	add := func(list byte, id string, revision uint64, retracted bool, bytes int) {
		_, _ = digest.WriteString(id)
		binary.LittleEndian.PutUint64(number[:], revision)
		_, _ = digest.Write(number[:])
		state := list
		if retracted {
			state |= 1
		}
		_, _ = digest.Write([]byte{0, state})
		size, items = size+bytes, items+1
		if xxhash.Sum64String(id)&segmentMask == 0 || items >= segmentItems || size >= segmentBytes {
			segments = append(segments, segment{current, int64(digest.Sum64())}) //nolint:gosec // the bits count
			current, size, items = &statev1.Segment{}, 0, 0
			digest.Reset()
		}
	}
	for _, f := range d.Known {
		current.Known = append(current.Known, f)
		add(2, f.Id, f.Revision, f.Retracted, proto.Size(f))
	}
	for _, e := range d.Emitted {
		current.Emitted = append(current.Emitted, e)
		add(4, e.Id, e.Revision, e.Retracted, proto.Size(e))
	}
	if items > 0 {
		segments = append(segments, segment{current, int64(digest.Sum64())}) //nolint:gosec // the bits count
	}
	return segments
}

// Whole puts into dossiers what is in their segments.
func Whole(ctx context.Context, s store.Store, collection string, docs []store.Doc) error {
	var keys []string
	for _, doc := range docs {
		for _, hash := range segmentsOf(doc) {
			keys = append(keys, segmentKey(doc.Key, hash))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	loaded, err := s.Load(ctx, Segments(strings.TrimSuffix(collection, "/docs")).Name, keys)
	if err != nil {
		return fmt.Errorf("load %d segments: %w", len(keys), err)
	}
	found := make(map[string]*statev1.Segment, len(loaded))
	for _, doc := range loaded {
		found[doc.Key] = doc.Body.(*statev1.Segment)
	}
	for _, doc := range docs {
		for _, hash := range segmentsOf(doc) {
			part := found[segmentKey(doc.Key, hash)]
			if part == nil {
				return fmt.Errorf("%s %q: %w", collection, doc.Key, errSegment)
			}
			dossier := doc.Body.(*statev1.Dossier)
			dossier.Known = append(dossier.Known, part.Known...)
			dossier.Emitted = append(dossier.Emitted, part.Emitted...)
		}
	}
	return nil
}

func segmentsOf(doc store.Doc) []int64 {
	if dossier, is := doc.Body.(*statev1.Dossier); is {
		return dossier.Segments
	}
	return nil
}

// readTries is how often a document is read whose service changes it meanwhile.
const readTries = 5

// Dossiers loads dossiers of a service whole, for somebody else.
func Dossiers(ctx context.Context, s store.Store, service string, keys []string) (docs []store.Doc, err error) {
	collection := Docs(service, nil).Name
	for range readTries {
		if docs, err = s.Load(ctx, collection, keys); err != nil {
			return nil, err
		}
		if err = Whole(ctx, s, collection, docs); !errors.Is(err, errSegment) {
			break
		}
	}
	return docs, err
}

// WholeNow makes dossiers whole that somebody else has found, as they are now.
func WholeNow(ctx context.Context, s store.Store, service string, docs []store.Doc) ([]store.Doc, error) {
	err := Whole(ctx, s, Docs(service, nil).Name, docs)
	if !errors.Is(err, errSegment) {
		return docs, err
	}
	keys := make([]string, len(docs))
	for i, doc := range docs {
		keys[i] = doc.Key
	}
	return Dossiers(ctx, s, service, keys)
}
