package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/phrase"
)

// latestShown is how many entries the board shows.
const latestShown = 8

// board is the live table of a month: the scores and the latest entries. On a
// terminal it is drawn over itself, elsewhere each drawing is a line.
type board struct {
	s     *session
	month string

	mu     sync.Mutex
	cards  map[string]*ledgerv1.Scorecard
	latest []*ledgerv1.Entry
	count  int
	lines  int // of the last drawing, to be drawn over
}

func (s *session) newBoard(month string) *board {
	return &board{s: s, month: month, cards: map[string]*ledgerv1.Scorecard{}}
}

// take notes a record of the ledger.
func (b *board) take(record *ledgerv1.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if card := record.GetScorecard(); card != nil {
		b.cards[card.Unit] = card
	}
	if e := record.GetEntry(); e != nil {
		b.count++
		b.latest = append(b.latest, e)
		if len(b.latest) > latestShown {
			b.latest = b.latest[1:]
		}
	}
	return nil
}

// replace takes a full list of scores.
func (b *board) replace(cards []*ledgerv1.Scorecard) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, card := range cards {
		b.cards[card.Unit] = card
	}
}

// draw shows the board as it is.
func (b *board) draw(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	cards := make([]*ledgerv1.Scorecard, 0, len(b.cards))
	for _, card := range b.cards {
		cards = append(cards, card)
	}
	slices.SortFunc(cards, func(x, y *ledgerv1.Scorecard) int {
		return cmp.Or(number(y.Total).Cmp(number(x.Total)), strings.Compare(x.Unit, y.Unit))
	})
	if width(b.s.Out) == 0 {
		b.line(cards, at)
		return
	}
	b.redraw(cards, at)
}

// line is the board in one line, and the latest entry.
func (b *board) line(cards []*ledgerv1.Scorecard, at time.Time) {
	shown := []string{phrase.Instant(at, operatorZone())}
	for _, card := range cards {
		shown = append(shown, b.s.text(card.Name)+" "+card.Total)
	}
	out := strings.Join(shown, "  ")
	if n := len(b.latest); n > 0 {
		e := b.latest[n-1]
		out += fmt.Sprintf("  | %s %s %s", printable(e.Unit), e.Points, b.s.text(e.Reason))
	}
	_ = b.s.print(out + "\n")
}

// redraw draws the board over the one before.
func (b *board) redraw(cards []*ledgerv1.Scorecard, at time.Time) {
	s, wide := b.s, width(b.s.Out)
	lines := []string{"", s.paint(bold, b.month) + "  " + phrase.Instant(at, operatorZone()) +
		fmt.Sprintf(s.say("  共 %d 笔", "  %d entries"), b.count)}
	for _, card := range cards {
		lines = append(lines, "  "+pad(s.text(card.Name), 26)+right(s.grade(card.Total), 8)+"  "+s.bar(card)+"  "+s.quota(card.Quota))
	}
	lines = append(lines, "")
	for _, e := range b.latest {
		lines = append(lines, fmt.Sprintf("  %s  %s%s  %s", phrase.Instant(e.OccurredAt.AsTime(), operatorZone()),
			pad(printable(e.Unit), 10), right(s.signed(e.Points), 7), s.text(e.Reason)))
	}
	out := ""
	if b.lines > 0 {
		out = fmt.Sprintf("\x1b[%dA", b.lines)
	}
	for _, line := range lines {
		out += "\x1b[2K" + text.Trim(line, wide-1) + "\x1b[0m\n"
	}
	out += "\x1b[J"
	b.lines = len(lines)
	_ = s.print(out)
}

// bar draws a score from 0 to 100.
func (s *session) bar(card *ledgerv1.Scorecard) string {
	full := min(20, max(0, int(number(card.Total).IntPart()/5)))
	return strings.Repeat("█", full) + s.paint(faint, strings.Repeat("·", 20-full))
}

// right fills a text from the left up to a width on the screen.
func right(s string, to int) string {
	return strings.Repeat(" ", max(0, to-text.StringWidthWithoutEscSequences(s))) + s
}
