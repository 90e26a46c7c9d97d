// Package deploycheck reads everything under deploy/ the way those do who will
// run it, and says what they would refuse, or what would start and not work.
//
// In flow the files of deploy/ and the built program; out flow problems, one
// line each with its place. Nothing is started, nothing is fetched.
//
//  1. The readers are those of the real thing: kustomize, the types of
//     Kubernetes decoded strictly, its pod security standards, compose-go,
//     BuildKit's parser, Prometheus' rules, the NATS configuration parser.
//  2. What kaohe is told, on command lines, in environments and files, is read
//     by kaohe itself (kaohe config).
//  3. What must fit together is compared: selectors with labels, ports with
//     ports, the network policies with who has to reach whom.
//  4. Every check is shown to fail: planted_test.go breaks each thing once.
//
// It is a module of its own, so that what it depends on stays out of kaohe.
package deploycheck
