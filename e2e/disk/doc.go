// Package disk is a file system in memory whose plug can be pulled: what was
// not synced may be gone, as after a power loss.
//
// In flow what programs write below the place it is mounted at; out flows, when
// the plug is pulled, another disk with what would be found on it. Never here:
// permissions, or anything else no data directory needs.
//
// It promises what a journalling file system in ordered mode (ext4 as it is
// shipped) promises, without its kindnesses:
//
//  1. What was written to a file is durable when that file is synced, by fsync,
//     fdatasync or O_SYNC, and not by closing it.
//  2. Creating, renaming, removing and truncating are journalled in order; any
//     sync makes all of them durable that came before it. A new name may so lead
//     to a file that is empty yet.
//  3. What is not durable may have reached the disk all the same: each page of
//     4 KiB by itself, in any order, with zeros where one is missing; and all
//     names, because a journal also commits by itself.
//
// From the moment the plug is pulled every write and every sync fails: what is
// acknowledged after it was synced before it.
package disk
