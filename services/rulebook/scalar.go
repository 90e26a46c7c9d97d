package rulebook

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/shopspring/decimal"
)

const (
	maxText = 2000 // characters of a text
	day     = 24 * time.Hour
	longest = 366 * day
	// places is how many decimal places points may have.
	places = 2
)

// decimals and durations are bounded in length before they are parsed, so that
// 1e999999999 costs nothing.
var (
	decimalForm  = regexp.MustCompile(`^-?[0-9]{1,9}(\.[0-9]{1,9})?$`)
	durationForm = regexp.MustCompile(`^(?:([0-9]{1,5})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,7})m(?:in)?)?(?:([0-9]{1,8})s)?$`)
)

// text reads a text that is not empty; absent it is "".
func (r *reader) text(f field) string {
	s, ok := r.rawText(f)
	if ok && strings.TrimSpace(s) == "" {
		r.note(f.place, "empty_text")
	}
	return s
}

func (r *reader) rawText(f field) (string, bool) {
	s := ""
	switch n := f.node.(type) {
	case nil:
		return "", false
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	default:
		r.wrong(f, "文字", "text")
		return "", false
	}
	if utf8.RuneCountInString(s) > maxText {
		r.note(f.place, "text_too_long", maxText)
		return "", false
	}
	return s, true
}

// bilingual reads a text in both languages.
func (r *reader) bilingual(f field) Text {
	o, _ := r.object(f, "zh", "en")
	return Text{Zh: r.text(o.get("zh")), En: r.text(o.get("en"))}
}

// choice reads one of a few words.
func (r *reader) choice(f field, options ...string) string {
	s, ok := r.rawText(f)
	if !ok {
		return ""
	}
	for _, option := range options {
		if s == option {
			return s
		}
	}
	r.note(f.place, "not_one_of", s, strings.Join(options, ", "))
	return ""
}

// basis reads where a number comes from.
func (r *reader) basis(f field) string {
	s, ok := r.rawText(f)
	if ok && s != BasisSource && s != BasisAssumption {
		r.note(f.place, "basis_unknown", s)
	}
	return s
}

// flag reads true or false; absent it is false.
func (r *reader) flag(f field) bool {
	if !f.present() {
		return false
	}
	b, ok := f.node.(*ast.BoolNode)
	if !ok {
		r.wrong(f, "true/false", "true or false")
		return false
	}
	return b.Value
}

// numeral gives the digits of a number, quoted or not, as they were written.
func (r *reader) numeral(f field) (string, bool) {
	switch n := f.node.(type) {
	case nil:
		return "", false
	case *ast.StringNode:
		return strings.TrimSpace(n.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return strings.TrimSpace(n.GetToken().Value), true
	default:
		r.wrong(f, "数", "a number")
		return "", false
	}
}

// decimal reads a number of at most two places between two bounds.
func (r *reader) decimal(f field, low, high int64) (decimal.Decimal, bool) {
	s, ok := r.numeral(f)
	if !ok {
		return decimal.Zero, false
	}
	if !decimalForm.MatchString(s) {
		r.note(f.place, "not_decimal", s)
		return decimal.Zero, false
	}
	d := decimal.RequireFromString(s)
	if !d.Equal(d.Truncate(places)) {
		r.note(f.place, "too_precise", s, places)
		return decimal.Zero, false
	}
	if d.LessThan(decimal.NewFromInt(low)) || d.GreaterThan(decimal.NewFromInt(high)) {
		r.note(f.place, "out_of_range", s, strconv.FormatInt(low, 10), strconv.FormatInt(high, 10))
		return decimal.Zero, false
	}
	return d, true
}

// count reads a whole number between two bounds.
func (r *reader) count(f field, low, high int) int {
	s, ok := r.numeral(f)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		r.note(f.place, "not_decimal", s)
		return 0
	case n < low || n > high:
		r.note(f.place, "out_of_range", s, strconv.Itoa(low), strconv.Itoa(high))
		return 0
	}
	return n
}

// duration reads a positive duration of at most 366 days.
func (r *reader) duration(f field) time.Duration {
	s, ok := r.rawText(f)
	if !ok {
		return 0
	}
	d, err := parseDuration(s)
	switch {
	case strings.HasPrefix(s, "-"):
		r.note(f.place, "negative_duration", s)
	case err != nil:
		r.note(f.place, "not_duration", s)
	case d == 0:
		r.note(f.place, "zero_duration")
	case d > longest:
		r.note(f.place, "duration_too_long", s)
	default:
		return d
	}
	return 0
}

// parseDuration reads days, hours, minutes and seconds, in that order.
func parseDuration(s string) (time.Duration, error) {
	m := durationForm.FindStringSubmatch(s)
	if m == nil || s == "" {
		return 0, fmt.Errorf("%q is not a duration", s)
	}
	total := time.Duration(0)
	for i, unit := range []time.Duration{day, time.Hour, time.Minute, time.Second} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return 0, fmt.Errorf("read duration %q: %w", s, err)
		}
		total += time.Duration(n) * unit
	}
	return total, nil
}

// share reads a share above 0 and up to 1, as "1.5%" or 0.015.
func (r *reader) share(f field) decimal.Decimal {
	s, ok := r.numeral(f)
	if !ok {
		return decimal.Zero
	}
	digits, percent := strings.CutSuffix(s, "%")
	if !decimalForm.MatchString(digits) {
		r.note(f.place, "not_decimal", s)
		return decimal.Zero
	}
	d := decimal.RequireFromString(digits)
	if percent {
		d = d.Shift(-2)
	}
	if !d.IsPositive() || d.GreaterThan(decimal.NewFromInt(1)) {
		r.note(f.place, "share_out_of_range", s)
	}
	return d
}

// nearest gives the name that was probably meant, "" if none is near.
func nearest(name string, known []string) string {
	best, at := "", max(len(name)/3, 1)+1
	for _, k := range known {
		if d := distance(strings.ToLower(name), k); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance counts the letters to insert, drop or change.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
