// Package gateway is the way in and out of kaohe: gRPC, REST, server-sent
// events and a live page.
//
// In flow events, through the door, and questions; out flow verdicts, scores,
// entries and their explanations. Never here: a decision about points. The
// gateway calls no service: it appends to FEED and reads views.
//
// Every call but health, the static pages and the API's description needs the
// token. Errors say what to do, in the language of Accept-Language, Chinese
// when it names neither.
package gateway
