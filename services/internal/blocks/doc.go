// Package blocks reads the files of a JetStream stream beside the server, which
// takes what it cannot read for the end of a file and cuts off the rest.
//
// In flow the directory of a stream that no server has open; out flow which of
// its messages can be read, and where what cannot be read lies. Never here: what
// a message means, and what is done about damage.
//
// A stream is a row of block files, N.blk, each a row of records: a header of 22
// bytes (length, sequence, instant, length of the subject), the subject, the
// headers of the message if there are any, its data, and a checksum, HighwayHash
// keyed with the name of the stream and the number of the block. This is the
// format of NATS server 2.10 to 2.15, without compression or encryption, which
// kaohe's streams do not have. A test holds it against the server's own files.
package blocks
