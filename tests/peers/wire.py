"""The format of the wire: bytes to frames, records and families.

Written from the specification alone: the prose of `core/src/frame/mod.rs` and `core/src/wire/mod.rs`. No line here was
taken from the code beside it. Where the two disagree, one of them is wrong, and a test says so.
"""

import struct
import zlib

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


# The check is the CRC-32 of zlib.
assert zlib.crc32(b"123456789") == 0xCBF43926


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
        if zlib.crc32(body[:-CHECK]) != int.from_bytes(body[-CHECK:], "little"):
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
        if self.total != total:
            self.bytes = {}
        self.total = total
        self.bytes.update(enumerate(piece, offset))

    def whole(self):
        if self.total is None or len(self.bytes) < self.total:
            return None
        return bytes(self.bytes[index] for index in range(self.total))


class Child:
    """One child of a family: where its cells are, birth included, and what tells it from others."""

    def __init__(self, first, cells, instance, slot, labels):
        self.first = first
        self.cells = cells
        self.instance = instance
        # None if the family is dense.
        self.slot = slot
        # Of a table family only those of its instance; the overflow has all.
        self.labels = labels
        self.overflow = False


class Family:
    """One family of a schema."""

    def __init__(self, data, first):
        body = Bytes(data)
        self.data = data
        self.first = first
        self.name, self.help, self.unit = body.string(), body.string(), body.string()
        kind = body.byte()
        self.kind = KINDS[kind] if kind < len(KINDS) else "unknown"
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
        self.children = list(self.all_children())

    def all_children(self):
        position, slot = self.first, 0
        for instance, constants in enumerate(self.instances):
            if self.capacity:
                for index in range(self.capacity + 1):
                    child = Child(position, 1 + self.cells, instance, slot, constants)
                    child.overflow = index == self.capacity
                    yield child
                    position += child.cells
                    slot += 1
                continue
            choices = [[]]
            for name, values in self.labels[:-1] if self.kind == "state set" else self.labels:
                choices = [before + [(name, value)] for before in choices for value in values]
            for choice in choices:
                yield Child(position, self.cells, instance, None, constants + choice)
                position += self.cells

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
