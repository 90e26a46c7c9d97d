package cli

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/app"
)

// A backup is a directory: the log in compressed files, the key of the customer
// references, and a manifest, which is written last and makes it whole.
const (
	manifestName = "manifest.json"
	keyName      = "customer.key"
	// backupFormat changes when an older kaohe could not read it.
	backupFormat = 1
	// perFile is about how many events a file of the log holds.
	perFile = 100_000
)

type manifest struct {
	Format int             `json:"format"`
	Seal   json.RawMessage `json:"seal"` // a kaohe.api.v1.Seal
	Files  []backupFile    `json:"files"`
}

type backupFile struct {
	Name   string `json:"name"`
	Events int64  `json:"events"`
	SHA256 string `json:"sha256"`
}

func (s *session) backup() *cobra.Command {
	cmd := &cobra.Command{
		Use: "backup DIR", Args: cobra.ExactArgs(1),
		Short: s.say("备份事件日志及各月校验值", "back the log up, with the hash of every month"),
		Long: s.say("把运行中的 kaohe 的全部事件写入一个新目录（压缩文件），并记下各月有效各笔的校验值。其余都可由事件重建。\n"+
			"目录中还有客户编号的密钥（若数据目录可读），请妥善保管。",
			"Writes all events of a running kaohe into a new directory, as compressed files, with the hash of what counts in\n"+
				"every month; all else can be built anew from the events. The key of the customer references is in it too when\n"+
				"the data directory can be read: keep the backup safe."),
		Example: s.examples("kaohe backup /backup/2026-11-22", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			return s.backUp(ctx, r, args[0])
		}),
	}
	return s.reaching(cmd)
}

func (s *session) backUp(ctx context.Context, r *remote, dir string) error {
	if err := newDirectory(dir); err != nil {
		return err
	}
	stream, err := r.log.ExportEvents(ctx, &apiv1.ExportEventsRequest{})
	if err != nil {
		return err
	}
	w := &backupWriter{dir: dir}
	var bar *progress
	for {
		message, err := stream.Recv()
		if err != nil {
			return errors.Join(err, w.end())
		}
		if bar == nil {
			bar = s.progress(s.say("备份", "back up"), message.EventsTotal, false)
		}
		if message.Seal != nil {
			bar.done()
			return errors.Join(w.end(), s.sealed(dir, message.Seal, w.files))
		}
		if err := w.add(message.Events); err != nil {
			return errors.Join(err, w.end())
		}
		bar.set(w.events)
	}
}

// sealed writes the manifest and tells what is backed up.
func (s *session) sealed(dir string, seal *apiv1.Seal, files []backupFile) error {
	key := false
	for _, data := range s.directories() {
		raw, err := os.ReadFile(filepath.Join(data, keyName))
		if err == nil {
			key = true
			if err := writeSynced(filepath.Join(dir, keyName), raw); err != nil {
				return err
			}
			break
		}
	}
	raw, err := protojson.Marshal(seal)
	if err != nil {
		return fmt.Errorf("write the seal: %w", err)
	}
	m, err := json.MarshalIndent(manifest{Format: backupFormat, Seal: raw, Files: files}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := writeSynced(filepath.Join(dir, manifestName), append(m, '\n')); err != nil {
		return err
	}
	if !key {
		s.note("%s", s.say("没有找到 customer.key：请从数据目录另行保存，否则恢复后客户编号对不上新事件",
			"customer.key was not found: save it from the data directory, or customers of new events will not match those restored"))
	}
	s.note(s.say("%d 个事件，%d 个月", "%d events, %d months"), seal.Events, len(seal.Months))
	return nil
}

// newDirectory makes a directory that nothing is in.
func newDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty; give a new directory", dir)
	}
	return err
}

