"""Joins what was measured with the rows of rows.tsv: prints the table, keeps README.md and the baseline.

usage: table.py WANTED MEASURED TSV MODE SCOPE

WANTED has the rows that were asked for, MEASURED lines of what<TAB>number; TSV is 0 or 1, MODE write, check or accept,
SCOPE all or some (rows). Called by tests/figures.sh, from the root of the tree.
"""

import sys

ROWS = "tests/figures/rows.tsv"
BASELINE = "tests/figures/baseline.tsv"
README = "README.md"
START, END = "<!-- figures: written by tests/figures.sh -->\n", "<!-- end of figures -->\n"
# Of the table of cores. The figures of the device are those of an M3.
CORES = ["M0", "M3", "RV32IMAC"]
ON_A_CORE = "| on a core"
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


def markdown_of(table, rows):
    """A table for the README, of the lines that are there by name."""
    heading = f"\n| {table} | measured | budget | unit | best peer |\n|---|---:|---:|---|---:|\n"
    return heading + "".join(rows.get(fields[2], "") for fields in lines(ROWS) if fields[0] == table)


def markdown_of_cores(values):
    """The table of cores: figures of the device that others have as well, side by side."""
    text = f"\n{ON_A_CORE} | unit | " + " | ".join(CORES) + " |\n|---|---|" + "---:|" * len(CORES) + "\n"
    units = {fields[2]: fields[4] for fields in lines(ROWS)}
    for what, unit in units.items():
        names = [what if core == "M3" else f"{what} ({core})" for core in CORES]
        if all(name in values for name in names):
            text += f"| {what} | {unit} | " + " | ".join(number(values[name]) for name in names) + " |\n"
    return text


def write_readme(rows, baseline):
    """Puts rows into the README's tables; those that were not measured keep what stands there, or in the baseline."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    before, start, rest = text.partition(START)
    old, end, after = rest.partition(END)
    if not start or not end:
        sys.exit(f"figures: {README} has no place for them")
    # The table of cores is made anew: its rows have the names of others.
    front, _, cores = old.partition(ON_A_CORE)
    old = front + cores.partition("\n\n")[2]
    there = {line.split("|")[1].strip(): line for line in old.splitlines(keepends=True) if line.startswith("| ")}
    there.update((row.what, row.markdown()) for row in rows)
    new = ""
    for table in dict.fromkeys(fields[0] for fields in lines(ROWS)):
        if table == "cores":
            new += markdown_of_cores(baseline | {row.what: row.measured for row in rows})
        else:
            new += markdown_of(table, there)
    with open(README, "w", encoding="utf-8") as file:
        file.write(before + start + new + "\n" + end + after)


def write_baseline(rows, baseline):
    """Takes what is measured for the baseline."""
    baseline = baseline | {row.what: row.measured for row in rows}
    with open(BASELINE, "w", encoding="utf-8") as file:
        file.write("# What the figures without noise were; written by tests/figures.sh --accept.\n")
        for _, _, what, _, _, _, kept in lines(ROWS):
            if kept == "kept" and what in baseline:
                file.write(f"{what}\t{baseline[what]}\n")


def main():
    """See above."""
    wanted, measured, tsv, mode, scope = sys.argv[1:]
    measured = dict(lines(measured))
    rows = [Row(fields, measured) for fields in lines(wanted)]
    known = {fields[2] for fields in lines(ROWS)}
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
        write_readme(rows, baseline)
    if mode != "accept" and compare(rows, baseline):
        sys.exit("figures: worse than the baseline; if it must be so: tests/figures.sh --accept")


main()
