// Package e2e tests kaohe as its users meet it: the real program, real
// servers, real logs.
package e2e
