package chain

import (
	"fmt"
	"strconv"
	"strings"
)

// Range are sequences, both ends included.
type Range struct{ From, To uint64 }

// Ranges are sequences of a log.
type Ranges []Range

// String writes them as people do: 7,12-15.
func (r Ranges) String() string {
	parts := make([]string, len(r))
	for i, one := range r {
		parts[i] = strconv.FormatUint(one.From, 10)
		if one.To > one.From {
			parts[i] += "-" + strconv.FormatUint(one.To, 10)
		}
	}
	return strings.Join(parts, ",")
}

// parseRanges reads what String writes.
func parseRanges(text string) (all Ranges, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, several := strings.Cut(part, "-")
		if !several {
			to = from
		}
		var r Range
		if r.From, err = strconv.ParseUint(from, 10, 64); err == nil {
			r.To, err = strconv.ParseUint(to, 10, 64)
		}
		if err != nil || r.To < r.From {
			return nil, fmt.Errorf("%q are no sequences", part)
		}
		all = append(all, r)
	}
	return all, nil
}

// Cover reports whether all of a range lies in one of them.
func (r Ranges) Cover(one Range) bool {
	for _, wide := range r {
		if wide.From <= one.From && one.To <= wide.To {
			return true
		}
	}
	return false
}
