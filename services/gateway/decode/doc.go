// Package decode reads events as callers send them: JSON in its forms and
// CloudEvents 1.0, each event for itself, so that a broken one does not take
// the others with it.
//
// In flow bytes and headers; out flow items for the door, decoded or with the
// field that cannot be read. Never here: what an event means.
package decode
