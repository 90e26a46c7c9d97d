package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"kaohe.dev/services/plaincsv"
)

// column is a column of an answer.
type column struct {
	name    string
	numeric bool // right-aligned
	wraps   bool // takes what room a terminal has left
}

// grid is an answer as a table.
type grid struct {
	columns []column
	rows    [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// printing adds the flag that chooses the form of an answer.
func (s *session) printing(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVarP(&s.format, "output", "o", "table", s.say("输出格式：table、json 或 csv", "form of the answer: table, json or csv"))
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch s.format {
		case "table", "json", "csv":
			return run(cmd, args)
		}
		return usageError{cmd.CommandPath(), fmt.Errorf("-o %q: %s", s.format, s.say("请选 table、json 或 csv", "choose table, json or csv"))}
	}
	return cmd
}

// answer prints an answer: the message as JSON, or its grid.
func (s *session) answer(message proto.Message, g grid) error {
	switch s.format {
	case "json":
		return s.json(message)
	case "csv":
		return s.csv(g)
	}
	return s.table(g)
}

// json prints a message as stable, indented JSON.
func (s *session) json(message proto.Message) error {
	raw, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(message)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	var stable bytes.Buffer // protojson varies its spaces on purpose
	if err := json.Indent(&stable, raw, "", "  "); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return s.print(stable.String() + "\n")
}

func (s *session) print(out string) error {
	_, err := io.WriteString(s.Out, out)
	return err
}

// note tells the user something that is not the answer.
func (s *session) note(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Err, format+"\n", args...)
}

func (s *session) csv(g grid) error {
	w := plaincsv.NewWriter(s.Out)
	header := make([]string, len(g.columns))
	for i, c := range g.columns {
		header[i] = c.name
	}
	if err := w.Write(header); err != nil {
		return err
	}
	return w.WriteAll(g.rows)
}

func (s *session) table(g grid) error {
	if len(g.rows) == 0 {
		return s.print(s.say("（没有）\n", "(none)\n"))
	}
	w := table.NewWriter()
	w.SetStyle(plainStyle())
	header := table.Row{}
	configs := make([]table.ColumnConfig, len(g.columns))
	for i, c := range g.columns {
		header = append(header, s.paint(bold, c.name))
		configs[i] = table.ColumnConfig{Number: i + 1}
		if c.numeric {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		if c.wraps {
			configs[i].WidthMax, configs[i].WidthMaxEnforcer = s.roomFor(g, i), text.WrapSoft
		}
	}
	w.SetColumnConfigs(configs)
	w.AppendHeader(header)
	for _, row := range g.rows {
		cells := make(table.Row, len(row))
		for i, cell := range row {
			cells[i] = cell
		}
		w.AppendRow(cells)
	}
	return s.print(trimLines(w.Render()) + "\n")
}

// roomFor gives how wide a wrapping column may be; 0 when it need not wrap.
func (s *session) roomFor(g grid, wrapping int) int {
	room := width(s.Out)
	if room == 0 {
		return 0
	}
	for i, c := range g.columns {
		if i == wrapping {
			continue
		}
		widest := text.StringWidthWithoutEscSequences(c.name)
		for _, row := range g.rows {
			widest = max(widest, text.StringWidthWithoutEscSequences(row[i]))
		}
		room -= widest + 2
	}
	return max(room, 24)
}

func plainStyle() table.Style {
	style := table.StyleDefault
	style.Options = table.Options{}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	return style
}

func trimLines(rendered string) string {
	lines := strings.Split(rendered, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// pad fills a text up to a width on the screen.
func pad(s string, to int) string {
	return s + strings.Repeat(" ", max(1, to-text.StringWidthWithoutEscSequences(s)))
}
