package app

import (
	"fmt"
	"maps"
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

// streamsAccount has the streams, and nobody but the admin in it.
const streamsAccount = "KAOHE"

// Accounts gives the part of a NATS server's configuration that lets in the
// users and nobody else. The public keys come from the server's environment, so
// that it holds no secret and is the same for everybody.
//
// Each service is an account of its own, that sees of the account with the
// streams what is exported to it: a service for each subject it may publish to.
// NATS asks for no permission where an answer goes. Between accounts an answer
// goes back to who asked and nowhere else, so that nobody can name a stream, or a
// request to JetStream, as the place to send a message to.
func Accounts(partitions int) string {
	users := Users(partitions)
	var text strings.Builder
	fmt.Fprintf(&text, `# Who may do what in NATS: printed by "kaohe nats accounts --partitions %d".
# The public keys come from the environment; "kaohe nats keys" makes them.
accounts {
  %s {
    jetstream: enabled
    users: [
`, partitions, streamsAccount)
	addUser(&text, users[0])
	text.WriteString("    ]\n    exports: [\n")
	for _, service := range services(users[1:]) {
		fmt.Fprintf(&text, "      { service: %q, accounts: [%s]%s }\n", service.subject, strings.Join(service.accounts, ", "), service.answers())
	}
	text.WriteString("    ]\n  }\n")
	for _, user := range users[1:] {
		fmt.Fprintf(&text, "  %s {\n    users: [\n", accountOf(user))
		addUser(&text, user)
		text.WriteString("    ]\n    imports: [\n")
		for _, subject := range slices.Sorted(slices.Values(user.Publish)) {
			fmt.Fprintf(&text, "      { service: { account: %s, subject: %q }%s }\n", streamsAccount, bus.Asked(subject), called(subject))
		}
		text.WriteString("    ]\n  }\n")
	}
	text.WriteString("}\n")
	return text.String()
}

// service is what the account with the streams lets some accounts ask.
type service struct {
	subject  string
	accounts []string
}

// services are all that somebody may publish to, sorted, with who may.
func services(users []User) (all []service) {
	accounts := map[string][]string{}
	for _, user := range users {
		for _, subject := range user.Publish {
			asked := bus.Asked(subject)
			accounts[asked] = append(accounts[asked], accountOf(user))
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(accounts)) {
		all = append(all, service{subject, accounts[subject]})
	}
	return all
}

// answers: who asks for messages gets as many as there are.
func (s service) answers() string {
	if bus.Streams(s.subject) {
		return ", response_type: stream"
	}
	return ""
}

// called is what a service is called by who imports it, where that is another
// name.
func called(subject string) string {
	if bus.Asked(subject) == subject {
		return ""
	}
	return fmt.Sprintf(", to: %q", subject)
}

func accountOf(user User) string { return strings.ToUpper(strings.ReplaceAll(user.Name, "-", "_")) }

func addUser(text *strings.Builder, user User) {
	fmt.Fprintf(text, "      {\n        # %s\n        nkey: $%s\n        permissions: {\n", user.Name, keyVariable(user.Name))
	allow(text, "publish", user.Publish)
	allow(text, "subscribe", user.Subscribe)
	text.WriteString("        }\n      }\n")
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
