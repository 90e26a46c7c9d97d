// Package run is the one shell that runs every service: it reads a batch of
// inputs, loads the documents, steps the machine, appends what the machine
// says, commits the documents with the position, and goes on.
//
// What must hold, and why it does:
//
//  1. What was said is said again after a crash, with the same revisions: the
//     position moves only with the documents, inputs come in the same order
//     again, and a step says the same about the same input.
//  2. A document takes an input once, whatever part of a commit survived.
//  3. Time is an input. A deadline that falls due is appended to the stream as
//     a wake and comes back at its own place in the order. If it were acted on
//     directly, a crash between saying and committing could leave a fact that
//     nobody remembers having said.
//  4. What can only fail is set aside, found before anything is said of it, and
//     the service goes on; see isolate. Faults that may pass are tried again.
//  5. A marker passes a service after everything before it, and after all
//     deadlines up to the marker's instant have been judged.
package run
