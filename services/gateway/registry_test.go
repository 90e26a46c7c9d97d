package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// workbook makes an xlsx file of sheets, each a list of rows.
func workbook(t testing.TB, sheets map[string][][]any) []byte {
	t.Helper()
	book := excelize.NewFile()
	for name, rows := range sheets {
		_, err := book.NewSheet(name)
		must(t, err)
		for i, row := range rows {
			must(t, book.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row))
		}
	}
	must(t, book.DeleteSheet("Sheet1"))
	var out bytes.Buffer
	must(t, book.Write(&out))
	must(t, book.Close())
	return out.Bytes()
}

// preview is what an import says, in short.
type preview struct {
	Added, Changed, Unchanged int
	Changes                   []struct {
		Key, Action, EffectiveFrom string
		Differences                []struct {
			Column   string
			Old, New struct{ En string }
		}
	}
	Problems []struct {
		Sheet, Cell, Column, Value string
		Reason                     struct{ Zh, En string }
	}
	Hash    string
	Applied bool
}

func (h *house) importFile(call string, file []byte, hash string, headers ...string) answer {
	h.t.Helper()
	body, err := json.Marshal(map[string]any{"name": "r.xlsx", "file": base64.StdEncoding.EncodeToString(file)})
	must(h.t, err)
	if hash != "" {
		body = append(body[:len(body)-1], fmt.Sprintf(`,"hash":%q}`, hash)...)
	}
	return h.call("POST", "/v1/registry/"+call, string(body), headers...)
}

func (h *house) previews(file []byte) (p preview) {
	h.t.Helper()
	a := h.importFile("previews", file, "")
	if a.code != 200 {
		h.t.Fatal(a.code, a.body)
	}
	a.into(h.t, &p)
	return p
}

// registrations are what a list of the registry has: key, date, replaced.
func (h *house) registrations(path string, headers ...string) []string {
	h.t.Helper()
	var list struct {
		Registrations []struct {
			Event struct {
				UnitRegistered        struct{ Unit, Customers string }
				AgentRegistered       struct{ Agent, Unit, Team string }
				HallManagerRegistered struct{ Unit, Person string }
			}
			EffectiveFrom, By string
			Replaced          bool
		}
	}
	a := h.call("GET", path, "", headers...)
	if a.code != 200 {
		h.t.Fatal(a.code, a.body)
	}
	a.into(h.t, &list)
	var short []string
	for _, r := range list.Registrations {
		u, p, m := r.Event.UnitRegistered, r.Event.AgentRegistered, r.Event.HallManagerRegistered
		line := strings.Join(strings.Fields(strings.Join([]string{u.Unit, u.Customers, p.Agent, p.Unit, p.Team, m.Unit, m.Person, r.EffectiveFrom, r.By}, " ")), " ")
		if r.Replaced {
			line += " replaced"
		}
		short = append(short, line)
	}
	return short
}

