package chain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kaohe.dev/services/internal/chain"
)

// log is a log in memory, written by several runs at once.
type log struct {
	messages []chain.Message
	keys     []chain.Key
	runs     []*chain.Run
}

func (l *log) end() (uint64, chain.Hash) {
	if len(l.messages) == 0 {
		return 0, chain.Hash{}
	}
	last := l.messages[len(l.messages)-1]
	return last.Sequence, chain.Fingerprint(last.Subject, last.Link, last.Data)
}

func (l *log) add(link, data string) uint64 {
	n := uint64(len(l.messages) + 1)
	l.messages = append(l.messages, chain.Message{
		Sequence: n, Subject: "feed.batches", Link: link, Data: []byte(data), Stored: time.Unix(int64(n), 0),
	})
	return n
}

func (l *log) write(run int, data string, accepts chain.Ranges) {
	link := l.runs[run].Link("feed.batches", []byte(data), accepts)
	l.runs[run].Stored(link, l.add(link, data))
}

func (l *log) begin(key int) {
	sequence, end := l.end()
	l.runs = append(l.runs, l.keys[key].Begin(fmt.Sprint("run", len(l.runs)), sequence, end))
}

func (l *log) check(messages []chain.Message) chain.Report {
	c := chain.NewChecker(func(signer string) bool {
		return slices.ContainsFunc(l.keys, func(k chain.Key) bool { return k.Public() == signer })
	})
	for _, m := range messages {
		c.Take(m)
	}
	return c.Report()
}

// sample has two old messages, and 30 of three runs of two keys.
func sample() *log {
	l := &log{keys: []chain.Key{chain.NewKey("a"), chain.NewKey("b")}}
	l.add("", "old 1")
	l.add("", "old 2")
	l.begin(0)
	l.begin(1)
	for i := range 10 {
		l.write(0, fmt.Sprint("first ", i), nil)
		l.write(1, fmt.Sprint("second ", i), nil)
	}
	l.begin(0) // the gateway has started anew
	for i := range 10 {
		l.write(2, fmt.Sprint("third ", i), nil)
	}
	return l
}

func told(r chain.Report) string {
	var all []string
	for _, d := range r.Damage {
		all = append(all, fmt.Sprint(d.Kind, " ", chain.Ranges{d.Range}))
	}
	return strings.Join(all, "; ")
}

func TestALogAsItWasWrittenIsWhole(t *testing.T) {
	l := sample()
	r := l.check(l.messages)
	if !r.Whole() || r.Messages != 32 || r.Linked != 30 || r.First != 3 || len(r.Signers) != 2 {
		t.Errorf("%s: %+v", told(r), r)
	}
}

func TestDamageIsNamed(t *testing.T) {
	stranger := chain.NewKey("stranger")
	for _, c := range []struct {
		name   string
		damage func(l *log) []chain.Message
		want   string
	}{
		{"a flipped bit", func(l *log) []chain.Message { l.messages[9].Data[0] ^= 1; return l.messages }, "changed 10"},
		{"another subject", func(l *log) []chain.Message { l.messages[9].Subject = "feed.events"; return l.messages }, "changed 10"},
		{"a lost message", func(l *log) []chain.Message { return slices.Delete(l.messages, 9, 10) }, "missing 10"},
		{"a lost block", func(l *log) []chain.Message { return slices.Delete(l.messages, 9, 20) }, "missing 10-20"},
		{"a lost beginning of the new part", func(l *log) []chain.Message { return l.messages[5:] }, "missing 1-5"},
		{"lost and closed up", func(l *log) []chain.Message {
			l.messages = slices.Delete(l.messages, 9, 11)
			for i := range l.messages {
				l.messages[i].Sequence = uint64(i + 1)
			}
			return l.messages
		}, "unbound 10; unbound 11; unbound 21"},
		{"no link", func(l *log) []chain.Message { l.messages[9].Link = ""; return l.messages }, "foreign 10"},
		{"a foreign write", func(l *log) []chain.Message { l.add("", "foreign"); return l.messages }, "foreign 33"},
		{"a link that is none", func(l *log) []chain.Message { l.messages[9].Link += "x y"; return l.messages }, "forged 10"},
		{"a link with another signature", func(l *log) []chain.Message {
			link := []byte(l.messages[31].Link)
			link[len(link)-10] ^= 1
			l.messages[31].Link = string(link)
			return l.messages
		}, "forged 32"},
		{"a link with another signature before others", func(l *log) []chain.Message {
			link := []byte(l.messages[9].Link)
			link[len(link)-10] ^= 1
			l.messages[9].Link = string(link)
			return l.messages
		}, "forged 10; unbound 12"},
		{"a stranger", func(l *log) []chain.Message {
			sequence, end := l.end()
			l.add(stranger.Begin("s", sequence, end).Link("feed.batches", []byte("mine"), nil), "mine")
			return l.messages
		}, "unknown_signer 33"},
		{"a stranger in another's name", func(l *log) []chain.Message {
			sequence, end := l.end()
			link := stranger.Begin("s", sequence, end).Link("feed.batches", []byte("mine"), nil)
			l.add(strings.Replace(link, stranger.Public(), l.keys[0].Public(), 1), "mine")
			return l.messages
		}, "forged 33"},
		{"written twice", func(l *log) []chain.Message { l.add(l.messages[9].Link, "second 3"); return l.messages }, "repeated 33"},
		{"accepted", func(l *log) []chain.Message {
			l.write(2, "known", chain.Ranges{{From: 10, To: 11}, {From: 20, To: 20}})
			return append(slices.Clone(l.messages[:9]), append(slices.Clone(l.messages[11:19]), l.messages[20:]...)...)
		}, ""},
	} {
		l := sample()
		if got := told(l.check(c.damage(l))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Whatever byte changes, of what a message carries or of its link, wherever it is
// behind the first link: it is found, and so is whatever is taken out.
func TestNothingChangesUnseen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := sample()
		i := rapid.IntRange(2, len(l.messages)-1).Draw(t, "message")
		m := &l.messages[i]
		switch rapid.SampledFrom([]string{"data", "link", "drop"}).Draw(t, "what") {
		case "data":
			m.Data[rapid.IntRange(0, len(m.Data)-1).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		case "link":
			link := []byte(m.Link)
			link[rapid.IntRange(0, len(link)-1).Draw(t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
			m.Link = string(link)
		case "drop":
			if i == len(l.messages)-1 {
				t.Skip("the end is what positions elsewhere tell")
			}
			l.messages = slices.Delete(l.messages, i, i+1)
		}
		if l.check(l.messages).Whole() {
			t.Fatalf("message %d: nothing was found", i+1)
		}
	})
}
