package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

const (
	bostonLog     = "../../shared/data/boston311/boston311_2015.csv.gz"
	serviceNowLog = "../../shared/data/servicenow/incident_event_log.csv.gz"
)

func needs(t *testing.T, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the published log %s is not beside the repository: %v", filepath.Base(path), err)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

// What is true of the Boston year as of 2016-01-13, from the city's own data.
var (
	bostonByMonth = map[string]int{
		"2015-01": 715, "2015-02": 2611, "2015-03": 2673, "2015-04": 2434, "2015-05": 2655, "2015-06": 2539,
		"2015-07": 2922, "2015-08": 2949, "2015-09": 3253, "2015-10": 2459, "2015-11": 2297, "2015-12": 2585,
		"2016-01": 507,
	}
	bostonByDepartment = map[string]int{
		"ISD": 12035, "PWDx": 8198, "INFO": 4608, "BTDT": 3597, "PARK": 1483, "PROP": 495, "BWSC": 155, "DISB": 15,
		"BPS_": 8, "HS_D": 2, "GEN_": 2, "No_Q": 1,
	}
)

func checkBoston(t *testing.T, s *server) {
	t.Helper()
	byDepartment := map[string]int{}
	total := 0
	for month, want := range bostonByMonth {
		overdue, reversed := 0, 0
		for _, e := range s.entries(month, "rule=ticket_overdue") {
			if e.Type == "ENTRY_TYPE_REVERSAL" || e.State == "ENTRY_STATE_REVERSED" {
				reversed++
				continue
			}
			overdue++
			byDepartment[e.Unit]++
		}
		if overdue != want || reversed != 0 {
			t.Errorf("%s: %d overdue and %d reversed, want %d and 0", month, overdue, reversed, want)
		}
		total += overdue
	}
	if total != 30_599 {
		t.Errorf("%d overdue in all, want 30599", total)
	}
	for department, want := range bostonByDepartment {
		if byDepartment[department] != want {
			t.Errorf("%s: %d overdue, want %d", department, byDepartment[department], want)
		}
	}
}

func importBoston(s *server, file string) string {
	return s.mustKaohe("import", "--map", "boston311", "--as-of", "2016-01-13T00:00:00-05:00", "--create-units",
		"--rejects", filepath.Join(s.t.TempDir(), "rejects.csv"), file)
}

func TestBostonYearHasEveryOverdueVerdictRight(t *testing.T) {
	t.Parallel()
	file := needs(t, bostonLog)
	s := up(t, t.TempDir())
	t.Log(importBoston(s, file))
	checkBoston(t, s)
	hash := s.verify("2015-08")

	t.Run("imported twice", func(t *testing.T) {
		t.Log(importBoston(s, file))
		checkBoston(t, s)
		if again := s.verify("2015-08"); again != hash {
			t.Errorf("hash %s after the second import, %s before", again, hash)
		}
	})
	t.Run("shuffled", func(t *testing.T) {
		other := up(t, t.TempDir())
		importBoston(other, shuffle(t, file))
		checkBoston(t, other)
		if again := other.verify("2015-08"); again != hash {
			t.Errorf("hash %s with the rows shuffled, %s in order", again, hash)
		}
	})
}

// shuffle writes the rows of a csv.gz in another order.
func shuffle(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	unzipped, err := gzip.NewReader(raw)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	body := rows[1:]
	rand.New(rand.NewPCG(3, 5)).Shuffle(len(body), func(i, j int) { body[i], body[j] = body[j], body[i] })
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "shuffled.csv")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, &text); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestServiceNowLogHasEveryReopening(t *testing.T) {
	t.Parallel()
	file := needs(t, serviceNowLog)
	s := up(t, t.TempDir())
	t.Log(s.mustKaohe("import", "--map", "servicenow", "--as-of", "2017-03-01T00:00:00Z", "--create-units",
		"--rejects", filepath.Join(t.TempDir(), "rejects.csv"), file))
	reopened, again := 0, 0
	tickets := map[string]bool{}
	for _, month := range monthsFrom("2016-02", 14) {
		for _, e := range s.entries(month, "rule=ticket_reworked&state=active") {
			ticket, how := reworkOf(e.Fact)
			if how == "again" {
				again++
				continue
			}
			reopened++
			tickets[ticket] = true
		}
	}
	if reopened != 331 || len(tickets) != 275 {
		t.Errorf("%d reopenings of %d tickets, want 331 of 275", reopened, len(tickets))
	}
	t.Logf("%d more by a new report of the same customer", again)
}
