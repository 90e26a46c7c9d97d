package plaincsv_test

import (
	"strings"
	"testing"

	"kaohe.dev/services/plaincsv"
)

func TestNoCellIsAFormula(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "-": "-", "plain": "plain", "-5.00": "-5.00", "+3": "+3", "12%": "12%", "1,000.5": "1,000.5", "'=1": "'=1",
		"=1+1": "'=1+1", "+1+1": "'+1+1", "-1+1": "'-1+1", "@SUM(A1)": "'@SUM(A1)", "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
		"\t=1": "\"'\t=1\"", "\r=1": "\"'\r=1\"", "\n=1": "\"'\n=1\"", "＝1+1": "'＝1+1", "－1": "'－1", "-5 points": "'-5 points", "--1": "'--1",
	} {
		var out strings.Builder
		if err := plaincsv.NewWriter(&out).WriteAll([][]string{{"x", cell}}); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(strings.TrimPrefix(out.String(), "x,"), "\n"); strings.Trim(got, `"`) != strings.Trim(want, `"`) {
			t.Errorf("%q is written %q, want %q", cell, got, want)
		}
	}
}
