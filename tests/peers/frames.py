"""What decode.py makes of single frames and numbers, for the tests: JSON for each line of hex on standard input.

    frames.py              a capture: its frames, how many are none, its families, and the lines it leaves
    frames.py --numbers    a cell: what it says as a number of each kind
"""
import json
import sys
from types import SimpleNamespace

sys.dont_write_bytecode = True

import decode

FRAMES = {0: "values", 1: "part", 2: "sparse", 3: "records", 4: "requests"}
RECORDS = {
    1: ("hello",),
    2: ("schema", "family", "families", "first"),
    3: ("label", "family", "slot", "birth"),
    65: ("hello request",),
    66: ("schema request", "family"),
    67: ("snapshot request",),
    68: ("label request", "family", "slot"),
}
NUMBERS = ["unsigned", "signed", "f32", "f64"]


def record(kind, body):
    name, *names = RECORDS.get(kind, ("unknown",))
    body = decode.Bytes(body)
    says = {"record": name} | {name: body.varint() for name in names}
    if kind in (decode.HELLO, decode.SCHEMA, decode.LABEL):
        says |= {"offset": body.varint(), "total": body.varint(), "bytes": body.data.hex()}
    return says | ({"kind": kind} if name == "unknown" else {})


def frame(coded):
    frame = decode.Frame(coded)
    says = {"frame": FRAMES.get(frame.kind, "unknown"), "boot": f"{frame.boot:08x}", "schema": f"{frame.schema:08x}"}
    says |= {"sequence": frame.sequence, "uptime": frame.uptime}
    if says["frame"] in ("values", "part", "sparse"):
        says["cells"] = list(frame.cells.items())
    if says["frame"] in ("records", "requests"):
        says["records"] = [record(*fields) for fields in frame.records]
    return says | ({"left": frame.payload.data.hex()} if frame.payload.data and says["frame"] != "unknown" else {})


def family(family):
    says = {"name": family.name, "help": family.help, "unit": family.unit, "kind": family.kind}
    says |= {"number": NUMBERS[family.number], "optional": bool(family.optional), "scale": family.scale}
    says |= {"capacity": family.capacity, "cells": family.cells, "bounds": family.bounds, "labels": family.labels}
    return says


def capture(data):
    devices, counts = decode.decode(data)
    frames = [frame(coded) for coded in data.split(b"\0")[:-1]]
    families = [family(known) for boot in devices.values() for _, known in sorted(boot.families.items())]
    lines = sorted(line for boot in devices.values() for line in boot.lines())
    return {"frames": frames, "counts": counts, "families": families, "lines": lines}


def cell(data):
    body = decode.Bytes(data)
    cell, says = body.varint(), {"left": len(body.data)}
    for number, name in enumerate(NUMBERS):
        for optional, prefix in enumerate(["", "optional "]):
            kind = SimpleNamespace(number=number, optional=optional, scale=0)
            says[prefix + name] = decode.value(kind, cell)
    return says


for line in sys.stdin:
    print(json.dumps((cell if "--numbers" in sys.argv else capture)(bytes.fromhex(line))))
