package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/sealed"
)

// A backup is a directory: the log in compressed files, the key of the customer
// references, and a manifest, which is written last and makes it whole.
const (
	manifestName = "manifest.json"
	// backupFormat changes when an older kaohe could not read it.
	backupFormat = 1
	// perFile is about how many events a file of the log holds.
	perFile = 100_000
)

type manifest struct {
	Format int             `json:"format"`
	Seal   json.RawMessage `json:"seal"` // a kaohe.api.v1.Seal
	// Damaged says that the log was damaged when it was backed up: the backup has
	// what could be read.
	Damaged bool         `json:"damaged,omitempty"`
	Files   []backupFile `json:"files"`
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
		bar.of(w.events, message.EventsTotal)
	}
}

// sealed writes the manifest and tells what is backed up.
func (s *session) sealed(dir string, seal *apiv1.Seal, files []backupFile) error {
	key := false
	for _, data := range s.directories() {
		raw, err := os.ReadFile(filepath.Join(data, app.CustomerKey))
		if err == nil {
			key = true
			if err := durable.Replace(filepath.Join(dir, app.CustomerKey), raw); err != nil {
				return err
			}
			break
		}
	}
	raw, err := protojson.Marshal(seal)
	if err != nil {
		return fmt.Errorf("write the seal: %w", err)
	}
	whole := s.logWhole(seal.Log)
	m, err := json.MarshalIndent(manifest{Format: backupFormat, Seal: raw, Damaged: !whole, Files: files}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := durable.Replace(filepath.Join(dir, manifestName), append(m, '\n')); err != nil {
		return err
	}
	if !key {
		s.note("%s", s.say("没有找到 customer.key：请从数据目录另行保存，否则恢复后客户编号对不上新事件",
			"customer.key was not found: save it from the data directory, or customers of new events will not match those restored"))
	}
	s.note(s.say("%d 个事件，%d 个月", "%d events, %d months"), seal.Events, len(seal.Months))
	if !whole {
		s.note("%s", s.say("这不是完整的备份：只含还能读到的内容，恢复时须加 --damaged；旧的完整备份请保留",
			"this is not a whole backup: it has what can still be read, and is restored with --damaged only; keep the older whole ones"))
		return errTold
	}
	return nil
}

// newDirectory makes a directory that nothing is in.
func newDirectory(dir string) error {
	if err := durable.Dir(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty; give a new directory", dir)
	}
	return err
}

// backupWriter writes the log, a file after the other.
type backupWriter struct {
	dir    string
	files  []backupFile
	events int64
	file   *sealed.Writer
}

func (w *backupWriter) add(events []*feedv1.Event) error {
	if w.file != nil && w.files[len(w.files)-1].Events >= perFile {
		if err := w.end(); err != nil {
			return err
		}
	}
	if w.file == nil {
		name := fmt.Sprintf("events-%05d.pb.gz", len(w.files)+1)
		file, err := sealed.Create(filepath.Join(w.dir, name))
		if err != nil {
			return err
		}
		w.file = file
		w.files = append(w.files, backupFile{Name: name})
	}
	batch, err := proto.Marshal(&feedv1.EventBatch{Events: events})
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	w.events += int64(len(events))
	w.files[len(w.files)-1].Events += int64(len(events))
	return w.file.Add(batch)
}

// end ends the file and notes its hash.
func (w *backupWriter) end() (err error) {
	if w.file == nil {
		return nil
	}
	w.files[len(w.files)-1].SHA256, err = w.file.Seal()
	w.file = nil
	return err
}

func (s *session) restore() *cobra.Command {
	config, level, damaged := app.Defaults(), "warn", false
	cmd := &cobra.Command{
		Use: "restore DIR", Args: cobra.ExactArgs(1),
		Short: s.say("由备份恢复，并核对各月", "restore a backup and check every month"),
		Long: s.say("先核对备份文件，再把事件写入新的数据目录，重新判定，最后把每个月与备份时的校验值比较。不同则退出码 1。\n"+
			"完成之前数据目录不可作他用；中断后再次执行即可。",
			"Checks the files of a backup, writes the events into a new data directory, decides everything anew, and compares\n"+
				"every month with its hash in the backup. The exit code is 1 when one differs. Until it is done nothing else uses the\n"+
				"data directory; when interrupted, run it again."),
		Example: s.examples("kaohe restore /backup/2026-11-22 --data ./data", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			return s.restoreFrom(cmd.Context(), args[0], config, damaged)
		},
	}
	s.appFlags(cmd, &config, &level)
	cmd.Flags().BoolVar(&damaged, "damaged", false, s.say("也恢复由损坏的日志做的备份", "restore a backup of a damaged log, too"))
	return cmd
}

func (s *session) restoreFrom(ctx context.Context, dir string, config app.Config, damaged bool) error {
	m, seal, err := s.checkedBackup(dir)
	if err != nil {
		return err
	}
	if m.Damaged && !damaged {
		return fmt.Errorf(s.say("%s 备份时日志已损坏，并不完整；请用更早的备份，或加 --damaged 恢复其中的内容",
			"the log was damaged when %s was made, so it is not whole; use an older backup, or give --damaged to restore what it has"), dir)
	}
	backup, err := identified(dir)
	if err != nil {
		return err
	}
	config.Work = app.WorkRestore
	r := &backupReader{dir: dir, files: m.Files}
	bar := s.progress(s.say("恢复事件", "restore events"), seal.Events, false)
	backup.Next = func() ([]*feedv1.Event, error) {
		events, err := r.next()
		bar.add(int64(len(events)))
		return events, err
	}
	err = app.Restore(ctx, config, backup)
	bar.done()
	if err = errors.Join(err, r.close()); err != nil {
		return err
	}
	return s.decideAnew(ctx, config, seal)
}

// identified gives what tells a backup from others, and its key.
func identified(dir string) (b app.Backup, err error) {
	if b.Source, err = filepath.Abs(dir); err != nil {
		return b, err
	}
	if b.ID, err = sealed.Hash(filepath.Join(dir, manifestName)); err != nil {
		return b, err
	}
	b.CustomerKey, err = os.ReadFile(filepath.Join(dir, app.CustomerKey))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return b, err
}

// checkedBackup reads the manifest of a backup and makes sure that its files are
// as they were written.
func (s *session) checkedBackup(dir string) (m manifest, seal *apiv1.Seal, err error) {
	if m, seal, err = readManifest(dir); err != nil {
		return m, nil, err
	}
	for _, file := range m.Files {
		sum, err := sealed.Hash(filepath.Join(dir, file.Name))
		if err != nil {
			return m, nil, err
		}
		if sum != file.SHA256 {
			return m, nil, fmt.Errorf(s.say("%s 已损坏：校验值不是备份时的；请用另一份备份", "%s is damaged: it has not the hash it was backed up with; use another backup"), file.Name)
		}
	}
	return m, seal, nil
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
	file  *sealed.Reader
}

// next gives the next events, none at the end.
func (r *backupReader) next() ([]*feedv1.Event, error) {
	for {
		if r.file == nil {
			if len(r.files) == 0 {
				return nil, nil
			}
			file, err := sealed.Open(filepath.Join(r.dir, r.files[0].Name))
			if err != nil {
				return nil, err
			}
			r.files, r.file = r.files[1:], file
		}
		raw, err := r.file.Next()
		if errors.Is(err, io.EOF) {
			if err := r.close(); err != nil {
				return nil, err
			}
			continue
		}
		batch := &feedv1.EventBatch{}
		if err := errors.Join(err, proto.Unmarshal(raw, batch)); err != nil {
			return nil, err
		}
		if len(batch.Events) > 0 {
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
