// Package importer turns the logs that call centres really have into events.
//
// In flow a mapping (YAML) and files (csv, csv.gz, ndjson); out flow events of
// the feed, each with the line it came from, and a rejects file. Never here: a
// broker, a database, the wall clock.
//
//  1. A mapping is data. It names columns, layouts of time and CEL expressions
//     over row and prev, the same ticket's row before. Nothing about a
//     particular source is in Go.
//  2. A row never tells what lay in its future. A final column, which holds the
//     last value on every row, is absent until the row's own time has come; a
//     row or an event later than the as-of instant is left out.
//  3. The id of an event depends on the ticket and the ticket's rows alone. The
//     order of lines and files does not matter, and importing twice says the
//     same events with the same ids.
//  4. Every event is on the import's named clock, so no wall-clock deadline is
//     armed and nothing is notified. Whoever runs the import moves that clock
//     to the as-of instant when all is in.
//  5. A bad row is rejected with file, line, column, value and reason; it never
//     stops an import. A bad mapping or a missing column stops it at once.
//  6. One row per ticket streams in constant memory. One row per update keeps
//     the columns the mapping reads in memory, to order each ticket's rows.
package importer
