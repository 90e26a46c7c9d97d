package app

import (
	"fmt"
	"slices"
	"strings"

	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/run"
)

// Admin is the NATS user that makes and deletes the streams, and restores the
// feed. Nothing that runs needs it.
const Admin = "admin"

// User is somebody NATS knows, and all he may do there.
type User struct {
	Name string
	bus.Rights
}

// Users are all NATS knows: a user for each target, with what its machine
// declares to read and to say in so many partitions and nothing else, and the
// admin.
func Users(partitions int) []User {
	all := []User{{Admin, bus.RightsOfAdmin(Admin)}}
	for _, t := range targets() {
		if t.stands == nil {
			all = append(all, User{t.name, t.rights(partitions)})
		}
	}
	return all
}

func (t target) rights(partitions int) bus.Rights {
	switch {
	case t.name == Notify: // it says nothing inside
		return bus.RightsOf(t.name, nil, t.reads(), nil)
	case t.machine == nil:
		return bus.RightsOf(t.name, []string{bus.FeedBatches, bus.FeedEvents}, t.reads(), map[string][]string{bus.Facts: views.PolicySubjects(), bus.Feed: {bus.FeedBatches}})
	}
	return bus.RightsOf(t.name, run.Says(t.machine(), t.stream, partitions), t.reads(), nil)
}

// Accounts gives the part of a NATS server's configuration that lets in the
// users and nobody else. The public keys come from the server's environment, so
// that it holds no secret and is the same for everybody.
func Accounts(partitions int) string {
	var text strings.Builder
	fmt.Fprintf(&text, `# Who may do what in NATS: printed by "kaohe nats accounts --partitions %d".
# The public keys come from the environment; "kaohe nats keys" makes them.
accounts {
  KAOHE {
    jetstream: enabled
    users: [
`, partitions)
	for _, user := range Users(partitions) {
		fmt.Fprintf(&text, "      {\n        # %s\n        nkey: $%s\n        permissions: {\n", user.Name, keyVariable(user.Name))
		allow(&text, "publish", user.Publish)
		allow(&text, "subscribe", user.Subscribe)
		text.WriteString("        }\n      }\n")
	}
	text.WriteString("    ]\n  }\n}\n")
	return text.String()
}

func allow(text *strings.Builder, what string, subjects []string) {
	fmt.Fprintf(text, "          %s: { allow: [\n", what)
	for _, subject := range slices.Sorted(slices.Values(subjects)) {
		fmt.Fprintf(text, "            %q\n", subject)
	}
	text.WriteString("          ] }\n")
}

// keyVariable is where the server finds a user's public key.
func keyVariable(user string) string {
	return "NKEY_" + strings.ToUpper(strings.ReplaceAll(user, "-", "_"))
}
