package sqlitestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// The write-ahead log is a header of 32 bytes and a row of frames, each a header
// of 24 bytes and a page. A frame counts when it has the two salts of the header
// and the running checksum fits; with the first that does not, SQLite takes the
// log to end, and is at an earlier commit without a word. Such a frame may be of
// the commit that was being written when power was lost, which nobody was told
// of; it is damage when commits lie behind its own.
const (
	walHeader   = 32
	frameHeader = 24
	walMagic    = 0x377f0682
	maxPage     = 1 << 16
)

// checkWAL tells what is wrong with a write-ahead log; empty: nothing.
func checkWAL(path string) (why string, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	header := make([]byte, walHeader)
	if _, err := io.ReadFull(file, header); err != nil {
		return "", nil // it is empty, or its very beginning was being written
	}
	magic, page := binary.BigEndian.Uint32(header), binary.BigEndian.Uint32(header[8:])
	var order binary.ByteOrder = binary.LittleEndian
	if magic&1 != 0 {
		order = binary.BigEndian
	}
	sums := walSum{order: order}
	sums.add(header[:24])
	if magic&^1 != walMagic || page < 512 || page > maxPage || !sums.is(header[24:]) {
		return "the header of the write-ahead log is damaged", nil
	}
	return checkFrames(file, header[16:24], int(page), &sums)
}

func checkFrames(file io.Reader, salts []byte, page int, sums *walSum) (string, error) {
	frame := make([]byte, frameHeader+page)
	bad, commits := 0, 0 // commits that end behind the bad frame, or with it
	for n := 1; ; n++ {
		if _, err := io.ReadFull(file, frame); err != nil {
			break // a part of a frame is what was being written
		}
		ours := string(frame[8:16]) == string(salts)
		if bad == 0 {
			sums.add(frame[:8])
			sums.add(frame[frameHeader:])
			if ours && sums.is(frame[16:24]) {
				continue
			}
			bad = n
		}
		if ours && binary.BigEndian.Uint32(frame[4:]) != 0 {
			commits++
		}
	}
	if commits > 1 {
		return fmt.Sprintf("frame %d of the write-ahead log is damaged, and commits lie behind it", bad), nil
	}
	return "", nil
}

// walSum is the running checksum of a write-ahead log.
type walSum struct {
	order binary.ByteOrder
	a, b  uint32
}

func (s *walSum) add(piece []byte) {
	for at := 0; at+8 <= len(piece); at += 8 {
		s.a += s.order.Uint32(piece[at:]) + s.b
		s.b += s.order.Uint32(piece[at+4:]) + s.a
	}
}

// is compares with a checksum as it is stored.
func (s *walSum) is(stored []byte) bool {
	return s.a == binary.BigEndian.Uint32(stored) && s.b == binary.BigEndian.Uint32(stored[4:])
}
