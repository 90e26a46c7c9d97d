package importer

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzLoadMapping(f *testing.F) {
	f.Add([]byte("name: x\nsource: x\nshape: ticket\ntimes: [rfc3339]\nticket: a\nevents:\n" +
		"  - {type: ticket_closed, at: {column: b}, set: {code: {columns: [a, b], else: c}}}\n"))
	f.Add([]byte("name: x\nfinal: {a: b, a: c}\nchecks: [{when: 'row[?\"x\"] == prev.?y'}]\nevents: [*a]\n"))
	f.Fuzz(func(t *testing.T, document []byte) {
		m, err := LoadMapping(document)
		if (m == nil) == (err == nil) {
			t.Fatalf("mapping %v, error %v", m, err)
		}
		var problems Problems
		if err != nil && (!errors.As(err, &problems) || len(problems) == 0) {
			t.Fatalf("an error that is no problem: %v", err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	document, _ := Shipped("servicenow")
	m, err := LoadMapping(document)
	if err != nil {
		f.Fatal(err)
	}
	header := ""
	for i, u := range m.uses {
		if i > 0 {
			header += ","
		}
		header += u.column
	}
	f.Add([]byte(header + "\nINC1,29/2/2016 01:16,1,?,\"x\ny\",\xff\n\"\n"))
	f.Add([]byte("{\"number\":1,\"sys_updated_at\":null}\n{\"number\":[]}\n{}x\n"))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := m.decode(bytes.NewReader(content))
		if err != nil {
			return
		}
		for rows := 0; ; rows++ {
			values, line, bad, err := table.next()
			if err != nil {
				if rows > len(content) || (!errors.Is(err, io.EOF) && values != nil) {
					t.Fatalf("after %d rows: %v", rows, err)
				}
				return
			}
			if line < 1 || (bad == nil) != (len(values) == len(m.uses)) {
				t.Fatalf("line %d, %d values, fault %v", line, len(values), bad)
			}
			for _, v := range values {
				if !utf8.ValidString(v) {
					t.Fatalf("line %d: %q", line, v)
				}
			}
		}
	})
}

func TestLocalTimesAtTheChangeOfTheClocks(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	m := &Mapping{Zone: zone, layouts: []string{"1/2/2006 15:4:5", time.RFC3339, layoutUnix}}
	for text, want := range map[string]string{
		"11/1/2015 00:59:59":        "2015-11-01T04:59:59Z",
		"11/1/2015 01:30:00":        "2015-11-01T05:30:00Z", // twice: the first
		"11/1/2015 02:00:00":        "2015-11-01T07:00:00Z",
		"03/08/2015 01:59:59":       "2015-03-08T06:59:59Z",
		"03/08/2015 03:00:00":       "2015-03-08T07:00:00Z",
		"2015-11-01T01:30:00-05:00": "2015-11-01T06:30:00Z", // says itself which
		"1446359400":                "2015-11-01T06:30:00Z",
	} {
		got, err := m.parseTime(text)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s is %s (%v), not %s", text, got.UTC().Format(time.RFC3339), err, want)
		}
	}
	if _, err := m.parseTime("2/30/2015 10:00:00"); err == nil {
		t.Error("30 February is a day")
	}
}
