package adversary

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mostForAnUpload is how much more memory the program may take at its peak, in
// MiB, for the worst file of all that are sent to it: before, 1.4 MB of workbook
// took 23,000.
const mostForAnUpload = 500

// workbookOf packs a sheet and the texts its cells share.
func workbookOf(t *testing.T, sheet, shared string) []byte {
	t.Helper()
	const schema = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="` + schema + `"><sheets><sheet name="units" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   sheet,
		"xl/sharedStrings.xml":       shared,
	} {
		part, err := w.Create(name)
		must(t, err)
		_, err = part.Write([]byte(content))
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

// sheetOf shows a shared text in so many rows and columns.
func sheetOf(rows, columns int) string {
	var out strings.Builder
	out.WriteString("<worksheet><sheetData>")
	for row := range rows {
		out.WriteString("<row>")
		for column := range columns {
			fmt.Fprintf(&out, `<c r="%s%d" t="s"><v>0</v></c>`, columnName(column), row+1)
		}
		out.WriteString("</row>")
	}
	return out.String() + "</sheetData></worksheet>"
}

func columnName(n int) string {
	if n < 26 {
		return string(rune('A' + n))
	}
	return columnName(n/26-1) + columnName(n%26)
}

func sharedText(length int) string {
	return "<sst><si><t>" + strings.Repeat("x", length) + "</t></si></sst>"
}

// peak is the most memory the program has had so far, in MiB.
func (s *server) peak() int {
	s.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Skip("what a process has taken is not to be read here")
	}
	_, line, _ := strings.Cut(string(raw), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(line)[0])
	must(s.t, err)
	return kib >> 10
}

// TestTheWorstUploadTakesABoundedMemory sends what is small on its way and huge
// in memory: each is answered with what is wrong with it, and the program stays.
func TestTheWorstUploadTakesABoundedMemory(t *testing.T) {
	s := up(t, t.TempDir())
	worst, before := 0, s.peak()
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"a long text in 500,000 cells", workbookOf(t, sheetOf(10_000, 50), sharedText(8<<10)), "16 MiB"},
		{"the text of 32,767 characters a cell may have", workbookOf(t, sheetOf(10_000, 20), sharedText(32_767)), "8 KiB"},
		{"a text of 30 MiB", workbookOf(t, sheetOf(2, 2), sharedText(30<<20)), "KiB"},
		{"three million shared texts", workbookOf(t, sheetOf(2, 2), "<sst>"+strings.Repeat("<si><t/></si>", 2<<20)+"</sst>"), "16 MiB"},
		{"a million cells in a row", workbookOf(t, "<worksheet><sheetData><row>"+strings.Repeat(`<c r="A1"><v>1</v></c>`, 1<<20)+"</row></sheetData></worksheet>", "<sst/>"), ""},
		{"a tag of a million attributes", workbookOf(t, "<worksheet "+strings.Repeat(`a="" `, 1<<20)+"/>", "<sst/>"), "64 KiB"},
		{"elements ten million deep", workbookOf(t, strings.Repeat("<a>", 10<<20), "<sst/>"), "nested"},
		{"every cell wrong", workbookOf(t, sheetOf(10_000, 40), sharedText(20)), "column"},
		{"an endless field", []byte("unit,name_zh\n" + strings.Repeat("x", 3<<20)), "256 KiB"},
		{"an endless field in quotes", []byte("unit,name_zh\n\"" + strings.Repeat("x,\n", 1<<20)), "256 KiB"},
		{"three million fields", []byte("unit,name_zh\n" + strings.Repeat(",", 3<<20)), "256 KiB"},
	} {
		body, err := json.Marshal(map[string]any{"file": c.file})
		must(t, err)
		var answer struct {
			Problems []struct{ Reason struct{ En string } }
		}
		code := s.call("POST", "/v1/registry/previews", string(body), &answer)
		if code != http.StatusOK || len(answer.Problems) == 0 || !strings.Contains(answer.Problems[0].Reason.En, c.says) {
			t.Errorf("%s: status %d, %.300v", c.name, code, answer.Problems)
		}
		took := s.peak() - before
		t.Logf("%s: %d KiB sent, %d MiB more at the peak so far", c.name, len(c.file)>>10, took)
		worst = max(worst, took)
	}
	if worst > mostForAnUpload {
		t.Errorf("the worst upload took %d MiB, from %d", worst, before)
	}
}

// TestIdleUploadsCloseNoDoor begins uploads that do not go on, to the feed and to
// the registry, of the same token and of others: everybody is served meanwhile.
func TestIdleUploadsCloseNoDoor(t *testing.T) {
	s := up(t, t.TempDir())
	s.pushes(twoUnits)
	secrets := []string{s.admin(), s.tokenOf("feed"), s.tokenOf("operations")}
	for i := range 30 {
		for _, how := range []string{"Content-Length: 8000000", "Transfer-Encoding: chunked", "Content-Length: 8000000\r\nContent-Encoding: gzip"} {
			path := []string{"/v1/events", "/v1/registry/previews"}[i%2]
			c, err := net.Dial("tcp", s.http)
			must(t, err)
			defer c.Close()
			_, err = fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\nExpect: 100-continue\r\n\r\n", path, secrets[i%3], how)
			must(t, err)
			must(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
			if line, err := bufio.NewReader(c).ReadString('\n'); err != nil {
				t.Fatalf("an upload was not answered: %q, %v", line, err)
			}
		}
	}
	begun := time.Now()
	for i, secret := range secrets[:2] {
		request, err := http.NewRequest("POST", "http://"+s.http+"/v1/events", strings.NewReader(
			`{"id":"i`+strconv.Itoa(i)+`","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","praiseGiven":{"unit":"chengqu"}}`))
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+secret)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		must(t, response.Body.Close())
		if response.StatusCode != http.StatusOK {
			t.Errorf("token %d beside idle uploads: %s", i, response.Status)
		}
	}
	if code := s.call("POST", "/v1/registry/previews", `{"file":"dW5pdAo="}`, nil); code != http.StatusOK {
		t.Errorf("a file beside idle uploads: %d", code)
	}
	t.Logf("served in %s beside 90 idle uploads", time.Since(begun))
}
