"""The text format of Prometheus (0.0.4): the lines of one child."""

import struct


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def point(digits, exponent):
    """A string of digits times ten to a power, exact and plain."""
    if exponent >= 0:
        return (digits + "0" * exponent).lstrip("0") or "0"
    digits = digits.rjust(1 - exponent, "0")
    whole, fraction = digits[:exponent], digits[exponent:].rstrip("0")
    return whole + ("." + fraction if fraction else "")


def scaled(number, exponent):
    """An integer times ten to a power, exact and plain."""
    return ("-" if number < 0 else "") + point(str(abs(number)), exponent)


def shortest(digits, exponent):
    """The same with at most so many digits as tell it: with an exponent where Go has one."""
    digits, zeros = digits.rstrip("0"), len(digits) - len(digits.rstrip("0"))
    exponent += zeros
    power = len(digits) - 1 + exponent
    if not digits or -4 <= power < 6:
        return point(digits or "0", exponent if digits else 0)
    return digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{power:+03d}"


def single(bits):
    """The fewest digits that are this f32 and no other."""
    value = struct.unpack(">f", bits)[0]
    for count in range(1, 10):
        text = f"{value:.{count - 1}e}"
        if abs(float(text)) <= 3.4028235677973366e38 and struct.pack(">f", float(text)) == bits:
            return text
    return text


def floating(hexadecimal):
    bits = bytes.fromhex(hexadecimal)
    value = struct.unpack(">f" if len(bits) == 4 else ">d", bits)[0]
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    text = single(bits) if len(bits) == 4 else repr(value)
    mantissa, _, power = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    sign = "-" if value < 0 else ""
    return sign + shortest((whole + fraction).lstrip("0"), int(power or 0) - len(fraction))


def value(cell, scale):
    return floating(cell) if isinstance(cell, str) else scaled(cell, scale)


def line(name, labels, text, last=()):
    """One line; labels by name, but the last."""
    pairs = [f'{label}="{escape(value)}"' for label, value in sorted(labels) + list(last)]
    return name + ("{" + ",".join(pairs) + "}" if pairs else "") + " " + text


def lines(family, labels, cells):
    """All lines of one child."""
    if family.kind == "histogram":
        total = 0
        for bound, count in zip([shortest(str(bound), family.scale) for bound in family.bounds] + ["+Inf"], cells):
            total += count
            yield line(family.name + "_bucket", labels, str(total), [("le", bound)])
        yield line(family.name + "_count", labels, str(total))
        yield line(family.name + "_sum", labels, scaled(cells[-1], family.scale))
    elif family.kind == "state set":
        name, states = family.labels[-1]
        for index, state in enumerate(states):
            yield line(family.name, labels, str(int(index == cells[0])), [(name, state)])
    elif family.kind == "info":
        yield line(family.name, labels, "1")
    elif family.kind in ("counter", "gauge", "unknown"):
        if cells[0] is not None:
            yield line(family.name, labels, value(cells[0], family.scale))
