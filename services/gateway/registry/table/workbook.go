package table

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// readWorkbook looks a workbook through, then reads its sheets.
func readWorkbook(file []byte, skip func(string) bool) ([]Table, []Fault) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, []Fault{fault("", "文件不完整，无法打开：%v", "the file is damaged and cannot be opened: %v", err)}
	}
	if f := dangerous(archive); f != nil {
		return nil, []Fault{*f}
	}
	sheets, f := sheetsOf(archive)
	if f != nil {
		return nil, []Fault{*f}
	}
	sheets = slices.DeleteFunc(sheets, func(s sheet) bool { return skip(s.name) })
	var faults []Fault
	for _, s := range sheets {
		faults = append(faults, s.look(archive)...)
	}
	if len(faults) > 0 {
		return nil, faults[:min(len(faults), maxFaults)]
	}
	book, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked,
	})
	if err != nil {
		return nil, []Fault{fault("", "无法作为工作簿打开：%v", "it cannot be opened as a workbook: %v", err)}
	}
	tables, faults := tablesOf(book, sheets)
	if err := book.Close(); err != nil {
		faults = append(faults, fault("", "读完后无法关闭：%v", "it could not be closed after reading: %v", err))
	}
	return tables, faults
}

// dangerous refuses macros, and what unpacks to more than anybody needs. What
// a part says of its size is not believed: it is unpacked and thrown away.
func dangerous(archive *zip.Reader) *Fault {
	left := int64(maxUnpacked)
	for _, part := range archive.File {
		if strings.EqualFold(path.Base(part.Name), "vbaProject.bin") {
			f := fault("", "工作簿含宏（%s）；请另存为不含宏的 .xlsx", "the workbook holds a macro (%s); save it as .xlsx without macros", part.Name)
			return &f
		}
		in, err := part.Open()
		if err != nil {
			return broken(part.Name, err)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(in, left+1))
		_ = in.Close() // only read
		if left -= n; left < 0 {
			f := fault("", "解压后超过 %d MiB，不予打开；登记表最多 %d 行", "it unpacks to more than %d MiB and is not opened; a registry has at most %d rows", maxUnpacked>>20, MaxRows)
			return &f
		}
		if err != nil {
			return broken(part.Name, err)
		}
	}
	return nil
}

func broken(part string, err error) *Fault {
	f := fault("", "工作簿的 %[1]s 已损坏：%[2]v；请重新保存", "the workbook's %[1]s is damaged: %[2]v; save it anew", part, err)
	return &f
}

// sheet is a sheet and the part of the archive it is in.
type sheet struct{ name, part string }

// sheetsOf lists the sheets of a workbook in their order.
func sheetsOf(archive *zip.Reader) ([]sheet, *Fault) {
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var relations struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	for name, into := range map[string]any{"xl/workbook.xml": &book, "xl/_rels/workbook.xml.rels": &relations} {
		if err := readPart(archive, name, into); err != nil {
			return nil, broken(name, err)
		}
	}
	if book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true" {
		f := fault("", "工作簿的日期从 1904 年起算，会差四年；请在选项中取消“使用 1904 日期系统”后保存",
			"the workbook counts its dates from 1904, which would be four years off; switch off the 1904 date system and save it")
		return nil, &f
	}
	targets := map[string]string{}
	for _, r := range relations.All {
		targets[r.ID] = r.Target
	}
	var sheets []sheet
	for _, s := range book.Sheets {
		target := targets[s.ID]
		if !strings.HasPrefix(target, "/") {
			target = path.Join("xl", target)
		}
		sheets = append(sheets, sheet{s.Name, strings.TrimPrefix(target, "/")})
	}
	return sheets, nil
}

func readPart(archive *zip.Reader, name string, into any) error {
	in, err := archive.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(xml.NewDecoder(in).Decode(into), in.Close())
}

func tablesOf(book *excelize.File, sheets []sheet) (tables []Table, faults []Fault) {
	for _, s := range sheets {
		t, err := s.read(book)
		var f *faultError
		switch {
		case errors.As(err, &f):
			faults = append(faults, f.Fault)
		case err != nil:
			faults = append(faults, fault(s.name, "无法读取：%v", "it cannot be read: %v", err))
		default:
			tables = append(tables, found(t)...)
		}
	}
	return tables, faults
}

// faultError is a fault on its way out of a loop.
type faultError struct{ Fault }

// Error gives it in English.
func (f *faultError) Error() string { return f.Text.GetEn() }

func (s sheet) read(book *excelize.File) (t Table, err error) {
	t.Sheet = s.name
	rows, err := book.Rows(s.name)
	if err != nil {
		return t, err
	}
	for number := 1; rows.Next(); number++ {
		cells, err := rows.Columns()
		if err != nil {
			return t, errors.Join(err, rows.Close())
		}
		if f := t.take(Row{number, cells}); f != nil {
			return t, errors.Join(&faultError{*f}, rows.Close())
		}
	}
	return t, errors.Join(rows.Error(), rows.Close())
}
