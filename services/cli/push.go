package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// Limits of one push: the contract's, with room for its frame.
const (
	pushBytes = 3 << 20
	pushMost  = 10_000
	lineMost  = 4 << 20
)

// lines is a file of events, one a line.
type lines struct {
	name string
	in   io.ReadCloser
}

func (s *session) push() *cobra.Command {
	batch := 1000
	cmd := &cobra.Command{
		Use:   "push [FILE…]",
		Short: s.say("逐行送入事件（NDJSON，缺省读标准输入）", "push events, one a line (NDJSON; standard input by default)"),
		Long: s.say("每行一个事件的 JSON。被拒绝的行连同行号和原因列在标准错误；有拒绝则退出码为 1。重复送入没有影响。",
			"Each line is an event as JSON. Lines that are refused are listed on standard error with their numbers and\n"+
				"the reasons; the exit code is then 1. Pushing twice changes nothing."),
		Example: s.examples(
			"kaohe push events.ndjson", s.say("一个文件", "a file"),
			"tail -f feed.ndjson | kaohe push --batch 1", s.say("一来就送", "each as it comes"),
			"kaohe demo --print | kaohe push", s.say("送入模拟数据", "a simulated month")),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			return s.pushAll(ctx, r, args, min(max(1, batch), pushMost))
		}),
	}
	cmd.Flags().IntVar(&batch, "batch", batch, s.say("每批几个事件，1 到 10000", "events a batch, 1 to 10000"))
	return s.reaching(cmd)
}

func (s *session) pushAll(ctx context.Context, r *remote, names []string, batch int) error {
	p := &pusher{s: s, r: r, most: batch, answer: &apiv1.PushEventsResponse{}}
	files := []lines{{"-", io.NopCloser(s.In)}}
	if len(names) > 0 {
		files = nil
	}
	total := int64(0)
	for _, name := range names {
		if name == "-" {
			files = append(files, lines{"-", io.NopCloser(s.In)})
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("%s: %w", s.say("打开事件文件", "open the events"), err)
		}
		if info, err := file.Stat(); err == nil {
			total += info.Size()
		}
		files = append(files, lines{name, file})
	}
	p.bar = s.progress(s.say("送入", "push"), total, true)
	for _, file := range files {
		if err := errors.Join(p.file(ctx, file), file.in.Close()); err != nil {
			return err
		}
	}
	p.bar.done()
	s.note(s.say("入库 %d，重复 %d，拒绝 %d", "accepted %d, duplicates %d, rejected %d"),
		p.answer.Accepted, p.answer.Duplicates, p.answer.Rejected)
	if p.answer.Rejected > 0 {
		return errTold
	}
	return nil
}

// pusher pushes lines in batches.
type pusher struct {
	s      *session
	r      *remote
	bar    *progress
	most   int
	events []*feedv1.Event
	lines  []int // where each event of the batch stands
	size   int
	answer *apiv1.PushEventsResponse
}

func (p *pusher) file(ctx context.Context, file lines) error {
	scanner := bufio.NewScanner(file.in)
	scanner.Buffer(make([]byte, 64<<10), lineMost)
	number := 0
	for scanner.Scan() {
		number++
		raw := bytes.TrimSpace(scanner.Bytes())
		p.bar.add(int64(len(scanner.Bytes())) + 1)
		if len(raw) == 0 {
			continue
		}
		event := &feedv1.Event{}
		if err := protojson.Unmarshal(raw, event); err != nil {
			p.refuse(file.name, number, p.s.say("不是事件的 JSON：", "not an event as JSON: ")+err.Error())
			continue
		}
		if err := p.add(ctx, file.name, event, number); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%s %s:%d: %w", p.s.say("读取", "read"), file.name, number+1, err)
	}
	return p.flush(ctx, file.name)
}

func (p *pusher) add(ctx context.Context, name string, event *feedv1.Event, line int) error {
	size := proto.Size(event)
	if p.size+size > pushBytes {
		if err := p.flush(ctx, name); err != nil {
			return err
		}
	}
	p.events, p.lines, p.size = append(p.events, event), append(p.lines, line), p.size+size
	if len(p.events) < p.most {
		return nil
	}
	return p.flush(ctx, name)
}

func (p *pusher) refuse(name string, line int, why string) {
	p.answer.Rejected++
	p.s.note("%s:%d: %s", name, line, printable(why))
}

// flush pushes what was gathered.
func (p *pusher) flush(ctx context.Context, name string) error {
	if len(p.events) == 0 {
		return nil
	}
	answer, err := p.r.push(ctx, p.events)
	if err != nil {
		return err
	}
	p.answer.Accepted += answer.Accepted
	p.answer.Duplicates += answer.Duplicates
	for i, v := range answer.Verdicts {
		if v.Status == apiv1.EventStatus_EVENT_STATUS_REJECTED && i < len(p.lines) {
			p.refuse(name, p.lines[i], refusal(v))
		}
	}
	p.events, p.lines, p.size = nil, nil, 0
	return nil
}

// refusal says in one line why an event was refused.
func refusal(v *apiv1.EventVerdict) string {
	field := v.Error.GetField()
	if value := v.Error.GetValue(); value != "" {
		field += "=" + value
	}
	return fmt.Sprintf("%s: %s: %s (%s)", v.Id, field, v.Error.GetReason(), v.Error.GetCode())
}
