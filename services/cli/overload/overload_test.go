package overload_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"kaohe.dev/services/cli"
	"kaohe.dev/services/cli/overload"
)

// TestMain is the program too: the test starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "up" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		os.Exit(cli.Run(ctx, os.Args[1:], cli.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
	}
	os.Exit(m.Run())
}

func TestACurveHasAllItsPoints(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures for seconds")
	}
	o := overload.Defaults()
	o.Program, o.Dir = os.Args[0], t.TempDir()
	o.Step, o.Calm, o.Shares = time.Second, time.Second, []float64{0.5, 3}
	r, err := overload.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if len(r.Points) != 2 || r.Carries <= 0 || r.Drained <= 0 || r.Recovered <= 0 || r.Events == 0 {
		t.Errorf("%+v", r)
	}
	for _, p := range r.Points {
		if p.Offered <= 0 || p.Carried <= 0 || p.Memory <= 0 || p.Flood.P99 < p.Flood.P50 || p.Others.Pushes == 0 {
			t.Errorf("%+v", p)
		}
	}
}
