package sqlitestore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
)

const batch = 2000

func benchDocs() store.Collection {
	return store.Collection{
		Name:    "bench/docs",
		Fields:  []store.Field{{Name: "unit", Type: store.String}, {Name: "wake_at", Type: store.Int64}},
		Indexes: []store.Index{{Fields: []string{"wake_at"}}},
		New:     func() proto.Message { return &wrapperspb.BytesValue{} },
	}
}

func benchStore(b *testing.B, c store.Collection, options ...sqlitestore.Option) store.Store {
	b.Helper()
	s, err := sqlitestore.Open(b.Context(), b.TempDir(), options...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	if err := s.Ensure(context.Background(), c); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkCommit writes batches of 2,000 documents with 300-byte bodies: half of them new, half updates of random ones.
func BenchmarkCommit(b *testing.B) {
	full := []sqlitestore.Option{sqlitestore.WithSynchronousFull()}
	plain := benchDocs()
	plain.Indexes = nil
	for _, c := range []struct {
		name    string
		docs    store.Collection
		options []sqlitestore.Option
	}{{"no index", plain, nil}, {"one index", benchDocs(), nil}, {"one index, synchronous full", benchDocs(), full}} {
		b.Run(c.name, func(b *testing.B) { commitBatches(b, benchStore(b, c.docs, c.options...)) })
	}
}

func commitBatches(b *testing.B, s store.Store) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var versions []int64
	var writing time.Duration
	for b.Loop() {
		writes := make([]store.Write, 0, batch)
		seen := map[int]bool{}
		for len(writes) < batch {
			i := len(versions)
			if i > batch && len(writes)%2 == 1 {
				i = rnd.IntN(i)
			} else {
				versions = append(versions, 0)
			}
			if seen[i] {
				continue
			}
			seen[i] = true
			body := make([]byte, 300)
			for j := range body {
				body[j] = byte(rnd.Uint32())
			}
			writes = append(writes, store.Write{Collection: "bench/docs", Doc: store.Doc{
				Key: fmt.Sprintf("T-%016x", uint64(i)*0x9e3779b97f4a7c15), Version: versions[i], Body: wrapperspb.Bytes(body),
				Fields: map[string]any{"unit": "u-17", "wake_at": rnd.Int64N(1e12)},
			}})
			versions[i]++
		}
		start := time.Now()
		if err := s.Commit(b.Context(), writes); err != nil {
			b.Fatal(err)
		}
		writing += time.Since(start)
	}
	b.ReportMetric(float64(b.N*batch)/writing.Seconds(), "upserts/s")
	b.ReportMetric(float64(len(versions)), "docs")
}

// BenchmarkLoad reads 1,000 random documents of 100,000.
func BenchmarkLoad(b *testing.B) {
	s := benchStore(b, benchDocs())
	const total = 100_000
	body := make([]byte, 300)
	for from := 0; from < total; from += batch {
		var writes []store.Write
		for i := from; i < from+batch; i++ {
			writes = append(writes, store.Write{Collection: "bench/docs", Doc: store.Doc{
				Key: fmt.Sprintf("T-%08d", i), Body: wrapperspb.Bytes(body), Fields: map[string]any{"wake_at": int64(i)}}})
		}
		if err := s.Commit(b.Context(), writes); err != nil {
			b.Fatal(err)
		}
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for b.Loop() {
		keys := make([]string, 1000)
		for i := range keys {
			keys[i] = fmt.Sprintf("T-%08d", rnd.IntN(total))
		}
		if _, err := s.Load(b.Context(), "bench/docs", keys); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "docs/s")
}

var _ = structpb.NewNullValue
