package scoring

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// TestPointsAreWrittenAsTheDecimalWouldBe: the short way of twoPlaces and the
// long one agree, and what is written reads back.
func TestPointsAreWrittenAsTheDecimalWouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := decimal.New(rapid.Int64().Draw(t, "coefficient"), int32(rapid.IntRange(-5, 2).Draw(t, "exponent")))
		if rapid.Bool().Draw(t, "ordinary") {
			d = decimal.New(rapid.Int64Range(-20_000, 20_000).Draw(t, "small"), int32(rapid.IntRange(-3, 1).Draw(t, "places")))
		}
		want := d.Round(2).StringFixed(2)
		if strings.Trim(want, "-0.") == "" {
			want = "0.00"
		}
		got := twoPlaces(d)
		if got != want || !points(got).Equal(d.Round(2)) {
			t.Fatalf("%s is written %s, want %s", d, got, want)
		}
	})
}
