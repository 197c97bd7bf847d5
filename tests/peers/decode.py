#!/usr/bin/env python3
"""A second decoder of the wire, written from its specification alone, as told in wire.py.

    decode.py FILE...           one line of JSON for each capture: its frames, and what the device said in the end
    decode.py                   the same; each line of standard input is a capture in hex
    decode.py --series FILE...  every series that the captures, one behind the other, leave: sorted lines in the text
                                format of Prometheus; then, behind a `#`, what became of their frames
    decode.py --series          the same of standard input, as it is
    decode.py --numbers         one line of JSON for each line of hex on standard input: a varint, how it can be read
"""

import json
import sys

sys.dont_write_bytecode = True

from series import lines
from wire import NUMBERS, Bytes, Family, Frame, Malformed, Whole, fnv1a, reading

# What is late is not that late, in tenths of a second.
REBOOT = 100


class Boot:
    """What one boot of a device has said so far."""

    def __init__(self, frame):
        self.id = frame.boot
        self.newest = None
        # Numbers that have come, and that have not come yet; the first of this snapshot; the last old frame.
        self.seen, self.missing, self.start = set(), set(), frame.sequence
        self.old = None, 0
        self.uptime = 0
        self.schema = None
        self.identity = Whole()
        self.begin(frame.schema)

    def begin(self, schema):
        """The schema is another one: nothing that was known holds any more."""
        self.schema = schema
        self.records = {}
        self.positions = {}
        self.count = None
        self.families = {}
        self.places = {}
        self.labels = {}
        self.unnamed, self.named, self.heirs = set(), {}, {}
        self.kept = {}
        self.snapshot = None
        self.cells = {}
        self.broken = False

    def inherit(self, former):
        """A schema that was complete holds as long as its hash is the same, over boots."""
        if former.schema == self.schema and len(former.families) == former.count:
            self.count = former.count
            for index, family in former.families.items():
                self.family(index, family)

    def is_newer(self, frame):
        ahead = 0 if self.newest is None else (frame.sequence - self.newest) % 65536
        return self.newest is None or frame.uptime > self.uptime or 0 < ahead < 32768

    def is_followed_by(self, frame):
        """Whether the frame is of another boot."""
        below = frame.uptime < self.uptime
        if frame.boot != self.id or frame.uptime + REBOOT < self.uptime or below and self.is_newer(frame):
            return True
        if self.is_newer(frame):
            self.old = None, 0
            return False
        if frame.sequence in self.missing:
            return False
        (number, uptime), self.old = self.old, (frame.sequence, frame.uptime)
        return number is not None and frame.sequence == (number + 1) % 65536 and frame.uptime > uptime

    def take(self, frame, counts):
        """Takes a frame, if it is newer than those before."""
        number = frame.sequence
        if not self.is_newer(frame):
            counts["repeated" if number in self.seen else "reordered"] += 1
            self.missing.discard(number)
            self.seen.add(number)
            return
        counts["received"] += 1
        if self.newest is not None:
            skipped = (number - self.newest - 1) % 65536
            self.missing.update((self.newest + 1 + at) % 65536 for at in range(skipped))
        behind = lambda other: (number - other) % 65536
        # The second snapshot behind what is missing has come, or 64 more numbers.
        before = behind(self.start) if frame.uptime > self.uptime else 65536
        lost = {other for other in self.missing if behind(other) > before or behind(other) >= 64}
        counts["lost"] += len(lost)
        self.missing -= lost
        self.seen = {other for other in self.seen if 0 < behind(other) < 64} | {number}
        if frame.uptime > self.uptime:
            self.start = number
        self.newest, self.uptime = number, frame.uptime
        if self.schema != frame.schema:
            self.begin(frame.schema)
        for record in frame.records:
            self.record(record)
        self.name()
        if frame.cells and not self.broken:
            self.values(frame)

    def record(self, record):
        part = [record.get(name) for name in ("offset", "total", "bytes")]
        if record["record"] == "hello":
            self.identity.add(*part)
        elif record["record"] == "label":
            key = record["family"], record["slot"], record["birth"]
            whole = self.labels.setdefault(key, Whole())
            whole.add(*part)
            if whole.whole() is not None:
                self.unnamed.add(key)
        elif record["record"] == "schema" and not self.broken:
            index = record["family"]
            self.count, self.positions[index] = record["families"], record["first"]
            record = self.records.setdefault(index, Whole())
            record.add(*part)
            if index not in self.families and record.whole() is not None:
                self.family(index, Family(record.whole(), self.positions[index]))

    def family(self, index, family):
        self.families[index] = family
        for child in family.children:
            self.places.update(dict.fromkeys(range(child.first, child.first + child.cells), child))
        self.broken = len(self.families) == self.count and self.hash() != self.schema
        if self.broken:
            self.families, self.places, self.kept = {}, {}, {}

    def name(self):
        """Reads the labels of slots, once their family is known."""
        for index, slot, birth in [key for key in self.unnamed if key[0] in self.families]:
            self.unnamed.remove((index, slot, birth))
            family, body = self.families[index], Bytes(self.labels[index, slot, birth].whole())
            named = tuple(body.string() for _ in family.labels)
            self.named[index, slot, birth] = named
            for heir in (index, slot), (index, slot // (family.capacity + 1), named):
                self.heirs[heir] = max(birth, self.heirs.get(heir, 0))

    def hash(self):
        records = [self.families[index].data for index in sorted(self.families)]
        return fnv1a(b"".join(len(record).to_bytes(2, "little") + record for record in records))

    def values(self, frame):
        if self.snapshot != frame.uptime:
            self.snapshot, self.cells = frame.uptime, {}
        self.cells.update((position, cell) for position, cell in frame.cells.items() if position in self.places)
        for first, child in {self.places[at].first: self.places[at] for at in frame.cells if at in self.places}.items():
            cells = [self.cells.get(first + index) for index in range(child.cells)]
            if None not in cells:
                self.kept[first] = cells

    def hello(self):
        whole = self.identity.whole()
        if whole is None:
            return None
        body = Bytes(whole)
        says = {
            "device": body.string(), "firmware": body.string(), "families": body.varint(), "cells": body.varint(),
        }
        return says | {"flags": body.varint() if body.left() else 0}

    def series(self, index, family):
        """Labels and cells of each child that is there."""
        for child in family.children:
            cells = self.kept.get(child.first, [] if child.cells == 0 else None)
            if cells is None:
                continue
            labels = child.labels
            if child.overflow:
                labels = labels + [(name, "other") for name, _ in family.labels]
            elif child.slot is not None:
                named = self.named.get((index, child.slot, cells[0]))
                # Who was born later has taken the slot, or the name.
                heirs = (index, child.slot), (index, child.instance, named)
                if named is None or cells[0] < max(self.heirs[heir] for heir in heirs):
                    continue
                labels = labels + list(zip((name for name, _ in family.labels), named))
            if child.slot is not None:
                birth, *cells = cells
                if birth == 0:
                    continue
            yield labels, [reading(cell, family.number, family.optional) for cell in cells]

    def lines(self):
        hello = self.hello()
        for index, family in self.families.items():
            for labels, cells in self.series(index, family):
                yield from lines(family, labels + [("device", hello["device"])], cells)

    def says(self):
        says = {"identity": self.hello(), "complete": False, "families": []}
        says["complete"] = self.count is not None and len(self.families) == self.count
        for index in sorted(self.families):
            family = self.families[index]
            series = [{"labels": [list(pair) for pair in labels], "cells": cells}
                      for labels, cells in self.series(index, family)]
            says["families"].append(family.says() | {"series": series})
        return says


COUNTS = ["received", "lost", "repeated", "reordered", "corrupt", "foreign_bytes", "boots"]


class Line:
    """All that comes over one line: boot after boot, device after device."""

    def __init__(self):
        self.boot = None
        self.devices = {}
        self.counts = dict.fromkeys(COUNTS, 0)
        self.malformed = []

    def take(self, frame):
        boot = self.boot
        if boot is None or boot.is_followed_by(frame):
            self.boot = Boot(frame)
            self.counts["boots"] += 1
            if boot is not None:
                self.boot.inherit(boot)
                self.counts["lost"] += len(boot.missing)
        self.boot.take(frame, self.counts)
        hello = self.boot.hello()
        if hello is not None:
            self.devices[hello["device"]] = self.boot

    def says(self):
        said = sorted(line for device in self.devices.values() for line in device.lines())
        return said + ["# " + " ".join(f"{what} {count}" for what, count in self.counts.items())]


def is_text(piece):
    return all(byte >= 0x20 and byte != 0x7F or byte in b"\t\n\r\x1b" for byte in piece)


def frames(capture, line):
    """The good frames; what is none is counted."""
    # What follows the last delimiter is a frame still under way.
    for number, piece in enumerate(capture.split(b"\0")[:-1]):
        if not piece:
            continue
        try:
            yield Frame(piece)
        except Malformed as cause:
            # Of the first one the beginning may be missing.
            if number == 0 or is_text(piece):
                line.counts["foreign_bytes"] += len(piece)
            else:
                line.counts["corrupt"] += 1
            line.malformed.append(str(cause))


def decode(capture):
    line, says = Line(), []
    for frame in frames(capture, line):
        says.append(frame.says())
        if frame.kind != "requests":
            line.take(frame)
    return {"frames": says, "malformed": line.malformed, "device": line.boot and line.boot.says()}


def series(captures):
    line = Line()
    for frame in frames(b"".join(captures), line):
        if frame.kind != "requests":
            line.take(frame)
    return line.says()


def numbers(text):
    body = Bytes(bytes.fromhex(text))
    number = body.varint()
    says = {"left": body.left()}
    for kind in NUMBERS:
        says[kind], says[f"optional {kind}"] = reading(number, kind, False), reading(number, kind, True)
    return says


def contents(paths):
    for path in paths:
        with open(path, "rb") as file:
            yield file.read()


def main(arguments):
    if arguments[:1] == ["--series"]:
        captures = contents(arguments[1:]) if arguments[1:] else [sys.stdin.buffer.read()]
        said = series(captures)
    elif arguments[:1] == ["--numbers"]:
        said = (json.dumps(numbers(line), separators=(",", ":")) for line in sys.stdin)
    else:
        captures = contents(arguments) if arguments else (bytes.fromhex(line) for line in sys.stdin)
        said = (json.dumps(decode(capture), separators=(",", ":")) for capture in captures)
    for line in said:
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
