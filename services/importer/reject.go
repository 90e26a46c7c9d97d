package importer

import (
	"fmt"
	"io"
	"strconv"
	"sync"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/plaincsv"
)

// fault is what is wrong with a row.
type fault struct {
	column string
	value  string
	reason *factv1.Reason
}

func badTime(column, value string) *fault {
	return &fault{column: column, value: value, reason: because("bad_time",
		"时间不符合映射中的任何格式", "the time fits no layout of the mapping")}
}

// because is a reason that is told at once and kept nowhere.
func because(code, zh, en string) *factv1.Reason {
	return &factv1.Reason{Code: code, Text: &factv1.Text{Zh: zh, En: en}}
}

func wrong(code, zh, en string, args ...any) *fault {
	return &fault{reason: because(code, fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))}
}

// The kinds of lines in a rejects file.
const (
	kindRejected = "rejected"
	kindWarning  = "warning"
	kindRefused  = "refused" // by the door, after the importer
)

// rejects writes the rejects file: csv, a line for each row or event set aside
// and for each warning.
type rejects struct {
	mu    sync.Mutex
	csv   *plaincsv.Writer
	begun bool
}

var rejectColumns = []string{"file", "line", "kind", "ticket", "column", "value", "code", "reason_zh", "reason_en"}

func newRejects(w io.Writer) *rejects {
	if w == nil {
		w = io.Discard
	}
	return &rejects{csv: plaincsv.NewWriter(w)}
}

func (r *rejects) write(file string, line int, kind, ticket string, f *fault) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.begun {
		r.begun = true
		if err := r.csv.Write(rejectColumns); err != nil {
			return fmt.Errorf("write the rejects file: %w", err)
		}
	}
	err := r.csv.Write([]string{
		file, strconv.Itoa(line), kind, ticket, f.column, clip(f.value), f.reason.Code, f.reason.Text.Zh, f.reason.Text.En,
	})
	if err != nil {
		return fmt.Errorf("write the rejects file: %w", err)
	}
	return nil
}

func (r *rejects) flush() error {
	if err := r.csv.Flush(); err != nil {
		return fmt.Errorf("write the rejects file: %w", err)
	}
	return nil
}

// clip shortens a value that would flood the rejects file.
func clip(value string) string {
	if runes := []rune(value); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return value
}
