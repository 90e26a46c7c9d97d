package sqlitestore

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/encoding/protowire"

	"kaohe.dev/services/internal/store"
)

// SQLite sees damage to the structure of a file, not to what is in it. So every
// body carries a seal at its end: the version it belongs to and a checksum of the
// whole document. To a program that does not know it, it is a field of the body
// that it does not know; what such a program writes over it has another version,
// and counts as without a seal.

const (
	// sealField is the last field number there is.
	sealField = protowire.Number(1<<29 - 1)
	sealBytes = 16
)

// sealTag is what a seal begins with.
var sealTag = protowire.AppendVarint(protowire.AppendTag(nil, sealField, protowire.BytesType), sealBytes)

// seal adds the seal to an encoded body. Fields are in the order of the
// collection.
func seal(body []byte, key string, version int64, fields []any) []byte {
	sum := checksum(body, key, version, fields)
	body = append(body, sealTag...)
	body = binary.LittleEndian.AppendUint64(body, uint64(version))
	return binary.LittleEndian.AppendUint64(body, sum)
}

// unseal gives the body without its seal, and reports whether it is as it was
// sealed.
func unseal(sealed []byte, key string, version int64, fields []any) (body []byte, whole bool) {
	at := len(sealed) - len(sealTag) - sealBytes
	if at < 0 || !bytes.Equal(sealed[at:at+len(sealTag)], sealTag) {
		return sealed, true
	}
	body, of := sealed[:at], sealed[at+len(sealTag):]
	if int64(binary.LittleEndian.Uint64(of)) != version {
		return body, true
	}
	return body, binary.LittleEndian.Uint64(of[8:]) == checksum(body, key, version, fields)
}

func checksum(body []byte, key string, version int64, fields []any) uint64 {
	hash := xxhash.New()
	write := func(piece []byte) {
		var size [8]byte
		binary.LittleEndian.PutUint64(size[:], uint64(len(piece)))
		_, _ = hash.Write(size[:]) // a hash takes everything
		_, _ = hash.Write(piece)
	}
	write([]byte(key))
	write(binary.LittleEndian.AppendUint64(nil, uint64(version)))
	for _, value := range fields {
		write(fmt.Append(nil, value))
	}
	write(body)
	return hash.Sum64()
}

// damaged says that a document is not as it was stored.
func (t *table) damaged(key string) error {
	return fmt.Errorf("%w: %s %q in %s is not as it was stored: stop kaohe and start it again, it looks at the whole file then",
		store.ErrCorrupt, t.Name, key, t.file.path)
}
