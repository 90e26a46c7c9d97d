// Package traces follows single events through the house with OpenTelemetry:
// from the door, over every service that has a say, to who reads the entry.
//
// In flow a traceparent of the W3C that came with a push or with a record of
// the bus; out flow spans to a collector, and the traceparent that what is said
// next carries on. Never here: what is decided. Nothing that is stored or
// compared depends on whether anybody follows it.
//
//  1. Who is not followed costs nothing: a nil *Tracer and a zero Span do
//     nothing, and only followed records carry anything on the bus.
//  2. Whether an event is followed is settled once, at the door or by who
//     pushes it; everybody behind goes by that.
//  3. A collector that is slow or gone costs spans, never an event: what finds
//     no room in the queue is dropped.
//
// It is the one package that knows OpenTelemetry.
package traces
