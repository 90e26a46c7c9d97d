package cli

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/period"
	"kaohe.dev/services/phrase"
)

// operatorZone is where months begin unless a unit says otherwise.
func operatorZone() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return time.FixedZone("UTC+8", 8*60*60) // the zone has had this offset since 1991
	}
	return zone
}

// thisMonth is the running month, yyyy-mm.
func thisMonth() string { return period.Of(period.Month, time.Now().In(operatorZone())).String() }

// zones are the zones of the units: an instant is shown on the clock that the
// unit is judged by.
type zones map[string]*time.Location

func (r *remote) zones(ctx context.Context) (zones, error) {
	units, err := r.scores.ListUnits(ctx, &apiv1.ListUnitsRequest{})
	if err != nil {
		return nil, err
	}
	z := zones{}
	for _, u := range units.Units {
		if zone, err := time.LoadLocation(u.Zone); err == nil && u.Zone != "" {
			z[u.Unit] = zone
		}
	}
	return z, nil
}

func (z zones) of(unit string) *time.Location {
	if zone := z[unit]; zone != nil {
		return zone
	}
	return operatorZone()
}

// at shows an instant on a unit's clock.
func (z zones) at(unit string, t *timestamppb.Timestamp) string {
	if t == nil {
		return "—"
	}
	return phrase.Instant(t.AsTime(), z.of(unit))
}
