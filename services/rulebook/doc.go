// Package rulebook is the operator's rules as data: items, rules, points,
// limits, commitment classes and calendars, versioned and effective by month.
//
// In flow YAML documents and facts; out flow charges: which rule of which
// version costs or gives how many points on which item. Never here: a clock, a
// database, or the recognition of facts.
package rulebook
