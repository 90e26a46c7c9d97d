// Package adversary attacks the real program the way strangers, careless callers
// and bad days do: every test is an attack that once worked, with its
// neighbours. What is attacked listens on the loopback only.
package adversary
