package table

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kaohe.dev/services/internal/budget"
)

// What the inside of a workbook may be. A library that builds the whole in
// memory cannot be held to this, so the few parts that matter are read here,
// token by token: what is not read is not even unpacked.
const (
	// maxPiece is how many bytes a tag or a text may have.
	maxPiece = 64 << 10
	// maxDepth is how deep elements may be nested; a sheet needs six.
	maxDepth = 32
	// maxSheets is how many sheets it may have.
	maxSheets = 64
)

// workbook is an xlsx file that is being read.
type workbook struct {
	archive *zip.Reader
	unpack  int64 // bytes that may still be unpacked
	room    room
	shared  []string // texts that cells share
}

// readWorkbook reads the sheets of a workbook, or tells what is wrong with it.
func readWorkbook(file []byte, skip func(string) bool) ([]Table, []Fault) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, []Fault{fault("", "文件不完整，无法打开：%v", "the file is damaged and cannot be opened: %v", err)}
	}
	for _, part := range archive.File {
		if strings.EqualFold(path.Base(part.Name), "vbaProject.bin") {
			return nil, []Fault{fault("", "工作簿含宏（%s）；请另存为不含宏的 .xlsx", "the workbook holds a macro (%s); save it as .xlsx without macros", part.Name)}
		}
	}
	b := &workbook{archive: archive, unpack: maxUnpacked, room: maxText}
	sheets, f := b.sheets()
	if f == nil {
		f = b.readShared()
	}
	if f != nil {
		return nil, []Fault{*f}
	}
	sheets = slices.DeleteFunc(sheets, func(s sheet) bool { return skip(s.name) })
	var tables []Table
	var faults []Fault
	for _, s := range sheets {
		t, wrong := b.read(s)
		tables, faults = append(tables, found(t)...), append(faults, wrong...)
	}
	if len(faults) > 0 {
		return nil, faults[:min(len(faults), maxFaults)]
	}
	return tables, nil
}

// walk lets somebody see the tokens of a part one by one, until he finds a
// fault. None of them is longer than maxPiece.
func (b *workbook) walk(part string, see func(xml.Token) *Fault) *Fault {
	in, err := b.archive.Open(part)
	if err != nil {
		return broken(part, err)
	}
	defer func() { _ = in.Close() }() // only read
	pieces := budget.NewPieces(in, maxPiece, &b.unpack)
	tokens := xml.NewDecoder(pieces)
	for depth := 0; ; {
		pieces.Next()
		token, err := tokens.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(part, err)
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return broken(part, errDeep)
			}
		case xml.EndElement:
			depth--
		}
		if f := see(token); f != nil {
			return f
		}
	}
}

var errDeep = errors.New("its elements are nested too deep")

func broken(part string, err error) *Fault {
	var f Fault
	switch {
	case errors.Is(err, budget.ErrWhole):
		f = fault("", "解压后超过 %d MiB，不予打开；登记表最多 %d 行", "it unpacks to more than %d MiB and is not opened; a registry has at most %d rows", maxUnpacked>>20, MaxRows)
	case errors.Is(err, budget.ErrPiece):
		f = fault("", "工作簿的 %[1]s 中有一处超过 %[2]d KiB；请删去过长的内容", "the workbook's %[1]s has a single piece of more than %[2]d KiB; remove what is so long", part, maxPiece>>10)
	default:
		f = fault("", "工作簿的 %[1]s 已损坏：%[2]v；请重新保存", "the workbook's %[1]s is damaged: %[2]v; save it anew", part, err)
	}
	return &f
}

// sheet is a sheet and the part of the archive it is in.
type sheet struct{ name, part string }

// sheets lists the sheets of a workbook in their order.
func (b *workbook) sheets() ([]sheet, *Fault) {
	targets := map[string]string{}
	f := b.walk("xl/_rels/workbook.xml.rels", func(token xml.Token) *Fault {
		if e, is := token.(xml.StartElement); is && e.Name.Local == "Relationship" {
			targets[attribute(e, "Id")] = attribute(e, "Target")
			return tooManySheets(len(targets) - 2*maxSheets) // beside the sheets there are styles and the like
		}
		return nil
	})
	if f != nil {
		return nil, f
	}
	var sheets []sheet
	f = b.walk("xl/workbook.xml", func(token xml.Token) *Fault {
		e, _ := token.(xml.StartElement)
		switch e.Name.Local {
		case "workbookPr":
			if from := attribute(e, "date1904"); from == "1" || from == "true" {
				f := fault("", "工作簿的日期从 1904 年起算，会差四年；请在选项中取消“使用 1904 日期系统”后保存",
					"the workbook counts its dates from 1904, which would be four years off; switch off the 1904 date system and save it")
				return &f
			}
		case "sheet":
			sheets = append(sheets, sheet{attribute(e, "name"), partOf(targets[relation(e)])})
			return tooManySheets(len(sheets) - maxSheets)
		}
		return nil
	})
	return sheets, f
}

func tooManySheets(over int) *Fault {
	if over <= 0 {
		return nil
	}
	f := fault("", "工作表超过 %d 个，请删去不需要的", "it has more than %d sheets; remove those that are not needed", maxSheets)
	return &f
}

// partOf is the part that the target of a relationship names.
func partOf(target string) string {
	if !strings.HasPrefix(target, "/") {
		target = path.Join("xl", target)
	}
	return strings.TrimPrefix(target, "/")
}

// relation is the id by which an element refers to a part: r:id.
func relation(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// sharedPart holds the texts that cells share; a workbook of numbers has none.
const sharedPart = "xl/sharedStrings.xml"

// readShared reads the texts that cells share.
func (b *workbook) readShared() *Fault {
	if !slices.ContainsFunc(b.archive.File, func(f *zip.File) bool { return f.Name == sharedPart }) {
		return nil
	}
	var one text
	return b.walk(sharedPart, func(token xml.Token) *Fault {
		if f := one.see(token); f != nil {
			return f
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "si" {
				one = text{}
			}
		case xml.EndElement:
			if e.Name.Local == "si" {
				b.shared = append(b.shared, one.String())
				return b.room.take(len(one.kept))
			}
		}
		return nil
	})
}

// text collects what stands in <t> and <v>, without the hints how it is spoken.
type text struct {
	kept   []byte
	in     bool // in <t> or <v>
	spoken bool // in <rPh>
}

func (t *text) see(token xml.Token) *Fault {
	switch e := token.(type) {
	case xml.StartElement:
		t.in = (e.Name.Local == "t" || e.Name.Local == "v") && !t.spoken
		t.spoken = t.spoken || e.Name.Local == "rPh"
	case xml.EndElement:
		t.in = false
		t.spoken = t.spoken && e.Name.Local != "rPh"
	case xml.CharData:
		if t.in && len(t.kept)+len(e) > maxCell {
			return tooLong(0)
		} else if t.in {
			t.kept = append(t.kept, e...)
		}
	}
	return nil
}

// escaped is how a workbook writes characters that XML does not have.
var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// String is the text as it is meant.
func (t *text) String() string {
	return escaped.ReplaceAllStringFunc(string(t.kept), func(code string) string {
		n, err := strconv.ParseUint(code[2:6], 16, 16)
		if err != nil {
			return code
		}
		return string(rune(n))
	})
}
