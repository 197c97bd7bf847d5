#!/usr/bin/env python3
"""Series as `narthex decode --format json` tells them, on standard input, as sorted lines of text.

Numbers are taken as they are written: nothing is rounded on the way.
"""

import json
import sys

sys.dont_write_bytecode = True

from series import line


def lines(series):
    labels = list((series["labels"] | {"device": series["device"]}).items())
    name, value = series["name"], series["value"]
    if not isinstance(value, dict):
        state = [label for label in labels if label[0] == name]
        yield line(name, [label for label in labels if label not in state], value, state)
        return
    for bucket in value["buckets"]:
        yield line(name + "_bucket", labels, bucket["count"], [("le", bucket["le"])])
    yield line(name + "_sum", labels, value["sum"])
    yield line(name + "_count", labels, value["count"])


def main():
    read = json.JSONDecoder(parse_int=str, parse_float=str).decode
    print(*sorted(text for series in sys.stdin for text in lines(read(series))), sep="\n")


if __name__ == "__main__":
    main()
