package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// interrupted starts a command of an operator and kills it (kill -9) at the
// moment of the fault; it reports whether the command had ended well by then.
func interrupted(p *province, f fault, args ...string) (ended bool) {
	command := start(p.t, program, append(args, "--lang", "en")...)
	moment := time.NewTimer(f.moment)
	defer moment.Stop()
	select {
	case <-command.done:
	case <-moment.C:
		command.kill()
	}
	return command.cmd.ProcessState.ExitCode() == 0
}

// atGateway are the flags of a command that asks a gateway.
func atGateway(m *member, args ...string) []string {
	return append(args, "--addr", m.grpc, "--data", m.data)
}

// works wants a command of an operator to do what it is for.
func works(p *province, args ...string) string {
	p.t.Helper()
	out, ok := command(p.t, args...)
	if !ok {
		p.t.Errorf("kaohe %s, after it was interrupted: %s", strings.Join(args, " "), out)
	}
	return out
}

// aTokenIsInterrupted: nobody knows whether it was made. It is listed or not, and
// the next one is made.
func aTokenIsInterrupted(p *province, f fault) (heal func()) {
	m := p.gateways[f.gateway]
	interrupted(p, f, atGateway(m, "token", "create", "--role", "feed", "--name", "interrupted")...)
	return func() {
		works(p, atGateway(m, "token", "list")...)
		works(p, atGateway(m, "token", "create", "--role", "feed", "--name", "afterwards")...)
	}
}

// aPublishingIsInterrupted: the rulebook, for a month far ahead, is published or
// not, and publishing it once more is right in both cases.
func aPublishingIsInterrupted(p *province, f fault) (heal func()) {
	m := p.gateways[f.gateway]
	raw, err := os.ReadFile("../services/rulebook/data/96766.yaml")
	if err != nil {
		p.t.Fatal(err)
	}
	book := write(p.t, "book.yaml", strings.Replace(string(raw), `version: "96766-1"`, `version: interrupted`, 1))
	args := atGateway(m, "rulebook", "publish", book, "--month", "2099-01")
	interrupted(p, f, args...)
	return func() { works(p, args...) }
}

// aBackupIsInterrupted: without its end it is no backup, and says so; the next
// one, elsewhere, is whole.
func aBackupIsInterrupted(p *province, f fault) (heal func()) {
	m, dir := p.gateways[f.gateway], p.t.TempDir()
	half := filepath.Join(dir, "half")
	ended := interrupted(p, f, atGateway(m, "backup", half)...)
	return func() {
		if _, err := os.Stat(filepath.Join(half, "manifest.json")); !ended && err != nil {
			if out, ok := command(p.t, "restore", half, "--data", filepath.Join(dir, "restored")); ok {
				p.t.Errorf("a backup without its end was restored: %s", out)
			}
		}
		works(p, atGateway(m, "backup", filepath.Join(dir, "whole"))...)
	}
}

// aRestoreIsInterrupted: nothing else takes the directory, and the same command
// goes on with it and ends with the hashes of the backup.
func aRestoreIsInterrupted(p *province, f fault) (heal func()) {
	args := []string{"restore", p.backup, "--data", filepath.Join(p.t.TempDir(), "data")}
	ended := interrupted(p, f, args...)
	return func() {
		if !ended {
			works(p, args...)
		}
	}
}

// anArchiveIsInterrupted: the same command goes on with it, and what is left and
// the archive together have every hash.
func anArchiveIsInterrupted(p *province, f fault) (heal func()) {
	dir := p.t.TempDir()
	data, archive := filepath.Join(dir, "data"), filepath.Join(dir, "archive")
	works(p, "restore", p.backup, "--data", data)
	here := time.Now().In(time.FixedZone("UTC+8", 8*60*60))
	next := here.AddDate(0, 0, 1-here.Day()).AddDate(0, 1, 0).Format("2006-01")
	args := []string{"archive", "--before", next, "--purge", "--data", data, archive}
	ended := interrupted(p, f, args...)
	return func() {
		if !ended {
			works(p, args...)
		}
		works(p, "rebuild", "--data", data, "--archive", archive)
	}
}

// operatorFaults are commands of an operator that end in the middle.
func operatorFaults() []faultKind {
	return []faultKind{
		{"an operator's token command is interrupted", aTokenIsInterrupted},
		{"an operator's publishing is interrupted", aPublishingIsInterrupted},
		{"an operator's backup is interrupted", aBackupIsInterrupted},
		{"an operator's restore is interrupted", aRestoreIsInterrupted},
		{"an operator's archive is interrupted", anArchiveIsInterrupted},
	}
}

// backUp makes the backup that faults restore.
func (p *province) backUp() {
	p.t.Helper()
	p.backup = filepath.Join(p.t.TempDir(), "backup")
	if out, err := p.gateways[0].kaohe("backup", p.backup); err != nil {
		p.t.Fatal(fmt.Errorf("back up: %w\n%s", err, out))
	}
}
