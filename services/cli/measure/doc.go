// Package measure measures a real kaohe in this process: what an event costs
// from the door to its decision, how soon a reader sees it, how late deadlines
// fire, and what all that costs beside the bare parts it is made of.
//
// In flow sizes; out flow figures, each beside a baseline where one can be
// measured in the same run. Never here: a figure that was not measured, or a
// shortcut past the door.
package measure
