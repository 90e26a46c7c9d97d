// Package overload offers a kaohe in a process of its own more than it can
// carry, from several clients of which one floods, and measures what becomes of
// it: what is carried and refused, how long the admitted wait, and the memory.
//
// In flow the program and a memory limit; out flows a point for each step of
// the load. Never here: work for the kaohe that is measured, in whose process
// nothing of this runs.
package overload
