package space_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"kaohe.dev/services/internal/space"
)

func TestTheReserveIsKept(t *testing.T) {
	dir := t.TempDir()
	var none *space.Guard
	for _, g := range []*space.Guard{none, {Dir: dir}, {Dir: dir, Reserve: 1}} {
		if err := errors.Join(g.ForMore(), g.ForRest()); err != nil {
			t.Errorf("%+v: %v", g, err)
		}
	}
	var full *space.FullError
	g := &space.Guard{Dir: dir, Reserve: math.MaxUint64}
	if err := g.ForMore(); !errors.As(err, &full) || full.Free == 0 || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("a disk smaller than its reserve: %v", err)
	}
	// Between half of the reserve and all of it, what was taken in is finished.
	g.Reserve = full.Free + full.Free/2
	if g.ForMore() == nil || g.ForRest() != nil {
		t.Errorf("%d free of a reserve of %d: more %v, rest %v", full.Free, g.Reserve, g.ForMore(), g.ForRest())
	}
}
