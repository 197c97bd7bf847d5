#!/usr/bin/env python3
"""A second decoder, from the specification alone: the prose of core/src/frame/mod.rs and core/src/wire/mod.rs.

    decode.py [FILE...]    what came over a line: files, one behind the other, or standard input

Prints every series that its devices left as a line of JSON, sorted, as `narthex decode --format json` has them; and to
standard error what became of the frames. It may be the beginning of a decoder of your own.
"""
import json
import struct
import sys
import zlib
from contextlib import suppress
from ctypes import c_float
from decimal import Decimal
from itertools import accumulate, count, product

VALUES, PART, SPARSE, RECORDS, REQUESTS = range(5)
HELLO, SCHEMA, LABEL = 1, 2, 3
KINDS = {0: "counter", 1: "gauge", 2: "histogram", 4: "info", 5: "stateset"}


class Bytes:
    """A byte string that is read from its front."""
    def __init__(self, data):
        self.data = data

    def take(self, length):
        if length > len(self.data):
            raise ValueError("ends early")
        piece, self.data = self.data[:length], self.data[length:]
        return piece

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80 and value < 1 << 64:
                return value
        raise ValueError("varint above 64 bits")

    def string(self):
        return self.take(self.varint()).decode()

    def list(self, read):
        return [read() for _ in range(self.varint())]


