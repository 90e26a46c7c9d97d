package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/report"
)

// reportFile is a form that a report is handed out in.
type reportFile struct {
	ending, media string
	inline        bool // shown by a browser, not saved
	write         func(*report.Book, io.Writer, report.Table) error
}

// reportFiles are the forms, beside JSON.
func reportFiles() []reportFile {
	return []reportFile{
		{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false,
			func(b *report.Book, w io.Writer, _ report.Table) error { return b.Workbook(w) }},
		{"csv", "text/csv; charset=utf-8", false,
			func(b *report.Book, w io.Writer, t report.Table) error { return b.CSV(w, t) }},
		{"html", "text/html; charset=utf-8", true,
			func(b *report.Book, w io.Writer, _ report.Table) error { return b.Page(w) }},
	}
}

// reportPaths serves the files of reports to who may call GetReport.
func (g *Gateway) reportPaths() map[string]http.Handler {
	paths := map[string]http.Handler{}
	for _, file := range reportFiles() {
		paths["GET /v1/months/{month}/report."+file.ending] = g.operation(apiv1.ReportService_GetReport_FullMethodName,
			func(w http.ResponseWriter, r *http.Request) {
				if err := g.serveReport(w, r, file); err != nil {
					problemOf(err).write(w, r)
				}
			})
	}
	return paths
}

// serveReport sends a report as a file. It is made before a byte of it is sent,
// so that what fails is told as a failure.
func (g *Gateway) serveReport(w http.ResponseWriter, r *http.Request, file reportFile) error {
	asked, in, table, err := reportAsked(r, file)
	if err != nil {
		return err
	}
	made, err := g.report(r.Context(), asked)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := file.write(report.Layout(made, string(in)), &out, table); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", file.media)
	header.Set("Content-Length", strconv.Itoa(out.Len()))
	header.Set("Content-Disposition", disposition(file, report.FileName(made, string(in))))
	header.Set("Content-Security-Policy", reportPolicy())
	_, _ = w.Write(out.Bytes()) // the caller may be gone
	return nil
}

// reportPolicy lets a page to print have its own style and nothing else.
func reportPolicy() string {
	return "default-src 'none'; style-src " + report.StyleSource() + "; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
}

// disposition names a file for saving, in letters of its language (RFC 6266).
func disposition(file reportFile, name string) string {
	kind := "attachment"
	if file.inline {
		kind = "inline"
	}
	return fmt.Sprintf(`%s; filename="kaohe-report.%[2]s"; filename*=UTF-8''%[3]s.%[2]s`, kind, file.ending, url.PathEscape(name))
}

// reportAsked reads what is asked for; a workbook always lists the entries.
func reportAsked(r *http.Request, file reportFile) (asked *apiv1.GetReportRequest, in lang.Lang, table report.Table, err error) {
	query := r.URL.Query()
	asked = &apiv1.GetReportRequest{Month: r.PathValue("month"), Unit: unitAsked(r)}
	if in, err = languageAsked(r); err != nil {
		return nil, in, table, err
	}
	if text := query.Get("correction"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, in, table, trouble(codes.InvalidArgument, "invalid_argument", "correction 应为 0、1、2…", "correction is 0, 1, 2 and so on").at("correction", text)
		}
		asked.Correction = new(int32(n))
	}
	table = report.Sheets
	if text := query.Get("table"); text != "" {
		table = report.Table(text)
	}
	if !slices.Contains(report.Tables(), table) {
		return nil, in, table, trouble(codes.InvalidArgument, "invalid_argument", "table 应为 %[1]v 之一", "table is one of %[1]v", report.Tables()).at("table", string(table))
	}
	asked.Entries = file.ending == "xlsx" || query.Get("entries") == "true" || file.ending == "csv" && table == report.Entries
	return asked, in, table, nil
}

// languageAsked is the language of ?lang=, else of Accept-Language.
func languageAsked(r *http.Request) (lang.Lang, error) {
	switch asked := lang.Lang(r.URL.Query().Get("lang")); asked {
	case "":
		return langOfRequest(r), nil
	case lang.Zh, lang.En:
		return asked, nil
	default:
		return lang.Zh, trouble(codes.InvalidArgument, "invalid_argument", "lang 应为 zh 或 en", "lang is zh or en").at("lang", string(asked))
	}
}
