"""Joins what was measured with the rows of rows.tsv: prints the table, keeps README.md and the baseline.

usage: table.py WANTED MEASURED TSV MODE SCOPE

WANTED has the rows that were asked for, MEASURED lines of what<TAB>number; TSV is 0 or 1, MODE write, check or accept,
SCOPE all or some (rows). Called by tests/figures.sh, from the root of the tree.
"""

import sys

BASELINE = "tests/figures/baseline.tsv"
README = "README.md"
START, END = "<!-- figures: written by tests/figures.sh -->\n", "<!-- end of figures -->\n"
# By how much a figure without noise may be worse.
TOLERANCE = 1.02


def lines(path):
    """The lines of a file, taken apart, without comments."""
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]


def number(text):
    """A number for people: thousands apart by a thin space."""
    try:
        value = float(text)
    except ValueError:
        return text
    whole, dot, rest = text.partition(".")
    return f"{int(whole):,}".replace(",", "\u2009") + dot + rest if value >= 0 else text


class Row:
    """One figure."""

    def __init__(self, fields, measured):
        self.table, self.way, self.what, self.budget, self.unit, self.peer, kept = fields
        self.kept = {"kept": True, "shown": False}[kept]
        self.measured = measured.pop(self.what, None)
        if self.measured is None:
            sys.exit(f"figures: {self.what!r} was not measured")

    def over(self):
        """Whether the budget is missed."""
        return self.budget != "-" and float(self.measured) > float(self.budget)

    def tsv(self):
        """For programs."""
        return "\t".join([self.what, self.measured, self.budget, self.unit, self.peer])

    def cells(self):
        """For people."""
        budget = "" if self.budget == "-" else "≤ " + number(self.budget)
        peer = "" if self.peer == "-" else number(self.peer)
        return [self.what, number(self.measured) + (" (over)" if self.over() else ""), budget, self.unit, peer]

    def markdown(self):
        """For the README."""
        what, measured, budget, unit, peer = self.cells()
        return f"| {what} | {measured} | {budget} | {unit} | {peer} |\n"


def show(rows):
    """Prints tables whose columns stand under each other."""
    heads = ["", "measured", "budget", "unit", "best peer"]
    cells = [[row.table] + row.cells() for row in rows]
    widths = [max(len(cell[n + 1]) for cell in cells + [["", *heads]]) for n in range(5)]
    table = None
    for cell in cells:
        if cell[0] != table:
            table = cell[0]
            print("\n" + "  ".join(head.ljust(width) for head, width in zip([table, *heads[1:]], widths)).rstrip())
        what, measured, budget, unit, peer = (text for text in cell[1:])
        line = [what.ljust(widths[0]), measured.rjust(widths[1]), budget.rjust(widths[2]), unit.ljust(widths[3]), peer]
        print("  ".join(line).rstrip())


def compare(rows, baseline):
    """Says which figures are worse than they were, and which better; returns whether any is worse."""
    bad = False
    for row in rows:
        before = baseline.get(row.what)
        if not row.kept:
            continue
        now = float(row.measured)
        if before is None:
            print(f"not in the baseline: {row.what} ({row.measured} {row.unit})", file=sys.stderr)
            bad = True
        elif now > float(before) * TOLERANCE:
            print(f"worse: {row.what}, from {before} to {row.measured} {row.unit}", file=sys.stderr)
            bad = True
        elif now * TOLERANCE < float(before):
            print(f"better: {row.what}, from {before} to {row.measured} {row.unit}", file=sys.stderr)
    return bad


def write_readme(rows):
    """Puts rows into the README's tables; those that were not measured keep what stands there."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    before, start, rest = text.partition(START)
    old, end, after = rest.partition(END)
    if not start or not end:
        sys.exit(f"figures: {README} has no place for them")
    there = {line.split("|")[1].strip(): line for line in old.splitlines(keepends=True) if line.startswith("| ")}
    there.update((row.what, row.markdown()) for row in rows)
    table, new = None, ""
    for fields in lines("tests/figures/rows.tsv"):
        if fields[0] != table:
            table = fields[0]
            new += f"\n| {table} | measured | budget | unit | best peer |\n|---|---:|---:|---|---:|\n"
        new += there.get(fields[2], "")
    with open(README, "w", encoding="utf-8") as file:
        file.write(before + start + new + "\n" + end + after)


def write_baseline(rows, baseline):
    """Takes what is measured for the baseline."""
    baseline = baseline | {row.what: row.measured for row in rows}
    with open(BASELINE, "w", encoding="utf-8") as file:
        file.write("# What the figures without noise were; written by tests/figures.sh --accept.\n")
        for _, _, what, _, _, _, kept in lines("tests/figures/rows.tsv"):
            if kept == "kept" and what in baseline:
                file.write(f"{what}\t{baseline[what]}\n")


def main():
    """See above."""
    wanted, measured, tsv, mode, scope = sys.argv[1:]
    measured = dict(lines(measured))
    rows = [Row(fields, measured) for fields in lines(wanted)]
    known = {fields[2] for fields in lines("tests/figures/rows.tsv")}
    for what in measured.keys() - known:
        sys.exit(f"figures: {what!r} is measured and has no row")
    if tsv == "1":
        for row in rows:
            print(row.tsv())
    else:
        show(rows)
    sys.stdout.flush()
    baseline = dict(lines(BASELINE))
    if mode == "accept":
        write_baseline(rows, baseline)
    if mode == "accept" or mode == "write" and scope == "all":
        write_readme(rows)
    if mode != "accept" and compare(rows, baseline):
        sys.exit("figures: worse than the baseline; if it must be so: tests/figures.sh --accept")


main()
