package bus

import (
	"slices"
	"strings"
)

// Rights are all a user of NATS may do: subjects it may publish to, requests to
// the server among them, and subjects it may listen to.
type Rights struct {
	Publish, Subscribe []string
}

// JetStream is asked by these subjects in the account that has the streams, and by
// the others in accounts that are let in: those have the first for a JetStream of
// their own, and would be told that there is none.
const (
	apiHere      = "$JS.API."
	apiElsewhere = "KAOHE.API."
)

// Asked gives what a subject of a service's account is in the account with the
// streams.
func Asked(subject string) string {
	if request, ok := strings.CutPrefix(subject, apiElsewhere); ok {
		return apiHere + request
	}
	return subject
}

// nextMessages begins the requests that are answered by many messages.
const nextMessages = "CONSUMER.MSG.NEXT."

// Streams reports whether a request is answered by many messages.
func Streams(subject string) bool { return strings.HasPrefix(Asked(subject), apiHere+nextMessages) }

// RightsOf are what a user needs who appends to subjects and reads streams, from
// an account of its own. Of lookUp, subjects of a stream it reads, it may ask for
// the last message.
func RightsOf(user string, appends, reads []string, lookUp map[string][]string) Rights {
	publish := slices.Clone(appends)
	for _, stream := range reads {
		publish = append(publish,
			apiElsewhere+"STREAM.INFO."+stream,
			apiElsewhere+"CONSUMER.CREATE."+stream+".>",
			apiElsewhere+nextMessages+stream+".*",
			apiElsewhere+"CONSUMER.DELETE."+stream+".*",
		)
		for _, subject := range lookUp[stream] {
			publish = append(publish, apiElsewhere+"DIRECT.GET."+stream+"."+subject)
		}
	}
	return Rights{Publish: publish, Subscribe: []string{inbox(user) + ".>"}}
}

// RightsOfAdmin are what a user needs who makes, looks up and deletes the
// streams, restores the feed, which he binds to its end, and archives it.
func RightsOfAdmin(user string) Rights {
	publish := []string{FeedBatches, apiHere + "DIRECT.GET." + Feed + "." + FeedBatches}
	for _, stream := range []string{Feed, Facts, Ledger} {
		for _, request := range []string{"CREATE", "UPDATE", "INFO", "DELETE"} {
			publish = append(publish, apiHere+"STREAM."+request+"."+stream)
		}
	}
	publish = append(publish, apiHere+"STREAM.PURGE."+Feed,
		apiHere+"CONSUMER.CREATE."+Feed+".>", apiHere+nextMessages+Feed+".*", apiHere+"CONSUMER.DELETE."+Feed+".*")
	return Rights{Publish: publish, Subscribe: []string{inbox(user) + ".>"}}
}
