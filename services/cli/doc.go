// Package cli is the command line of kaohe: every command, its help and its
// words in both languages of the operator.
//
// In flow arguments, standard input and the answers of a running kaohe; out
// flow tables, JSON or CSV on standard output, progress and errors on standard
// error, and an exit code. Never here: a decision about a score.
//
//  1. A command that asks a running kaohe speaks gRPC to --addr, like any other
//     client; only `up`, `serve`, `demo` and `bench` start something.
//  2. Standard output carries the answer alone, so that it can be piped.
//     Colours and moving progress appear on a terminal only, and never when
//     NO_COLOR is set.
//  3. What comes from outside is printed without its control characters.
//  4. An error says what to do next.
package cli
