#!/usr/bin/env python3
"""A second decoder of the wire, written from its specification alone.

The specification is the prose of `core/src/frame/mod.rs` and `core/src/wire/mod.rs`; no line here was taken from the
code beside it. Where the two disagree, one of them is wrong, and a test says so.

    decode.py FILE...       one line of JSON for each capture: its frames, and what the device said in the end
    decode.py               the same; each line of standard input is a capture in hex
    decode.py --numbers     one line of JSON for each line of hex on standard input: a varint, and how it can be read
"""

import json
import struct
import sys

FRAMES = {0: "values", 1: "part", 2: "sparse", 3: "records", 4: "requests"}
RECORDS = {
    1: "hello",
    2: "schema",
    3: "label",
    65: "hello request",
    66: "schema request",
    67: "snapshot request",
    68: "label request",
}
KINDS = [
    "counter", "gauge", "histogram", "summary", "info", "state set", "exponential histogram", "unknown",
]
NUMBERS = ["unsigned", "signed", "f32", "f64"]
HEADER = 15
CHECK = 4
LONGEST_STRING = 1024


class Malformed(Exception):
    """Bytes that the specification does not allow."""


class Bytes:
    """What is left of a byte string."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left():
            raise Malformed("ends early")
        piece = self.data[self.at : self.at + count]
        self.at += count
        return piece

    def rest(self):
        return self.take(self.left())

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value = 0
        for index in range(10):
            byte = self.byte()
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                if value >= 1 << 64:
                    raise Malformed("varint above 64 bits")
                return value
        raise Malformed("varint too long")

    def string(self):
        try:
            return self.take(self.varint()).decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("not UTF-8") from None

    def part(self):
        """Part of a byte string: offset, total, bytes to the end."""
        offset, total, piece = self.varint(), self.varint(), self.rest()
        if total > LONGEST_STRING or offset + len(piece) > total:
            raise Malformed("part outside its string")
        return offset, total, piece


def unzigzag(number):
    return number >> 1 if number % 2 == 0 else -(number >> 1) - 1


def reading(number, kind, optional):
    """What a cell says: an integer, the bits of a float in hex, or None while it is unset."""
    if optional:
        if number == 0:
            return None
        number -= 1
    if kind == "unsigned":
        return number
    if kind == "signed":
        return unzigzag(number)
    width = 4 if kind == "f32" else 8
    # Its bytes in reversed order are an integer; bits above them mean nothing.
    return (number % (1 << 8 * width)).to_bytes(width, "little").hex()


def uncobs(coded):
    body = bytearray()
    at = 0
    while at < len(coded):
        code = coded[at]
        piece = coded[at + 1 : at + code]
        if len(piece) != code - 1:
            raise Malformed("COBS piece ends early")
        body += piece
        at += code
        if code != 255 and at < len(coded):
            body.append(0)
    return bytes(body)


def crc32(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


assert crc32(b"123456789") == 0xCBF43926


def fnv1a(data):
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


class Frame:
    """A frame whose check is right."""

    def __init__(self, coded):
        body = uncobs(coded)
        if len(body) < HEADER + CHECK:
            raise Malformed("too short")
        if crc32(body[:-CHECK]) != int.from_bytes(body[-CHECK:], "little"):
            raise Malformed("check")
        first, self.boot, self.schema, self.sequence, self.uptime = struct.unpack("<BIIHI", body[:HEADER])
        if first >> 6 != 1:
            raise Malformed(f"version {first >> 6}")
        if first & 0x30:
            raise Malformed("flag")
        self.kind = FRAMES.get(first & 0x0F, "unknown")
        payload = Bytes(body[HEADER:-CHECK])
        self.cells = {}
        self.records = []
        if self.kind in ("values", "part"):
            position = payload.varint() if self.kind == "part" else 0
            while payload.left():
                self.cells[position] = payload.varint()
                position += 1
        elif self.kind == "sparse":
            first = payload.varint()
            count = payload.varint()
            bitmap = payload.take((count + 7) // 8)
            for index in range(count):
                if bitmap[index // 8] >> index % 8 & 1:
                    self.cells[first + index] = payload.varint()
        elif self.kind in ("records", "requests"):
            while payload.left():
                kind = payload.byte()
                self.records.append(record(kind, Bytes(payload.take(payload.varint()))))

    def says(self):
        says = {
            "frame": self.kind,
            "boot": f"{self.boot:08x}",
            "schema": f"{self.schema:08x}",
            "sequence": self.sequence,
            "uptime": self.uptime,
        }
        if self.kind in ("values", "part", "sparse"):
            says["cells"] = [[position, number] for position, number in sorted(self.cells.items())]
        if self.kind in ("records", "requests"):
            says["records"] = [
                {name: value.hex() if isinstance(value, bytes) else value for name, value in record.items()}
                for record in self.records
            ]
        return says


def record(kind, body):
    name = RECORDS.get(kind)
    if name is None:
        return {"record": "unknown", "kind": kind}
    says = {"record": name}
    if name == "schema":
        says["family"], says["families"], says["first"] = body.varint(), body.varint(), body.varint()
    elif name == "label":
        says["family"], says["slot"], says["birth"] = body.varint(), body.varint(), body.varint()
    elif name == "schema request":
        says["family"] = body.varint()
    elif name == "label request":
        says["family"], says["slot"] = body.varint(), body.varint()
    if name in ("hello", "schema", "label"):
        says["offset"], says["total"], says["bytes"] = body.part()
    return says


class Whole:
    """A byte string that comes in parts, in any order."""

    def __init__(self):
        self.total = None
        self.bytes = {}

    def add(self, offset, total, piece):
        if self.total not in (None, total):
            self.bytes = {}
        self.total = total
        for index, byte in enumerate(piece):
            self.bytes[offset + index] = byte

    def whole(self):
        if self.total is None or len(self.bytes) < self.total:
            return None
        return bytes(self.bytes[index] for index in range(self.total))


class Family:
    """One family of a schema."""

    def __init__(self, data, first):
        body = Bytes(data)
        self.first = first
        self.name, self.help, self.unit = body.string(), body.string(), body.string()
        self.kind = KINDS[body.byte()]
        number = body.byte()
        self.number = NUMBERS[number & 0x0F]
        self.optional = bool(number & 0x80)
        self.scale = struct.unpack("b", body.take(1))[0]
        self.capacity = body.varint()
        self.cells = body.varint()
        self.bounds = [body.varint() for _ in range(body.varint())]
        self.labels = [
            (body.string(), [body.string() for _ in range(body.varint())]) for _ in range(body.varint())
        ]
        self.instances = [
            [(body.string(), body.string()) for _ in range(body.varint())] for _ in range(body.varint())
        ]

    def says(self):
        return {
            "name": self.name,
            "help": self.help,
            "unit": self.unit,
            "kind": self.kind,
            "number": self.number,
            "optional": self.optional,
            "scale": self.scale,
            "capacity": self.capacity,
            "cells": self.cells,
            "bounds": self.bounds,
            "labels": [[name, values] for name, values in self.labels],
        }

    def children(self):
        """Position of the first cell, birth cell or None, and labels, of each child."""
        position = self.first
        for constants in self.instances:
            if self.capacity:
                for slot in range(self.capacity + 1):
                    yield position + 1, (slot, position), constants
                    position += 1 + self.cells
                continue
            choices = [[]]
            for name, values in self.labels:
                choices = [before + [(name, value)] for before in choices for value in values]
            for choice in choices:
                yield position, None, constants + choice
                position += self.cells


class Device:
    """What one boot of a device said: nothing is thrown away, so nothing can be mixed up."""

    def __init__(self):
        self.identity = Whole()
        self.families = {}
        self.positions = {}
        self.count = None
        self.labels = {}
        self.snapshots = {}
        self.schema = None

    def apply(self, frame):
        if frame.kind == "requests":
            return
        self.schema = frame.schema
        if frame.kind in ("values", "part", "sparse"):
            self.snapshots.setdefault(frame.uptime, {}).update(frame.cells)
        for record in frame.records:
            if record["record"] == "hello":
                self.identity.add(record["offset"], record["total"], record["bytes"])
            elif record["record"] == "schema":
                self.count = record["families"]
                self.positions[record["family"]] = record["first"]
                whole = self.families.setdefault(record["family"], Whole())
                whole.add(record["offset"], record["total"], record["bytes"])
            elif record["record"] == "label":
                key = record["family"], record["slot"], record["birth"]
                whole = self.labels.setdefault(key, Whole())
                whole.add(record["offset"], record["total"], record["bytes"])

    def newest(self, position, count):
        """The cells of a child in the newest snapshot that has all of them."""
        for uptime in sorted(self.snapshots, reverse=True):
            cells = self.snapshots[uptime]
            if all(position + index in cells for index in range(count)):
                return [cells[position + index] for index in range(count)]
        return None

    def series(self, index, family):
        for position, slot, labels in family.children():
            if slot is None:
                cells = self.newest(position, family.cells)
            else:
                cells = self.newest(position - 1, family.cells + 1)
                if cells is None or cells[0] == 0:
                    continue
                birth, cells = cells[0], cells[1:]
                whole = self.labels.get((index, slot[0], birth))
                whole = whole and whole.whole()
                if whole is None:
                    continue
                body = Bytes(whole)
                labels = labels + [(name, body.string()) for name, _ in family.labels]
            if cells is not None:
                numbers = [reading(cell, family.number, family.optional) for cell in cells]
                yield {"labels": [list(pair) for pair in labels], "cells": numbers}

    def says(self):
        says = {"identity": None, "complete": False, "families": []}
        identity = self.identity.whole()
        if identity is not None:
            body = Bytes(identity)
            says["identity"] = {
                "device": body.string(),
                "firmware": body.string(),
                "families": body.varint(),
                "cells": body.varint(),
            }
        wholes = [(index, self.families[index].whole()) for index in sorted(self.families)]
        if self.count is not None and sum(whole is not None for _, whole in wholes) == self.count:
            over = b"".join(len(whole).to_bytes(2, "little") + whole for _, whole in wholes)
            says["complete"] = fnv1a(over) == self.schema
        for index, whole in wholes:
            if whole is not None:
                family = Family(whole, self.positions[index])
                says["families"].append(family.says() | {"series": list(self.series(index, family))})
        return says


def decode(capture):
    frames, malformed = [], []
    boots = {}
    # what follows the last delimiter is a frame still under way
    for piece in capture.split(b"\0")[:-1]:
        if not piece:
            continue
        try:
            frame = Frame(piece)
        except Malformed as cause:
            malformed.append(str(cause))
            continue
        frames.append(frame.says())
        if frame.kind != "requests":
            boots.setdefault(frame.boot, Device()).apply(frame)
            last = frame.boot
    device = boots[last].says() if boots else None
    return {"frames": frames, "malformed": malformed, "device": device}


def main():
    out = lambda says: print(json.dumps(says, separators=(",", ":")))
    if sys.argv[1:] == ["--numbers"]:
        for line in sys.stdin:
            body = Bytes(bytes.fromhex(line))
            number = body.varint()
            says = {"left": body.left()}
            for kind in NUMBERS:
                for optional in (False, True):
                    name = f"optional {kind}" if optional else kind
                    says[name] = reading(number, kind, optional)
            out(says)
    elif sys.argv[1:]:
        for path in sys.argv[1:]:
            with open(path, "rb") as file:
                out(decode(file.read()))
    else:
        for line in sys.stdin:
            out(decode(bytes.fromhex(line)))


if __name__ == "__main__":
    main()
