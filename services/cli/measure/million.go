package measure

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"time"
)

// million arms very many deadlines, starts again with them, and lets some fall
// due.
func million(ctx context.Context, o Options) (figures []Figure, err error) {
	dir := filepath.Join(o.Dir, "bench")
	b := &bench{o: o}
	defer func() { err = errors.Join(err, b.stop(ctx)) }()
	if err := b.start(ctx, dir); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := errors.Join(b.register(ctx), b.arm(ctx, o.Million)); err != nil {
		return nil, err
	}
	armed := float64(o.Million) / time.Since(began).Seconds()
	if err := b.halt(ctx); err != nil {
		return nil, err
	}
	began = time.Now()
	if err := errors.Join(b.start(ctx, dir), b.decided(ctx, "", time.Time{})); err != nil {
		return nil, err
	}
	started := time.Since(began)
	debug.FreeOSMemory()
	resident := residentMiB()
	took, err := b.fire(ctx)
	if err != nil {
		return nil, err
	}
	zh, en := fmt.Sprintf("%d 个期限待到期：", o.Million), fmt.Sprintf("%d deadlines armed: ", o.Million)
	figures = []Figure{
		{Name: "million_arm", What: Text{zh + "登记速度", en + "arming"}, Value: armed, Unit: "deadlines/s"},
		{Name: "million_start", What: Text{zh + "启动到可判定", en + "start until it decides"}, Value: millis(started), Unit: "ms"},
		{Name: "million_rss", What: Text{zh + "启动后的内存（含负载端）", en + "memory after the start, the load generator included"}, Value: resident, Unit: "MiB"},
	}
	return append(figures, lateFigures("million_", o.Due, o.Million, o.DueOver, took)...), nil
}