func writeSynced(name string, data []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

// backupWriter writes the log, a file after the other.
type backupWriter struct {
	dir    string
	files  []backupFile
	events int64
	file   *os.File
	zip    *gzip.Writer
}

func (w *backupWriter) add(events []*feedv1.Event) error {
	if w.file != nil && w.files[len(w.files)-1].Events >= perFile {
		if err := w.end(); err != nil {
			return err
		}
	}
	if w.file == nil {
		name := fmt.Sprintf("events-%05d.pb.gz", len(w.files)+1)
		file, err := os.OpenFile(filepath.Join(w.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		w.file, w.zip = file, gzip.NewWriter(file)
		w.files = append(w.files, backupFile{Name: name})
	}
	if _, err := protodelim.MarshalTo(w.zip, &feedv1.EventBatch{Events: events}); err != nil {
		return fmt.Errorf("write %s: %w", w.file.Name(), err)
	}
	w.events += int64(len(events))
	w.files[len(w.files)-1].Events += int64(len(events))
	return nil
}

// end ends the file and notes its hash, read back from the disk.
func (w *backupWriter) end() error {
	if w.file == nil {
		return nil
	}
	name := w.file.Name()
	err := errors.Join(w.zip.Close(), w.file.Sync(), w.file.Close())
	w.file = nil
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	w.files[len(w.files)-1].SHA256, err = hashOf(name)
	return err
}

func hashOf(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, file.Close())
}

func (s *session) restore() *cobra.Command {
	config, level := app.Defaults(), "warn"
	cmd := &cobra.Command{
		Use: "restore DIR", Args: cobra.ExactArgs(1),
		Short: s.say("由备份恢复，并核对各月", "restore a backup and check every month"),
		Long: s.say("先核对备份文件，再把事件写入新的数据目录，重新判定，最后把每个月与备份时的校验值比较。不同则退出码 1。",
			"Checks the files of a backup, writes the events into a new data directory, decides everything anew, and compares\n"+
				"every month with its hash in the backup. The exit code is 1 when one differs."),
		Example: s.examples("kaohe restore /backup/2026-11-22 --data ./data", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			return s.restoreFrom(cmd.Context(), args[0], config)
		},
	}
	s.appFlags(cmd, &config, &level)
	return cmd
}

func (s *session) restoreFrom(ctx context.Context, dir string, config app.Config) error {
	m, seal, err := readManifest(dir)
	if err != nil {
		return err
	}
	for _, file := range m.Files {
		sum, err := hashOf(filepath.Join(dir, file.Name))
		if err != nil {
			return err
		}
		if sum != file.SHA256 {
			return fmt.Errorf(s.say("%s 已损坏：校验值不是备份时的；请用另一份备份", "%s is damaged: it has not the hash it was backed up with; use another backup"), file.Name)
		}
	}
	if key, err := os.ReadFile(filepath.Join(dir, keyName)); err == nil {
		if err := newDirectory(config.Data); err != nil {
			return err
		}
		if err := writeSynced(filepath.Join(config.Data, keyName), key); err != nil {
			return err
		}
	}
	r := &backupReader{dir: dir, files: m.Files}
	bar := s.progress(s.say("恢复事件", "restore events"), seal.Events, false)
	err = app.Restore(ctx, config, func() ([]*feedv1.Event, error) {
		events, err := r.next()
		bar.add(int64(len(events)))
		return events, err
	})
	bar.done()
	if err = errors.Join(err, r.close()); err != nil {
		return err
	}
	return s.decideAnew(ctx, config, seal)
}

func readManifest(dir string) (m manifest, seal *apiv1.Seal, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, nil, fmt.Errorf("%w: without its manifest it is no whole backup", err)
	}
	seal = &apiv1.Seal{}
	if err := errors.Join(json.Unmarshal(raw, &m), protojson.Unmarshal(m.Seal, seal)); err != nil {
		return m, nil, fmt.Errorf("%s: %w", filepath.Join(dir, manifestName), err)
	}
	if m.Format != backupFormat {
		return m, nil, fmt.Errorf("the backup has format %d, this kaohe reads %d; use the kaohe that made it, or a newer one", m.Format, backupFormat)
	}
	return m, seal, nil
}

// backupReader reads the log of a backup.
type backupReader struct {
	dir   string
	files []backupFile
	file  *os.File
	in    *bufio.Reader
}

// next gives the next events, none at the end.
func (r *backupReader) next() ([]*feedv1.Event, error) {
	for {
		if r.file == nil {
			if len(r.files) == 0 {
				return nil, nil
			}
			file, err := os.Open(filepath.Join(r.dir, r.files[0].Name))
			if err != nil {
				return nil, err
			}
			zip, err := gzip.NewReader(file)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", file.Name(), err), file.Close())
			}
			r.files, r.file, r.in = r.files[1:], file, bufio.NewReader(zip)
		}
		batch := &feedv1.EventBatch{}
		err := protodelim.UnmarshalOptions{MaxSize: -1}.UnmarshalFrom(r.in, batch)
		switch {
		case errors.Is(err, io.EOF):
			if err := r.close(); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, fmt.Errorf("%s: %w", r.file.Name(), err)
		case len(batch.Events) > 0:
			return batch.Events, nil
		}
	}
}

func (r *backupReader) close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

