package scoring

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
)

var escaper = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

// Line writes what an active entry says on one line, tab separated: month,
// unit, part, item, rule, rulebook version, points, effect, incident, instant
// (UTC), clause, reason (zh, en), proof. Left out is what depends on when things
// arrived: ids, posting numbers, and when it was received, found and posted.
func Line(e *ledgerv1.Entry) string {
	fields := make([]string, 0, 14+len(e.Proof))
	fields = append(fields, e.Month, e.Unit, e.Part, e.Item, e.Rule, e.RulebookVersion, e.Points, e.Effect.String(),
		e.Incident.GetKind(), e.Incident.GetId(), flow.Time(e.OccurredAt).UTC().Format(time.RFC3339Nano),
		e.Clause, e.Reason.GetZh(), e.Reason.GetEn())
	fields = append(fields, e.Proof...)
	for i, f := range fields {
		if separates(f) {
			fields[i] = escaper.Replace(f)
		}
	}
	return strings.Join(fields, "\t")
}

// separates reports whether a field has what separates fields and lines. Lines
// are written by the million.
func separates(field string) bool {
	for i := range len(field) {
		switch field[i] {
		case '\\', '\t', '\n', '\r':
			return true
		}
	}
	return false
}

// Hash is the fingerprint of active entries, whatever their order: the SHA-256
// of their sorted lines, each ended by a line feed, in hex.
func Hash(entries []*ledgerv1.Entry) string {
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = Line(e)
	}
	return HashLines(lines)
}

// HashLines is the fingerprint of active entries by their lines, which it sorts.
func HashLines(lines []string) string {
	slices.Sort(lines)
	h := sha256.New()
	for _, line := range lines {
		h.Write([]byte(line + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}
