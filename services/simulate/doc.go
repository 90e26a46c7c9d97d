// Package simulate makes up events that look like a call centre's, for the
// demonstration, benchmarks and tests.
//
// In flow a seed; out flow events of the feed, the same for the same seed,
// byte for byte. Never here: real people, the present time, a broker.
//
// Month is a whole month of six business units: some thousand events in which
// every rule of the default rulebook comes to bear at least once. Load is a
// stream of plausible tickets of any length.
//
// A month is planned, then told. First every unit gets its ordinary tickets,
// which break no rule; then incidents, listed by unit in a table, change a
// ticket's plan or add complaints, outages and decisions; last all is written
// down as events in the order they happen.
package simulate