func (s *session) rebuild() *cobra.Command {
	config, level := app.Defaults(), "warn"
	cmd := &cobra.Command{
		Use: "rebuild", Args: cobra.NoArgs,
		Short: s.say("由事件日志重建其余一切，并核对各月", "build everything anew from the log and check every month"),
		Long: s.say("删除文档、事实和账，由事件日志重新判定，再把每个月与重建前比较。期间 kaohe 不得运行；中断后再次启动即继续。",
			"Deletes documents, facts and ledger, decides everything anew from the log of events, and compares every month with\n"+
				"what it was. kaohe must not be running; when interrupted, the next start goes on."),
		Example: s.examples("kaohe rebuild --data ./data", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			ctx, was := cmd.Context(), (*apiv1.Seal)(nil)
			err := s.inside(ctx, config, func(ctx context.Context, _ *app.App, r *remote) (err error) {
				was, err = sealOf(ctx, r)
				return err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", s.say("记下重建前各月", "note the months as they are"), err)
			}
			if err := app.Forget(ctx, config); err != nil {
				return err
			}
			return s.decideAnew(ctx, config, was)
		},
	}
	s.appFlags(cmd, &config, &level)
	return cmd
}

// inside runs kaohe on free ports and does something with it.
func (s *session) inside(ctx context.Context, config app.Config, do func(context.Context, *app.App, *remote) error) error {
	config.HTTP, config.GRPC = "127.0.0.1:0", "127.0.0.1:0"
	a, err := app.New(config)
	if err != nil {
		return err
	}
	return s.running(ctx, a, func(ctx context.Context) error {
		r, err := connect(a.GRPCAddr())
		if err != nil {
			return err
		}
		defer r.close()
		return do(s.authorized(ctx, a.Token()), a, r)
	})
}

// decideAnew starts kaohe on a log that nothing was decided of, waits until all
// is, and compares.
func (s *session) decideAnew(ctx context.Context, config app.Config, was *apiv1.Seal) error {
	return s.inside(ctx, config, func(ctx context.Context, a *app.App, r *remote) error {
		type answer struct {
			seal *apiv1.Seal
			err  error
		}
		answered := make(chan answer, 1)
		go func() {
			seal, err := sealOf(ctx, r)
			answered <- answer{seal, err}
		}()
		bar := s.progress(s.say("重新判定（%）", "decide anew (%)"), 100, false)
		look := time.NewTicker(200 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case got := <-answered:
				bar.done()
				if got.err != nil {
					return got.err
				}
				return s.compareSeals(was, got.seal)
			case <-look.C:
				if share, err := a.Progress(ctx); err == nil {
					bar.set(int64(100 * share))
				}
			}
		}
	})
}

// sealOf waits until all is decided and asks what the ledger says.
func sealOf(ctx context.Context, r *remote) (*apiv1.Seal, error) {
	stream, err := r.log.ExportEvents(ctx, &apiv1.ExportEventsRequest{SealOnly: true})
	if err != nil {
		return nil, err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		if message.Seal != nil {
			return message.Seal, nil
		}
	}
}

// compareSeals shows each month as it was and is.
func (s *session) compareSeals(was, is *apiv1.Seal) error {
	before := map[string]*apiv1.MonthSeal{}
	for _, m := range was.Months {
		before[m.Month] = m
	}
	g := grid{columns: []column{
		{name: s.say("月份", "month")}, {name: s.say("有效笔数", "active entries"), numeric: true}, {name: s.say("校验值", "hash")}, {name: ""},
	}}
	same := true
	row := func(m *apiv1.MonthSeal, is, verdict string) {
		g.add(m.Month, strconv.FormatInt(m.Entries, 10), is, verdict)
	}
	for _, m := range is.Months {
		old := before[m.Month]
		delete(before, m.Month)
		if m.Entries == old.GetEntries() && (m.Entries == 0 || m.Hash == old.GetHash()) {
			row(m, m.Hash, s.say("相同", "the same"))
			continue
		}
		same = false
		row(m, m.Hash, fmt.Sprintf(s.say("不同：原为 %d 笔，%s", "differs: it was %d entries, %s"), old.GetEntries(), old.GetHash()))
	}
	for _, m := range was.Months {
		if before[m.Month] != nil && m.Entries > 0 {
			same = false
			row(m, m.Hash, s.say("没有了", "is gone"))
		}
	}
	if err := s.table(g); err != nil {
		return err
	}
	if !same {
		s.note("%s", s.say("有的月份不同：其间到期的期限会增加新的各笔；否则请用 kaohe verify 查看差异",
			"a month differs: deadlines that fell due meanwhile add entries; otherwise look at it with kaohe verify"))
		return errTold
	}
	return nil
}
