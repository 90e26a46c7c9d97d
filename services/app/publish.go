package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/period"
	"kaohe.dev/services/rulebook"
)

// publishRulebooks puts the default rulebook and the given files into the feed,
// so that the log holds what it was judged by. A version that is there already
// is left as it is.
func (a *App) publishRulebooks(ctx context.Context) error {
	books := []*rulebook.Rulebook{rulebook.Default()}
	for _, name := range a.config.Rulebooks {
		raw, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read rulebook: %w", err)
		}
		book, err := rulebook.Load("", raw)
		if err != nil {
			return fmt.Errorf("rulebook %s: %w", name, err)
		}
		books = append(books, book)
	}
	events := make([]*feedv1.Event, len(books))
	for i, book := range books {
		events[i] = published(book)
	}
	verdicts, err := a.push(ctx, events)
	if err != nil {
		return fmt.Errorf("publish rulebooks: %w", err)
	}
	for i, v := range verdicts {
		if v.Status == apiv1.EventStatus_EVENT_STATUS_REJECTED {
			return fmt.Errorf("rulebook %s was refused: %s", books[i].Version, v.Error.GetReason())
		}
	}
	return nil
}

// push pushes until it is acknowledged: a NATS without a leader has one soon.
func (a *App) push(ctx context.Context, events []*feedv1.Event) ([]*apiv1.EventVerdict, error) {
	for wait := pause.Between(minWait, maxWait); ; {
		verdicts, err := a.gateway.Push(ctx, events)
		if err == nil || !bus.Transient(err) || ctx.Err() != nil {
			return verdicts, err
		}
		a.note(fmt.Errorf("waiting to publish the rulebooks: %w", err))
		next := wait.Next()
		a.config.Logger.Warn("the rulebooks cannot be published now, trying again", "error", err, "retry_in", next)
		if !pause.Sleep(ctx, next) {
			return nil, errors.Join(err, ctx.Err())
		}
	}
}

// published makes the event of a rulebook of this process: as old as the month
// it is effective from, so that the same file is published once however often
// the process starts.
func published(book *rulebook.Rulebook) *feedv1.Event {
	month, _ := period.ParseMonth(book.EffectiveMonth) // Load has checked it
	e := RulebookPublished(book, book.EffectiveMonth, nil, month.Start(time.UTC))
	e.Source = ownSource
	return e
}

// ownSource is the source of what the program says by itself. Nobody can push
// under it.
const ownSource = "kaohe"

// RulebookPublished makes the event that puts a rulebook in force from a month
// (yyyy-mm) on, for some units or, if none are named, for all. Its id names the content, so that the same rulebook is
// published once and a changed one anew; of two for the same month the one
// published later holds.
func RulebookPublished(book *rulebook.Rulebook, month string, units []string, at time.Time) *feedv1.Event {
	sum := sha256.Sum256(book.Source)
	return &feedv1.Event{
		Id: "rulebook/" + book.Version + "/" + hex.EncodeToString(sum[:6]), Source: "rulebooks",
		OccurredAt: timestamppb.New(at),
		Payload: &feedv1.Event_RulebookPublished{RulebookPublished: &feedv1.RulebookPublished{
			Version: book.Version, EffectiveMonth: month, Yaml: string(book.Source), Units: units,
		}},
	}
}
