// Package app puts kaohe together: one table of targets, one way to start and
// stop them, whether all run in one process or each in its own.
//
// In flow a Config; out flow running services. Never here: what a service
// decides.
package app
