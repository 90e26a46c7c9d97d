package sqlitestore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
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

// workload says which documents a batch writes; versions has one entry per document stored so far.
type workload struct {
	name string
	key  func(i int) string
	pick func(rnd *rand.Rand, stored, n int) int // the n-th document of a batch; stored = a new one
}

func inOrder(i int) string   { return fmt.Sprintf("T-%016x", i) }
func scattered(i int) string { return fmt.Sprintf("T-%016x", uint64(i)*0x9e3779b97f4a7c15) }

func workloads() []workload {
	return []workload{
		{"new keys in order", inOrder, func(_ *rand.Rand, stored, _ int) int { return stored }},
		{"half new, half updates of recent", inOrder, func(rnd *rand.Rand, stored, n int) int {
			if n%2 == 0 || stored < batch {
				return stored
			}
			return stored - 1 - rnd.IntN(min(stored, 20_000))
		}},
		{"scattered keys, half updates of any", scattered, func(rnd *rand.Rand, stored, n int) int {
			if n%2 == 0 || stored < batch {
				return stored
			}
			return rnd.IntN(stored)
		}},
	}
}

// BenchmarkCommit writes batches of 2,000 documents with 300-byte bodies. The metric counts Commit alone.
func BenchmarkCommit(b *testing.B) {
	plain := benchDocs()
	plain.Indexes = nil
	for _, c := range []struct {
		name    string
		docs    store.Collection
		options []sqlitestore.Option
	}{
		{"no index", plain, nil},
		{"one index", benchDocs(), nil},
		{"one index, synchronous full", benchDocs(), []sqlitestore.Option{sqlitestore.WithSynchronousFull()}},
	} {
		for _, w := range workloads() {
			b.Run(c.name+"/"+w.name, func(b *testing.B) { commitBatches(b, benchStore(b, c.docs, c.options...), w) })
		}
	}
}

func commitBatches(b *testing.B, s store.Store, w workload) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var versions []int64
	var writing time.Duration
	for b.Loop() {
		writes := make([]store.Write, 0, batch)
		seen := map[int]bool{}
		for len(writes) < batch {
			i := w.pick(rnd, len(versions), len(writes))
			if i == len(versions) {
				versions = append(versions, 0)
			}
			if seen[i] {
				continue
			}
			seen[i] = true
			writes = append(writes, store.Write{Collection: "bench/docs", Doc: store.Doc{
				Key: w.key(i), Version: versions[i], Body: wrapperspb.Bytes(make([]byte, 300)),
				Fields: map[string]any{"unit": "u-17", "wake_at": int64(i) + rnd.Int64N(50_000)},
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
