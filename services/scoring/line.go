package scoring

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
)

var escaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// Line writes what an active entry says on one line, tab separated: month,
// unit, part, item, rule, rulebook version, points, effect, incident, instant
// (UTC), clause, reason (its code and what it is about, not its words), proof. Left out is what depends on when things
// arrived: ids, posting numbers, and when it was received, found and posted.
func Line(e *ledgerv1.Entry) string { return line(e, said(e.Why)) }

// FormerLine writes an entry as Line did before format 3, with its reason in the
// words it has.
func FormerLine(e *ledgerv1.Entry) string { return line(e, e.Reason.GetZh(), e.Reason.GetEn()) }

func line(e *ledgerv1.Entry, reason ...string) string {
	fields := make([]string, 0, 14+len(e.Proof))
	fields = append(fields, e.Month, e.Unit, e.Part, e.Item, e.Rule, e.RulebookVersion, e.Points, e.Effect.String(),
		e.Incident.GetKind(), e.Incident.GetId(), flow.Time(e.OccurredAt).UTC().Format(time.RFC3339Nano), e.Clause)
	fields = append(append(fields, reason...), e.Proof...)
	line := strings.Join(fields, "\t")
	if plain(line, len(fields)) {
		return line
	}
	for i, f := range fields {
		fields[i] = escaper.Replace(f)
	}
	return strings.Join(fields, "\t")
}

// plain reports whether no field of a line has what separates fields and lines.
// Lines are written by the million, and nearly all are.
func plain(line string, fields int) bool {
	return strings.Count(line, "\t") == fields-1 &&
		strings.IndexByte(line, '\\') < 0 && strings.IndexByte(line, '\n') < 0 && strings.IndexByte(line, '\r') < 0
}

// InOrder compares entries as their lines begin: by month, unit, part, item,
// rule, version, points, incident and instant, in the end by their whole lines.
func InOrder(a, b *ledgerv1.Entry) int {
	for _, field := range orderedBy {
		if c := strings.Compare(field(a), field(b)); c != 0 {
			return c
		}
	}
	if c := flow.Time(a.OccurredAt).Compare(flow.Time(b.OccurredAt)); c != 0 {
		return c
	}
	return strings.Compare(Line(a), Line(b))
}

var orderedBy = []func(*ledgerv1.Entry) string{
	(*ledgerv1.Entry).GetMonth, (*ledgerv1.Entry).GetUnit, (*ledgerv1.Entry).GetPart, (*ledgerv1.Entry).GetItem,
	(*ledgerv1.Entry).GetRule, (*ledgerv1.Entry).GetRulebookVersion, (*ledgerv1.Entry).GetPoints,
	func(e *ledgerv1.Entry) string { return e.Incident.GetKind() }, func(e *ledgerv1.Entry) string { return e.Incident.GetId() },
}

// Hash is the fingerprint of active entries, whatever their order: the SHA-256
// of their sorted lines, each ended by a line feed, in hex.
func Hash(entries []*ledgerv1.Entry) string { return hashOf(entries, Line) }

// FormerHash is the fingerprint of entries by their former lines.
func FormerHash(entries []*ledgerv1.Entry) string { return hashOf(entries, FormerLine) }

func hashOf(entries []*ledgerv1.Entry, line func(*ledgerv1.Entry) string) string {
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = line(e)
	}
	slices.Sort(lines)
	h := sha256.New()
	for _, line := range lines {
		h.Write([]byte(line + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// said writes a reason: its code and what it is about, so that two reasons that
// differ are written differently.
func said(why *factv1.Reason) string {
	return string(appendReason(make([]byte, 0, 128), why))
}

func appendReason(out []byte, why *factv1.Reason) []byte {
	out = append(out, why.GetCode()...)
	for _, arg := range why.GetArgs() {
		out = append(append(append(out, ' '), arg.Name...), '=')
		switch v := arg.Value.(type) {
		case *factv1.Arg_Text:
			out = strconv.AppendQuote(out, v.Text)
		case *factv1.Arg_Instant:
			at := flow.Time(v.Instant.GetAt()).In(time.FixedZone("", int(v.Instant.GetOffset())))
			out = at.AppendFormat(out, time.RFC3339Nano)
		case *factv1.Arg_Length:
			out = append(out, v.Length.AsDuration().String()...)
		case *factv1.Arg_Count:
			out = strconv.AppendInt(out, v.Count, 10)
		case *factv1.Arg_Label:
			out = strconv.AppendQuote(append(strconv.AppendQuote(out, v.Label.GetZh()), '/'), v.Label.GetEn())
		case *factv1.Arg_Reason:
			out = append(appendReason(append(out, '('), v.Reason), ')')
		}
	}
	return out
}
