package blocks

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/minio/highwayhash"
)

const (
	headerSize   = 22
	checksumSize = 8
	// maxRecord is more than any record has, as the server has it.
	maxRecord = 32 << 20
	// hasHeaders is set in the length of a record whose message has headers.
	hasHeaders = 1 << 31
	// tombstone and erased are set in the sequence of a record that says that
	// another one, or this one, is gone.
	tombstone = 1 << 62
	erased    = 1 << 63
)

// Record is one message as it is in a block.
type Record struct {
	Sequence uint64
	Stored   time.Time
	Subject  string
	// Headers are as on the wire; nil: there are none.
	Headers, Data []byte
	gone          bool // it says that a message is gone
}

// sum is the checksum of the records of a block.
type sum struct{ hash *highwayhash.Digest64 }

func newSum(stream string, block uint32) (sum, error) {
	key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, block))
	hash, err := highwayhash.NewDigest64(key[:])
	return sum{hash}, err
}

func (s sum) of(header []byte, pieces ...[]byte) []byte {
	s.hash.Reset()
	_, _ = s.hash.Write(header[4:20]) // a hash takes everything
	for _, piece := range pieces {
		_, _ = s.hash.Write(piece)
	}
	return s.hash.Sum(nil)
}

// parse reads the record that a piece of a block begins with; 0: it is none.
func (s sum) parse(block []byte) (r Record, size int) {
	if len(block) < headerSize+checksumSize {
		return r, 0
	}
	length := binary.LittleEndian.Uint32(block)
	size = int(length &^ hasHeaders)
	subject := int(binary.LittleEndian.Uint16(block[20:]))
	if size > maxRecord || size > len(block) || headerSize+subject+checksumSize > size {
		return r, 0
	}
	body, checksum := block[headerSize:size-checksumSize], block[size-checksumSize:size]
	name, rest := body[:subject], body[subject:]
	if length&hasHeaders != 0 {
		if len(rest) < 4 {
			return r, 0
		}
		// The length of the headers is not in the checksum.
		headers := binary.LittleEndian.Uint32(rest)
		if rest = rest[4:]; uint64(headers) > uint64(len(rest)) || !wholeHeaders(rest[:headers]) {
			return r, 0
		}
		r.Headers, r.Data = rest[:headers], rest[headers:]
	} else {
		r.Data = rest
	}
	if !bytes.Equal(checksum, s.of(block, name, rest)) {
		return r, 0
	}
	sequence := binary.LittleEndian.Uint64(block[4:])
	r.gone = sequence&(tombstone|erased) != 0 || sequence == 0
	// Nor is the length of the subject.
	if !r.gone && !validSubject(name) {
		return r, 0
	}
	r.Sequence = sequence &^ (tombstone | erased)
	r.Stored = time.Unix(0, int64(binary.LittleEndian.Uint64(block[12:]))).UTC()
	r.Subject = string(name)
	return r, size
}

// wholeHeaders tells whether something begins and ends as headers do, and does
// so once.
func wholeHeaders(headers []byte) bool {
	end := bytes.Index(headers, []byte("\r\n\r\n"))
	return bytes.HasPrefix(headers, []byte("NATS/1.0\r\n")) && end == len(headers)-4
}

// validSubject tells whether something can be a subject of kaohe's streams.
func validSubject(subject []byte) bool {
	for _, c := range subject {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return len(subject) > 0
}

// encode gives the bytes of a record.
func (s sum) encode(r Record) []byte {
	headers := []byte(nil)
	length := uint32(headerSize + len(r.Subject) + len(r.Data) + checksumSize)
	if r.Headers != nil {
		headers = binary.LittleEndian.AppendUint32(nil, uint32(len(r.Headers)))
		length += uint32(len(headers) + len(r.Headers))
		length |= hasHeaders
	}
	out := binary.LittleEndian.AppendUint32(nil, length)
	out = binary.LittleEndian.AppendUint64(out, r.Sequence)
	out = binary.LittleEndian.AppendUint64(out, uint64(r.Stored.UnixNano()))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(r.Subject)))
	checksum := s.of(out, []byte(r.Subject), r.Headers, r.Data)
	for _, piece := range [][]byte{[]byte(r.Subject), headers, r.Headers, r.Data, checksum} {
		out = append(out, piece...)
	}
	return out
}
