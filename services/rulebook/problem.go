package rulebook

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a rulebook's YAML, or, as a warning, one
// thing its reader must know.
type Problem struct {
	// Code names the kind of problem; it is stable.
	Code string
	// Line and Column say where it is, from 1; 0 when it concerns the whole.
	Line, Column int
	// Path is the place in the document, for example "rules[3].points".
	Path string
	// Message says what is wrong, Remedy what to do about it, in English;
	// MessageZh and RemedyZh the same in Chinese.
	Message, Remedy     string
	MessageZh, RemedyZh string
	// Warning: the rulebook can be used nevertheless.
	Warning bool
}

// String reads "line 12, column 3: rules[3].points: what is wrong; what to do".
func (p Problem) String() string {
	place := p.place("line %d, column %d: ")
	if p.Warning {
		place = "warning: " + place
	}
	return place + p.Message + "; " + p.Remedy
}

// Zh reads like String, in Chinese.
func (p Problem) Zh() string {
	place := p.place("第 %d 行第 %d 列：")
	if p.Warning {
		place = "提醒：" + place
	}
	return place + p.MessageZh + "；" + p.RemedyZh
}

func (p Problem) place(format string) string {
	place := ""
	if p.Line > 0 {
		place = fmt.Sprintf(format, p.Line, p.Column)
	}
	if p.Path != "" {
		place += p.Path + ": "
	}
	return place
}

// CheckError says that a rulebook cannot be used, and all that is wrong.
type CheckError struct {
	// Problems are in the order of the document, without warnings.
	Problems []Problem
}

// Error lists the problems, one a line.
func (e *CheckError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	lines = append(lines, fmt.Sprintf("the rulebook has %d problem(s):", len(e.Problems)))
	for _, p := range e.Problems {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// wording is how a kind of problem is told; the texts are formats over the
// same arguments.
type wording struct {
	zh, fixZh string
	en, fixEn string
	warning   bool
}

func (w wording) problem(code string, args []any) Problem {
	say := func(format string) string {
		if !strings.Contains(format, "%[") {
			return format
		}
		return fmt.Sprintf(format, args...)
	}
	return Problem{
		Code: code, Message: say(w.en), Remedy: say(w.fixEn),
		MessageZh: say(w.zh), RemedyZh: say(w.fixZh), Warning: w.warning,
	}
}
