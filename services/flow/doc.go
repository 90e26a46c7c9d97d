// Package flow is the pure kernel that every service of kaohe is built on.
//
// In flow facts and instants; out flow facts and the next instant to look
// again. Never here: a clock, chance, a goroutine, a database or a broker.
//
//  1. A verdict is a function of all that is known of a key, the policy and
//     an instant: Service.Decide. It never sees the order things arrived in.
//  2. What a service says is the difference between what it decides now and
//     what it said before; Emit computes it. A fact keeps its id; a higher
//     revision replaces a lower one.
//  3. A revision is the place of the input that caused it. A service that
//     does its work again after a crash reads the same inputs in the same
//     order, so it says the same facts with the same revisions.
//  4. A wake is a wish: it comes back as an input, at its own place in the
//     stream, and the verdict is derived again. A stale one changes nothing.
//  5. A large fact is told in pieces, of which only those are said that are new;
//     a dossier puts them together again when their head comes.
//  6. A document takes an input only once: Document.Sequence guards it.
package flow
