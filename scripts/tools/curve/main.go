// Command curve draws the load curve that `kaohe bench overload -o json`
// prints: in flows the JSON, out flows an SVG or PNG file.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// result is what the picture needs of a load curve.
type result struct {
	Limit   string
	Carries float64
	Points  []struct {
		Share, Offered, Carried float64
		Memory                  float64 `json:"memory_mib"`
		Flood, Others           struct {
			P99 float64 `json:"p99_ms"`
		}
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "curve:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: kaohe bench overload -o json | curve FILE.svg")
	}
	var r result
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		return fmt.Errorf("read the curve from standard input: %w", err)
	}
	panels, err := panelsOf(r)
	if err != nil {
		return err
	}
	return save(os.Args[1], panels)
}

// series is one line of a panel: a value of each point.
type series struct {
	name  string
	color color.Color
	value func(i int) float64
}

var (
	blue = color.RGBA{R: 0x1f, G: 0x6f, B: 0xb4, A: 0xff}
	red  = color.RGBA{R: 0xc8, G: 0x3c, B: 0x32, A: 0xff}
	grey = color.RGBA{R: 0x90, G: 0x90, B: 0x90, A: 0xff}
)

func panelsOf(r result) ([]*plot.Plot, error) {
	at := r.Points
	var panels []*plot.Plot
	for _, p := range []struct {
		title, unit string
		lines       []series
	}{
		{fmt.Sprintf("thousand events/s (it carries %.1f)", r.Carries/1000), "thousand events/s", []series{
			{"offered", grey, func(i int) float64 { return at[i].Offered / 1000 }},
			{"carried", blue, func(i int) float64 { return at[i].Carried / 1000 }}}},
		{"p99 of what is admitted", "ms", []series{
			{"who floods", red, func(i int) float64 { return at[i].Flood.P99 }},
			{"others", blue, func(i int) float64 { return at[i].Others.P99 }}}},
		{"resident memory, GOMEMLIMIT " + r.Limit, "MiB", []series{
			{"resident", blue, func(i int) float64 { return at[i].Memory }}}},
	} {
		panel := plot.New()
		panel.Title.Text, panel.Y.Label.Text, panel.X.Label.Text, panel.Y.Min = p.title, p.unit, "offered / carried", 0
		panel.Legend.Top, panel.Legend.Left = true, true
		panel.Add(plotter.NewGrid())
		for _, s := range p.lines {
			xy := make(plotter.XYs, len(at))
			for i := range at {
				xy[i] = plotter.XY{X: at[i].Share, Y: s.value(i)}
			}
			line, points, err := plotter.NewLinePoints(xy)
			if err != nil {
				return nil, err
			}
			line.Color, line.Width, points.Color, points.Shape = s.color, vg.Points(1.5), s.color, draw.CircleGlyph{}
			panel.Add(line, points)
			panel.Legend.Add(s.name, line)
		}
		panel.Y.Max *= 1.25 // room for the legend
		panels = append(panels, panel)
	}
	return panels, nil
}

const width, height = 27 * vg.Centimeter, 8 * vg.Centimeter

// save draws the panels beside each other.
func save(path string, panels []*plot.Plot) error {
	var canvas interface {
		vg.CanvasSizer
		vg.CanvasWriterTo
	}
	canvas = vgsvg.New(width, height)
	if len(path) > 4 && path[len(path)-4:] == ".png" {
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(width, height)}
	}
	tiles := draw.Tiles{Rows: 1, Cols: len(panels), PadX: vg.Millimeter * 6, PadTop: vg.Millimeter * 2, PadBottom: vg.Millimeter * 2, PadRight: vg.Millimeter * 3}
	for i, c := range plot.Align([][]*plot.Plot{panels}, tiles, draw.New(canvas))[0] {
		panels[i].Draw(c)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(file)
	return errors.Join(err, file.Close())
}
