//! The record format: what frames carry, in both directions.
//!
//! This page, with [`frame`](crate::frame), is the specification: a decoder in another language can be written from
//! it. The same code encodes on the device and decodes on the host. `tests/vectors/` pins the bytes.
//!
//! # Numbers and strings
//! *varint*: seven bits a byte, least significant first, the top bit set on all but the last byte; up to 10 bytes,
//! holding a `u64`; senders use the fewest bytes, receivers need not mind. *zigzag* makes a signed number unsigned: 0,
//! −1, 1, −2 … become 0, 1, 2, 3 … *string*: its length in bytes as a varint, then UTF-8. Examples: 300 is `ac 02`; −54
//! is zigzag 107, `6b`; `"ok"` is `02 6f 6b`.
//!
//! # Cells
//! A snapshot is a sequence of cells, one varint each. Their order is fixed by the schema: families in order, in each
//! family its instances in order, in each instance its children in order (the last label runs fastest), in each child
//! its cells. Every cell is one varint whatever it holds, so a receiver can find its way past families it does not
//! know yet; what it cannot place it drops, as the next snapshot has it again.
//!
//! | number | cell |
//! |---|---|
//! | 0 unsigned | the count |
//! | 1 signed | zigzag |
//! | 2 `f32` | its four bytes in reversed order, as an integer: values with few digits end in zero bits, which so come to the top |
//! | 3 `f64` | its eight bytes in reversed order, as an integer |
//!
//! Bits of a cell beyond those of its `f32` mean nothing. An integer stands for itself times ten to the power of the
//! family's scale; a float has scale 0. 36.5 as an `f32` is 42120000 in hexadecimal, reversed 00001242, as a varint
//! `c2 24`. A cell that may be unset holds 0 while it is, else one more than the table says; there is no room for one more
//! than 2^64 − 1, and no instrument needs it. A histogram's cells are the counts of its buckets (not cumulative), of
//! what lies above the last bound, and the sum of all observations; its number is 0, and the scale is that of the sum
//! and the bounds. A summary's are its quantiles, each one more than it is and 0 while there is none, the sum, and the
//! count.
//!
//! The cells of an exponential histogram are: *halvings*, how often the resolution was halved since boot; observations of
//! 0; a ring of *n* buckets, and if the number is 1 a second one, of observations below 0 by their magnitude; the sum
//! (zigzag if the number is 1); and for each ring its *window*. A window is a number: the lowest four bits are the halvings
//! once more, the next log2 *n* bits *c*, and the rest is *f*, zigzag: cell *c* of the ring is bucket *f*, the next one
//! bucket *f* + 1, and so on around the ring. Bucket *k* holds what is above 2^((k−1)/2^s) and not above 2^(k/2^s), as the
//! scale has it, where *s* is the family's schema less the halvings. If the halvings of a child's cells are not all alike,
//! its buckets were merged while it was read: they are not used, nor is a child whose *s* is below −4.
//!
//! # Frames
//! | kind | payload |
//! |---|---|
//! | 0 values | cells from 0 on, to the end of the payload |
//! | 1 part | varint: the position of the first cell; then cells from there on |
//! | 2 sparse | varint: the position of the first cell; varint: how many cells *n* are covered; ⌈n/8⌉ bytes of bitmap, least significant bit first; then the cells whose bit is set |
//! | 3 records | records, device to host |
//! | 4 requests | records, host to device; boot id and schema hash are those the host knows, or 0 |
//!
//! A snapshot too long for one frame is a *values* frame and then *part* frames, all with the same uptime. Each is
//! useful alone, but a child of several cells (a histogram, a slot of a table) that is cut between frames counts only
//! when all its cells of that snapshot have come. A *sparse* frame carries running totals like any other, and covers
//! whole children; of a slot it has all cells or none, of any other child those that have changed. A cell whose bit is
//! clear, or which no frame of the snapshot covers, has not changed since it was sent last, and keeps what the receiver
//! has for it. So a receiver uses part of a child only if what it has of the other cells is what was sent last: each
//! came in a frame that was used, and since then no number is missing, no frame was malformed, and no uptime is more
//! than an hour above the one before, as numbers may have gone round. Else it drops the part, and has older values of
//! that child until all its cells come. Where much has changed, or a child is longer than a frame, frames of the other
//! kinds stand in the place of sparse ones, and say nothing of the cells that they do not hold. If nothing has changed,
//! one sparse frame covers nothing. Without cells there are no frames of values at all. A frame of values that ends
//! within a number is not used; of one of records, those before the one that is cut are.
//!
//! # Records
//! `kind (1 byte), length (varint), body`. A receiver skips kinds it does not know, and records that make no sense.
//! Lengths, counts and positions have 32 bits at most.
//! Byte strings of up to 1 KiB travel in parts: `offset (varint), total (varint), bytes to the end` of the body. Parts
//! may come in any order, more than once, overlapping, and of any length; a part with another total begins the string
//! anew. Families are numbered from 0 in the order of the schema, slots in the order of their cells.
//!
//! | kind | record | body |
//! |---:|---|---|
//! | 1 | hello | part of the identity |
//! | 2 | schema | family (varint), number of families (varint), position of its first cell (varint), part of the family |
//! | 3 | label | family (varint), slot (varint), birth (varint), part of the label values |
//! | 65 | hello request | empty |
//! | 66 | schema request | family to begin with (varint) |
//! | 67 | snapshot request | empty: the next snapshot must be full |
//! | 68 | label request | family (varint), first slot (varint): of this and all behind it |
//!
//! A device sends everything at boot, and when its schema has changed; else in front of the values of a snapshot the
//! labels of births since the one before and what was asked for, and with each snapshot a little of everything in turn.
//! A slot that is asked for and empty has no label record.
//!
//! *Identity*: device name (string, up to 32 bytes), firmware version (string, up to 32 bytes), number of families
//! (varint), number of cells (varint), flags (varint; none if it is left out). Flag 1: the device reads requests. A host
//! sends none to a device that has not said so, as what listens at the other end of a UART may be a shell.
//!
//! *Family*:
//! ```text
//! name, help, unit          strings
//! kind                      1 byte: 0 counter, 1 gauge, 2 histogram, 3 summary, 4 info, 5 state set,
//!                                   6 exponential histogram, 7 unknown
//! number                    1 byte: number (bits 0–3), may be unset (bit 7)
//! scale                     1 byte, signed: exponent of ten
//! capacity                  varint: 0 if dense, else the slots of a table family
//! cells                     varint: cells of one child, without a birth
//! bounds                    varint: how many; then each (varint), increasing; for a histogram the buckets' upper
//!                                   bounds, inclusive, in the device's unit; for a summary its quantiles in millionths;
//!                                   for an exponential histogram one, its finest schema, from 0 to 8
//! labels                    varint: how many; then each: name (string), number of values (varint), values (strings)
//! instances                 varint: how many; then each: number of constant labels (varint), each name, value
//!                                   (strings)
//! ```
//! A series has the constant labels of its instance and the labels of its child. A dense family has one child for each
//! combination of its labels' values.
//!
//! A *table family* has `capacity + 1` slots for children in each instance. Its labels list no values; each of its
//! slots is a birth cell (a plain count) and then the cells of a child. Slots are numbered over all instances of the
//! family, `capacity + 1` to each. The birth is 0 while the slot is empty, and its other cells are 0 then; else it is a
//! number unique in this boot, which rises from assignment to assignment over all tables of the device. A slot's label
//! record holds one string for each label (none for the states of a state set), and values count only together with the
//! label record of the same birth. A label record of a later birth tells that the slot's child before is gone, and so
//! is a child with the same labels in another slot of the instance: the values that are still known of it are void. The
//! last slot of each instance takes what does not fit: each of its labels is `other`, and it has no label record.
//!
//! An *info* has the value 1 for each child, and no cells. A *state set* has one cell, the index of its state; its last
//! label lists the states and is called as the family is, and its children are the combinations of the labels before.
//!
//! *Schema hash*: FNV-1a, 32 bits (start 811C9DC5, prime 01000193), over each family in order: its length (2 bytes,
//! little-endian), then its bytes. A receiver that has all families compares it with the one in the headers, and if
//! they differ uses none of them.
//!
//! # Growth
//! Kinds of frames, records and families may be added: receivers skip and count what they do not know, and `cells`
//! lets them find what comes behind. Fields may be added at the end of an identity, of a family, of the labels of a
//! slot and of a request, and are skipped by those who do not know them; not behind a part, which goes to the end of
//! its body.

mod bytes;
mod cell;
mod identity;
pub mod record;
mod request;
pub mod schema;
mod varint;

pub use bytes::{Truncated, Window};
pub use cell::Cell;
pub use identity::{Hello, Identity};
pub use request::{Request, RequestReader, Wants};
pub use varint::{MAX_VARINT, put_varint, take_varint, take_varints, varint_len};
