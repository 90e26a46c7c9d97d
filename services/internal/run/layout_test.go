package run

import (
	"errors"
	"strings"
	"testing"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
)

// A replica of another release stops before it touches documents that it cannot
// read, or that those beside it could not read any more.
func TestDocumentsOfAnotherFormatAreLeftAlone(t *testing.T) {
	for name, written := range map[string]int32{"newer": Format + 1, "older": oldestFormat - 1} {
		s, err := sqlitestore.Open(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Ensure(t.Context(), Layout()); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), []store.Write{{Collection: Layout().Name,
			Doc: store.Doc{Key: positionKey, Body: &statev1.Layout{Partitions: 1, Format: written}}}}); err != nil {
			t.Fatal(err)
		}
		err = CheckLayout(t.Context(), s, 1)
		if !errors.Is(err, ErrLayout) || !strings.Contains(err.Error(), "the kaohe that wrote them reads them") {
			t.Errorf("%s documents: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
