package bus

import "slices"

// Rights are all a user of NATS may do: subjects it may publish to, requests to
// the server among them, and subjects it may listen to.
type Rights struct {
	Publish, Subscribe []string
}

// RightsOf are what a user needs who appends to subjects and reads streams. Of
// lookUp, subjects of a stream it reads, it may ask for the last message.
func RightsOf(user string, appends, reads []string, lookUp map[string][]string) Rights {
	publish := slices.Clone(appends)
	for _, stream := range reads {
		publish = append(publish,
			"$JS.API.STREAM.INFO."+stream,
			"$JS.API.CONSUMER.CREATE."+stream+".>",
			"$JS.API.CONSUMER.MSG.NEXT."+stream+".*",
			"$JS.API.CONSUMER.DELETE."+stream+".*",
		)
		for _, subject := range lookUp[stream] {
			publish = append(publish, "$JS.API.DIRECT.GET."+stream+"."+subject)
		}
	}
	return Rights{Publish: publish, Subscribe: []string{inbox(user) + ".>"}}
}

// RightsOfAdmin are what a user needs who makes, looks up and deletes the
// streams, and restores the feed, which he binds to its end.
func RightsOfAdmin(user string) Rights {
	publish := []string{FeedBatches, "$JS.API.DIRECT.GET." + Feed + "." + FeedBatches}
	for _, stream := range []string{Feed, Facts, Ledger} {
		for _, request := range []string{"CREATE", "UPDATE", "INFO", "DELETE"} {
			publish = append(publish, "$JS.API.STREAM."+request+"."+stream)
		}
	}
	return Rights{Publish: publish, Subscribe: []string{inbox(user) + ".>"}}
}