class Frame:
    """A frame whose check is right: its header, and its cells by position, or its records."""
    def __init__(self, coded):
        body, rest = b"", Bytes(coded)
        while rest.data:
            code = rest.take(1)[0]
            body += rest.take(code - 1) + (b"\0" if code < 255 and rest.data else b"")
        if len(body) < 19 or zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
            raise ValueError("no frame")
        first, self.boot, self.schema, self.sequence, self.uptime = struct.unpack("<BIIHI", body[:15])
        # Another version, or a flag that is not known.
        self.is_refused, self.kind = first >> 4 != 4, first & 15
        self.cells, self.records, self.payload, self.is_usable = {}, [], Bytes(body[15:-4]), True
        try:
            self.read(self.payload)
        except ValueError:
            self.cells, self.is_usable = {}, False

    def read(self, payload):
        if self.kind in (VALUES, PART):
            positions = count(payload.varint() if self.kind == PART else 0)
            while payload.data:
                self.cells[next(positions)] = payload.varint()
        elif self.kind == SPARSE:
            first, covered = payload.varint(), payload.varint()
            bitmap = int.from_bytes(payload.take((covered + 7) // 8), "little")
            for bit in range(covered):
                if bitmap >> bit & 1:
                    self.cells[first + bit] = payload.varint()
        while self.kind in (RECORDS, REQUESTS) and payload.data:
            self.records.append((payload.take(1)[0], payload.take(payload.varint())))


class Family:
    """One family of a schema."""
    def __init__(self, data, first):
        body = Bytes(data)
        self.data, self.name, self.help, self.unit = data, body.string(), body.string(), body.string()
        kind, number, self.scale = struct.unpack("BBb", body.take(3))
        self.kind, self.number, self.optional = KINDS.get(kind), number & 15, number >> 7
        self.capacity, self.cells, self.bounds = body.varint(), body.varint(), body.list(body.varint)
        self.labels = body.list(lambda: (body.string(), body.list(body.string)))
        self.instances = body.list(lambda: body.list(lambda: (body.string(), body.string())))
        self.states = self.labels.pop() if self.kind == "stateset" else None
        # Of each child the positions of its cells, its instance, and its slot or the values of its labels.
        self.children, slots = [], self.capacity + 1
        for instance in range(len(self.instances)):
            table = range(instance * slots, instance * slots + slots)
            for place in table if self.capacity else product(*(values for _, values in self.labels)):
                span = range(first, first + self.cells + (self.capacity > 0))
                self.children.append((span, instance, place))
                first = span.stop

    def series(self, labels, cells):
        """Labels and value of each series of a child, the value as JSON."""
        if self.kind == "stateset":
            for index, state in enumerate(self.states[1]):
                yield labels | {self.states[0]: state}, int(index == cells[0])
        elif self.kind == "histogram":
            counts = list(accumulate(cells[:-1]))
            bounds = [like_go(Decimal(bound).scaleb(self.scale)) for bound in self.bounds] + ['"+Inf"']
            buckets = ",".join(f'{{"le":{bound},"count":{total}}}' for bound, total in zip(bounds, counts))
            yield labels, f'{{"count":{counts[-1]},"sum":{value(self, cells[-1])},"buckets":[{buckets}]}}'
        elif self.kind:
            shown = 1 if self.kind == "info" else value(self, cells[0])
            yield from [(labels, shown)] if shown is not None else []


def value(family, cell):
    """What a cell says, with all digits; None while it is unset."""
    if family.optional and cell == 0:
        return None
    cell -= family.optional
    if family.number < 2:
        number = cell if family.number == 0 else (cell >> 1) ^ -(cell & 1)
        return f"{Decimal(number).scaleb(family.scale).normalize():f}"
    if family.number == 3:
        return like_go(repr(struct.unpack("<d", cell.to_bytes(8, "big"))[0]))
    number = struct.unpack("<f", (cell % (1 << 32)).to_bytes(4, "big"))[0]
    texts = (f"{number:.{digits}g}" for digits in range(1, 10))
    return like_go(next((text for text in texts if c_float(float(text)).value == number), "nan"))


def like_go(number):
    """The digits of a float or a bound, with an exponent where it is small or large."""
    number = Decimal(number).normalize() or Decimal(0)
    if not number.is_finite():
        return '"NaN"' if number.is_nan() else '"+Inf"' if number > 0 else '"-Inf"'
    power = number.adjusted()
    return f"{number:f}" if not number or -5 < power < 6 else f"{number.scaleb(-power):f}e{power:+03d}"


def schema_hash(families):
    hashed = 0x811C9DC5
    for _, family in sorted(families.items()):
        for byte in len(family.data).to_bytes(2, "little") + family.data:
            hashed = (hashed ^ byte) * 0x01000193 % (1 << 32)
    return hashed


class Boot:
    """What one boot of a device has said so far. `proved` has all families of schemas whose hash was right."""
    def __init__(self, frame, proved):
        self.id, self.newest, self.uptime, self.start = frame.boot, frame.sequence - 1, -1, frame.sequence
        self.seen, self.missing, self.old, self.has_missed = set(), set(), None, True
        self.schema, self.proved, self.parts, self.device = None, proved, {}, None

    def is_newer(self, frame):
        return frame.uptime > self.uptime or 0 < (frame.sequence - self.newest) % 65536 < 32768

    def is_over(self, frame):
        """Whether the frame is of another boot."""
        below, before = self.uptime - frame.uptime, self.old
        if frame.boot != self.id or below > 100 or self.is_newer(frame):
            self.old = None
            return frame.boot != self.id or below > 0
        if frame.sequence in self.missing:
            return False
        self.old = frame
        return before and (frame.sequence - before.sequence) % 65536 == 1 and frame.uptime > before.uptime

    def outcome(self, frame):
        """What becomes of a frame, and how many are lost for certain: a snapshot after the next one, or 64 numbers."""
        newer, number, lost = self.is_newer(frame), frame.sequence, set()
        outcome = "received" if newer else "repeated" if number in self.seen else "reordered"
        if newer:
            skipped = (number - self.newest - 1) % 65536
            # In an hour numbers may have gone round.
            self.has_missed |= skipped > 0 or frame.uptime - self.uptime > 36000
            self.missing |= {(number - back - 1) % 65536 for back in range(skipped)}
            reach = (number - self.start) % 65536 if frame.uptime > self.uptime else 65536
            lost = {other for other in self.missing if (number - other) % 65536 > min(reach, 63)}
            self.seen = {other for other in self.seen if 0 < (number - other) % 65536 < 64}
            self.start = number if frame.uptime > self.uptime else self.start
            self.newest, self.uptime = number, frame.uptime
        self.missing -= lost | {number}
        self.seen.add(number)
        return outcome, len(lost)

    def take(self, frame):
        """Takes a frame that is newer than all before."""
        if frame.schema != self.schema:
            self.schema, self.is_wrong, self.families = frame.schema, False, self.proved.get(frame.schema, {})
            self.spans = {at: span for family in self.families.values() for span, *_ in family.children for at in span}
            self.labels, self.cells, self.sent, self.children = {}, {}, {}, {}
        if self.has_missed or not frame.is_usable and frame.kind != RECORDS or frame.kind > RECORDS:
            self.sent, self.has_missed = {}, False
        for kind, body in frame.records:
            with suppress(ValueError):
                self.record(kind, Bytes(body))
        # A child counts when all its cells of one snapshot have come.
        self.cells |= {at: (frame.uptime, cell) for at, cell in frame.cells.items() if at in self.spans}
        self.sent |= {at: cell for at, cell in frame.cells.items() if at in self.spans}
        for span in {self.spans[at] for at in frame.cells if at in self.spans}:
            # Or when a sparse frame leaves nothing of it that is not what was sent last.
            if frame.kind == SPARSE and all(at in self.sent for at in span):
                self.cells |= {at: (frame.uptime, self.sent[at]) for at in span}
            if all(self.cells.get(at, [None])[0] == frame.uptime for at in span):
                self.children[span] = [self.cells[at][1] for at in span]

    def record(self, kind, body):
        """Adds a part to its byte string, and reads that once it is whole."""
        if kind not in (HELLO, SCHEMA, LABEL):
            return
        fields = [body.varint() for _ in range(0 if kind == HELLO else 3)]
        key, offset, total = (self.schema, kind, *fields), body.varint(), body.varint()
        if self.parts.get(key, [None])[0] != total:
            self.parts[key] = total, {}
        known = self.parts[key][1]
        known.update(enumerate(body.data[:max(0, total - offset)], offset))
        if len(known) < total:
            return
        whole = bytes(known[at] for at in range(total))
        if kind == HELLO:
            self.device = Bytes(whole).string()
        elif kind == LABEL:
            self.labels[tuple(fields)] = whole
        elif fields[0] not in self.families and not self.is_wrong:
            index, total, first = fields
            family = self.families[index] = Family(whole, first)
            self.spans |= {at: span for span, *_ in family.children for at in span}
            if len(self.families) == total and schema_hash(self.families) == self.schema:
                self.proved[self.schema] = self.families
            elif len(self.families) == total:
                self.is_wrong, self.families, self.spans, self.children = True, {}, {}, {}

    def lines(self):
        """Every series as a line of JSON."""
        for index, family in self.families.items():
            names, slots, live = [name for name, _ in family.labels], family.capacity + 1, {}
            # Who was born later has taken the slot, or the labels.
            births = ((birth, slot, text) for (of, slot, birth), text in self.labels.items() if of == index)
            for birth, slot, text in sorted(births):
                with suppress(ValueError):
                    body = Bytes(text)
                    values = tuple(body.string() for _ in names)
                    live[slot] = live[slot // slots, values] = birth, values
            for span, instance, place in family.children:
                cells, birth = self.children.get(span, None if span else []), None
                if cells and family.capacity:
                    (birth, *cells), slot = cells, place
                    named, place = live.get(slot, (0, ()))
                    if slot % slots == family.capacity:
                        place = ["other"] * len(names)
                    elif not birth == named == live.get((instance, place), [0])[0]:
                        birth = 0
                if cells is None or birth == 0:
                    continue
                labels = dict(sorted([*family.instances[instance], *zip(names, place)]))
                for labels, shown in family.series(labels, cells):
                    says = {"device": self.device, "name": family.name, "type": family.kind, "labels": labels}
                    yield f'{json.dumps(says, ensure_ascii=False, separators=(",", ":"))[:-1]},"value":{shown}}}'


def decode(stream):
    """All that came over one line: the last boot of each device by its name, and how many frames by outcome."""
    boot, proved, devices = None, {}, {}
    counts = dict.fromkeys(["received", "lost", "repeated", "reordered", "refused", "corrupt", "foreign", "boots"], 0)
    # What follows the last delimiter is a frame still under way.
    for number, piece in enumerate(stream.split(b"\0")[:-1]):
        try:
            frame = Frame(piece)
        except ValueError:
            is_text = all(byte >= 0x20 and byte != 0x7F or byte in b"\a\b\t\n\r\x1b" for byte in piece)
            # The first piece may be the end of a frame.
            counts["foreign" if number == 0 or is_text else "corrupt"] += len(piece) > 0
            continue
        if frame.is_refused or frame.kind == REQUESTS:
            counts["refused"] += frame.is_refused
            continue
        if boot is None or boot.is_over(frame):
            counts["boots"] += 1
            counts["lost"] += len(boot.missing) if boot else 0
            boot = Boot(frame, proved)
        outcome, lost = boot.outcome(frame)
        counts[outcome] += 1
        counts["lost"] += lost
        if outcome == "received":
            boot.take(frame)
            devices |= {boot.device: boot} if boot.device is not None else {}
    return devices, counts


if __name__ == "__main__":
    files = [open(path, "rb") for path in sys.argv[1:]] or [sys.stdin.buffer]
    devices, counts = decode(b"".join(file.read() for file in files))
    print(*sorted(line for boot in devices.values() for line in boot.lines()), sep="\n")
    print(json.dumps(counts), file=sys.stderr)
