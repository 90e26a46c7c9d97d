package store

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// Cursor is the position of the last row returned: its order value and key (ties are broken by key).
type Cursor struct {
	Value any // string or int64; nil when ordered by key
	Key   string
}

// The first byte of an encoded cursor says what its order value is.
const (
	cursorKey    = 'k'
	cursorString = 's'
	cursorInt64  = 'i'
)

// Encode makes an opaque page token, safe in URLs.
func (c Cursor) Encode() string {
	var b []byte
	switch v := c.Value.(type) {
	case string:
		b = append(b, cursorString)
		b = binary.AppendUvarint(b, uint64(len(v)))
		b = append(b, v...)
	case int64:
		b = append(b, cursorInt64)
		b = binary.AppendVarint(b, v)
	default:
		b = append(b, cursorKey)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, c.Key...))
}

// DecodeCursor reads a page token made by Encode; anything else is ErrCursor.
func DecodeCursor(token string) (*Cursor, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("%w: not a page token", ErrCursor)
	}
	kind, b := b[0], b[1:]
	c := &Cursor{}
	switch kind {
	case cursorKey:
	case cursorString:
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return nil, fmt.Errorf("%w: cut short", ErrCursor)
		}
		b = b[used:]
		c.Value, b = string(b[:n]), b[n:]
	case cursorInt64:
		v, used := binary.Varint(b)
		if used <= 0 {
			return nil, fmt.Errorf("%w: cut short", ErrCursor)
		}
		c.Value, b = v, b[used:]
	default:
		return nil, fmt.Errorf("%w: unknown kind", ErrCursor)
	}
	c.Key = string(b)
	if err := checkText("key", c.Key); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCursor, err)
	}
	return c, nil
}