func (h *house) has(got []string, want ...string) {
	h.t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		h.t.Errorf("registered:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestTheRegistryComesFromAWorkbook: what the preview said is done, as a whole,
// with names of units that are in the same file; done again it changes nothing.
func TestTheRegistryComesFromAWorkbook(t *testing.T) {
	h := build(t).services().open()
	file := workbook(t, map[string][][]any{
		"单位":    {{"单位编号", "单位名称", "单位类型", "维护客户总数量", "营业厅地址"}, {"chengqu", "城区营业部", "营业部", 20000, "正阳路1号"}, {"gongsi", "代维公司", "代维公司", 800}},
		"人员":    {{"工号", "姓名", "单位", "班组"}, {"8001", "李静", "chengqu", "一班"}, {"8002", "王磊"}},
		"营业厅经理": {{"单位", "营业厅经理", "生效日期"}, {"chengqu", "赵敏", "2026-03-01"}},
		"说明":    {{"随便写"}},
	})
	p := h.previews(file)
	if p.Added != 5 || len(p.Problems) != 0 || p.Hash == "" || p.Applied {
		t.Fatalf("preview %+v", p)
	}
	h.has(h.registrations("/v1/registry/units"))
	h.refuses(h.importFile("imports", file, "another"), 400, "preview_changed")
	h.has(h.registrations("/v1/registry/units"))
	var done preview
	h.importFile("imports", file, p.Hash).into(t, &done)
	if !done.Applied || done.Added != 5 {
		t.Fatalf("applied %+v", done)
	}
	h.has(h.registrations("/v1/registry/units"), "chengqu 20000 admin", "gongsi 800 admin")
	h.has(h.registrations("/v1/registry/agents"), "8001 chengqu 一班 admin", "8002 admin")
	h.has(h.registrations("/v1/registry/managers"), "chengqu 赵敏 2026-03-01 admin")
	if p := h.previews(file); p.Unchanged != 5 || p.Added+p.Changed != 0 {
		t.Errorf("the same file again: %+v", p)
	}
	h.refuses(h.importFile("imports", file, p.Hash), 400, "preview_changed")
	if got := h.verdicts(`{"id":"p1","source":"mine","occurredAt":"2026-03-05T09:00:00+08:00","praiseGiven":{"unit":"gongsi"}}`); got != "A" {
		t.Errorf("an event of an imported unit: %s", got)
	}
	a := h.call("GET", "/v1/audit?what=agent_registered", "")
	if !strings.Contains(a.body, "8001") || !strings.Contains(a.body, "admin") {
		t.Errorf("the trail: %s", a.body)
	}
}

// TestWhatIsRegisteredHoldsFromItsDate (4, 38): nothing is overwritten, the
// quota follows the date, and what is a closed month's is refused.
func TestWhatIsRegisteredHoldsFromItsDate(t *testing.T) {
	h := build(t).services().open()
	csv := func(from, customers string) []byte {
		return []byte("\xEF\xBB\xBFunit,name_zh,kind,customers,effective_from\nchengqu,城区营业部,outlet," + customers + "," + from + "\n")
	}
	apply := func(file []byte) {
		t.Helper()
		if a := h.importFile("imports", file, h.previews(file).Hash); a.code != 200 {
			t.Fatal(a.code, a.body)
		}
	}
	apply(csv("", "20000"))
	quota := func(month string) string {
		t.Helper()
		var q struct {
			Quota struct{ Customers, Limit string }
		}
		h.call("GET", "/v1/months/"+month+"/quota?unit=chengqu", "").into(t, &q)
		return q.Quota.Customers + " " + q.Quota.Limit
	}
	p := h.previews(csv("2026/3/15", "30000"))
	if p.Changed != 1 || len(p.Changes[0].Differences) != 1 || p.Changes[0].Differences[0].Old.En != "20000" || p.Changes[0].Differences[0].New.En != "30000" {
		t.Fatalf("preview %+v", p)
	}
	apply(csv("2026/3/15", "30000"))
	for month, want := range map[string]string{"2026-02": "20000 300", "2026-03": "20000 300", "2026-04": "30000 450"} {
		if got := quota(month); got != want {
			t.Errorf("quota of %s: %s, want %s", month, got, want)
		}
	}
	apply(csv("46096", "31000")) // 2026-03-15, as a spreadsheet keeps it
	h.has(h.registrations("/v1/registry/units?unit=chengqu"), "chengqu 20000 admin", "chengqu 30000 2026-03-15 admin replaced", "chengqu 31000 2026-03-15 admin")
	if p := h.previews(csv("", "40000")); len(p.Problems) != 1 || p.Problems[0].Column != "effective_from" {
		t.Errorf("a change without a date: %+v", p)
	}

	apply([]byte("单位编号,客户数,生效日期\nchengqu,32000,2026-03-20\n")) // the name and the kind stay
	if p := h.previews([]byte("单位编号,客户数,生效日期\nxinqu,1,2026-03-20\n")); len(p.Problems) != 1 || p.Problems[0].Column != "name_zh" {
		t.Errorf("a new unit without a name: %+v", p)
	}

	assessor := h.as(contractv1.Role_ROLE_ASSESSOR)
	h.verdicts(waivers("chengqu"), assessor...)
	h.status(h.call("POST", "/v1/months/2026-03/closure", "{}", assessor...))
	if p := h.previews(csv("2026-03-31", "1")); len(p.Problems) != 1 || !strings.Contains(p.Problems[0].Reason.En, "2026-04-01") {
		t.Errorf("a date in a closed month: %+v", p)
	}
	h.refuses(h.call("POST", "/v1/registry/units", `{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET","customers":"5","effectiveFrom":"2026-02-01"}`), 400, "bad_registration")
	apply(csv("2026-04-01", "500"))
	h.verifies("2026-03")
}

// TestOneRegistrationAtATime: the same rules as for a file, one by one.
func TestOneRegistrationAtATime(t *testing.T) {
	h := build(t).services().open()
	operations, manager := h.as(contractv1.Role_ROLE_OPERATIONS), []string(nil)
	register := func(what, body string, headers ...string) answer {
		return h.call("POST", "/v1/registry/"+what, body, headers...)
	}
	if a := register("units", `{"unit":"chengqu","nameZh":"城区营业部","kind":"UNIT_KIND_OUTLET","customers":"20000","hall":"正阳路厅"}`, operations...); a.code != 200 || !strings.Contains(a.body, `"by":"ROLE_OPERATIONS"`) {
		t.Fatal(a.code, a.body)
	}
	register("units", `{"unit":"gongsi","nameZh":"代维","kind":"UNIT_KIND_CONTRACTOR"}`)
	manager = h.as(contractv1.Role_ROLE_UNIT_MANAGER)
	for body, want := range map[string]string{
		`{"unit":"chengqu","person":"赵敏"}`:                               "",
		`{"unit":"chengqu","person":"孙丽","effectiveFrom":"2026-05-01"}`:  "",
		`{"unit":"chengqu","person":"x","effectiveFrom":"2026-5-32"}`:    "bad_registration",
		`{"unit":"gongsi","person":"x"}`:                                 "bad_registration",
		`{"unit":"nowhere","person":"x"}`:                                "bad_registration",
		`{"unit":"chengqu","person":"` + strings.Repeat("x", 201) + `"}`: "too_long",
		`{"person":"x"}`: "required",
	} {
		a := register("managers", body, operations...)
		if want == "" && a.code != 200 && !strings.Contains(a.body, "from which it changes") || want != "" && !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s, want %q", body, a.code, a.body, want)
		}
	}
	register("agents", `{"agent":"8001","name":"李静","unit":"chengqu"}`)
	register("agents", `{"agent":"8001","name":"李静","unit":"gongsi","effectiveFrom":"2026-02-01"}`)
	register("agents", `{"agent":"8002","unit":"gongsi"}`)
	h.has(h.registrations("/v1/registry/agents?at=2026-01-15T00:00:00Z"), "8001 chengqu admin", "8002 gongsi admin")
	h.has(h.registrations("/v1/registry/agents"), "8001 gongsi 2026-02-01 admin", "8002 gongsi admin")
	h.has(h.registrations("/v1/registry/agents?history=true&unit=chengqu", manager...), "8001 chengqu admin")
	h.refuses(h.call("GET", "/v1/registry/agents?unit=gongsi", "", manager...), 403, "permission_denied")
	h.refuses(h.call("GET", "/v1/registry/agents", "", manager...), 403, "permission_denied")
	h.refuses(register("agents", `{"agent":"9"}`, manager...), 403, "permission_denied")
	h.refuses(h.importFile("previews", []byte("x"), "", manager...), 403, "permission_denied")
}

// TestAFileWithAProblemChangesNothing: one bad row among good ones.
func TestAFileWithAProblemChangesNothing(t *testing.T) {
	h := build(t).services().open()
	file := workbook(t, map[string][][]any{
		"units":  {{"unit", "name_zh", "kind", "customers"}, {"chengqu", "城区营业部", "outlet", 20000}, {"xinqu", "新区营业部", "outlet", "abc"}, {"a/b", "x", "outlet"}},
		"agents": {{"agent", "unit"}, {"8001", "chenqu"}},
	})
	p := h.previews(file)
	if p.Hash != "" || len(p.Problems) != 3 {
		t.Fatalf("preview %+v", p)
	}
	for i, want := range []string{"units D3 customers abc", "units A4 unit a/b", "agents B2 unit chenqu"} {
		got := p.Problems[i]
		if short := strings.Join([]string{got.Sheet, got.Cell, got.Column, got.Value}, " "); short != want || got.Reason.En == "" || got.Reason.Zh == "" {
			t.Errorf("problem %d: %s (%s), want %s", i, short, got.Reason.En, want)
		}
	}
	h.refuses(h.importFile("imports", file, "h"), 400, "has_problems")
	h.has(h.registrations("/v1/registry/units"))
}

// TestCommitmentsAndCalendarsAreTheRulebooks, which also says how they change.
func TestCommitmentsAndCalendarsAreTheRulebooks(t *testing.T) {
	h := build(t).services().open()
	var list struct {
		RulebookVersion string
		Calendars       []string
		Commitments     []struct{ Class, Within, Calendar string }
	}
	h.call("GET", "/v1/commitments", "").into(t, &list)
	if len(list.Commitments) != 3 || list.Commitments[1].Class != "standard-3wd" || list.Commitments[1].Within != "81000s" || list.Commitments[1].Calendar != "cn" || list.RulebookVersion != "96766-1" {
		t.Errorf("commitments %+v", list)
	}
	var year struct {
		Zone string
		Days []struct {
			Date  string
			Hours []string
		}
	}
	h.call("GET", "/v1/calendars/cn?year=2026", "").into(t, &year)
	hours := map[string]string{}
	for _, d := range year.Days {
		hours[d.Date] = strings.Join(d.Hours, " ")
	}
	if hours["2026-03-02"] != "08:30-12:00 14:00-18:00" || hours["2026-10-01"] != "" || hours["2026-03-01"] != "" || year.Zone != "Asia/Shanghai" {
		t.Errorf("2026: %v", hours)
	}
	h.refuses(h.call("GET", "/v1/calendars/cn?year=1999", ""), 404, "missing_year")
	h.refuses(h.call("GET", "/v1/calendars/cm", ""), 404, "unknown_calendar")
	h.refuses(h.call("GET", "/v1/commitments?unit=nowhere", ""), 404, "unknown_unit")
	if a := h.call("GET", "/v1/registry/template", ""); a.code != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("template: %d", a.code)
	}
}
