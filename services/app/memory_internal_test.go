package app

import (
	"testing"

	"kaohe.dev/services/internal/run"
)

func TestWhatThePartsKeepIsWithinTheMemory(t *testing.T) {
	if budgetOf(0, 5) != (budget{}) {
		t.Error("without a memory something is bounded")
	}
	for _, runners := range []int{1, 5, 40} {
		was := budget{}
		for _, memory := range []int64{64 << 20, 256 << 20, 1 << 30, 8 << 30} {
			b := budgetOf(memory, runners)
			kept := b.admitted + b.cache*int64(runners+keptFiles) + int64(b.ahead)*int64(runners+gatewayReaders) +
				int64(b.documents-minDocuments)*documentSize*int64(runners)
			if kept > memory*6/10 {
				t.Errorf("%d bytes, %d runners: %d bytes are promised: %+v", memory, runners, kept, b)
			}
			if b.documents < minDocuments || b.documents > run.DefaultDocuments || b.cache <= was.cache || b.ahead <= was.ahead || b.admitted <= was.admitted {
				t.Errorf("%d bytes, %d runners: %+v after %+v", memory, runners, b, was)
			}
			was = b
		}
	}
}
