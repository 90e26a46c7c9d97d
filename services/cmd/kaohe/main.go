// Command kaohe keeps live service scores from a ticket feed. In flow
// arguments and signals; out flows an exit code. All else is in package cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"kaohe.dev/services/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(cli.Run(ctx, os.Args[1:], cli.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Now: now}))
}
