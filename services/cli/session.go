package cli

import (
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/gateway/lang"
)

// Terminal is what a command reads from and writes to.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
	// Getenv reads the environment.
	Getenv func(string) string
	// Now is the clock on the wall of what runs; nil is the system's.
	Now func() time.Time
}

// session is one run of a command.
type session struct {
	Terminal
	lang   lang.Lang
	format string // of answers: table, json or csv

	addr, token, data, ca string // how to reach a running kaohe
}

// newSession chooses the language before any word is said: --lang, then
// KAOHE_LANG, then the locale; Chinese when none of them says otherwise.
func newSession(args []string, t Terminal) *session {
	s := &session{Terminal: t, lang: lang.Zh, format: "table"}
	wanted := firstOf(flagValue(args, "--lang"), t.Getenv("KAOHE_LANG"), t.Getenv("LC_ALL"), t.Getenv("LANG"))
	if strings.HasPrefix(strings.ToLower(wanted), "en") {
		s.lang = lang.En
	}
	return s
}

// flagValue finds the value of a flag in raw arguments.
func flagValue(args []string, flag string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, flag+"="); ok {
			return value
		}
		if arg == flag && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// say chooses between a text's two languages.
func (s *session) say(zh, en string) string {
	if s.lang == lang.En {
		return en
	}
	return zh
}

// text chooses the language of a text from outside, and makes it printable.
func (s *session) text(t *factv1.Text) string { return printable(s.lang.Pick(t)) }

// printable replaces control characters, which could move the cursor or
// recolour what others wrote.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

// width gives the columns of a terminal; 0 when the writer is none.
func width(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// colour is an ANSI colour.
type colour string

const (
	bold   colour = "1"
	faint  colour = "2"
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
)

// paint colours a text where colours are wanted: in a table on a terminal.
func (s *session) paint(c colour, text string) string {
	if s.format != "table" || !s.colourful() {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

func (s *session) colourful() bool {
	return s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb" && width(s.Out) > 0
}
