// Package archtest keeps the rules of the house that a machine can check: who
// says and hears which fact, and what the pure core may import.
package archtest
