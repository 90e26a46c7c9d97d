package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// maxCards bounds the cache: a scorecard is about 8 kB of JSON.
const maxCards = 4096

// cardCache keeps scorecards as they were last sent. The zero value is ready.
type cardCache struct {
	mu    sync.RWMutex
	cards map[string]card
}

type card struct {
	sequence uint64
	aside    uint64 // of the views, when it was made
	json     []byte
}

func (c *cardCache) get(month, unit string) (card, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found, ok := c.cards[month+"/"+unit]
	return found, ok
}

func (c *cardCache) put(month, unit string, fresh card) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cards == nil || len(c.cards) >= maxCards {
		c.cards = map[string]card{}
	}
	c.cards[month+"/"+unit] = fresh
}

// scorecard is GET of one scorecard: the most asked for, so it is marshalled
// once for each change. A card that is not the newest is never sent.
func (g *Gateway) scorecard(w http.ResponseWriter, r *http.Request) {
	month, unit := r.PathValue("month"), r.PathValue("unit")
	found, ok := g.cards.get(month, unit)
	aside := g.views.AsideChanged()
	if !ok || found.aside != aside || found.sequence < g.views.Newest(month, unit) {
		fresh, err := (&scoreServer{g: g}).GetScorecard(r.Context(), &apiv1.GetScorecardRequest{Month: month, Unit: unit})
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		raw, err := toJSON.Marshal(fresh)
		if err != nil {
			problemOf(err).write(w, r)
			return
		}
		found = card{fresh.Sequence, aside, raw}
		if fresh.Sequence > 0 {
			g.cards.put(month, unit, found)
		}
	}
	header := w.Header()
	header["Content-Type"] = contentJSON
	header["Content-Length"] = []string{strconv.Itoa(len(found.json))}
	_, _ = w.Write(found.json) // the caller may be gone
}

var contentJSON = []string{"application/json"}

// listMonths is GET /v1/months: the months with scores, the latest first.
func (g *Gateway) listMonths(w http.ResponseWriter, r *http.Request) {
	months, err := g.views.Months(r.Context())
	if err != nil {
		problemOf(err).write(w, r)
		return
	}
	w.Header()["Content-Type"] = contentJSON
	_ = json.NewEncoder(w).Encode(map[string][]string{"months": append([]string{}, months...)})
}

func writeMessage(w http.ResponseWriter, r *http.Request, m proto.Message) {
	raw, err := toJSON.Marshal(m)
	if err != nil {
		problemOf(err).write(w, r)
		return
	}
	w.Header()["Content-Type"] = contentJSON
	_, _ = w.Write(raw) // the caller may be gone
}
