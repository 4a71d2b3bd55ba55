#!/usr/bin/env python3
"""Runs the command of each row of docs/ROWS.md with --quick, and writes what it prints into docs/OUTPUTS.md.

The argument is the program. Measures for about seven minutes: run it on a machine that does nothing else.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| (S\d+) \| (.*?) \| `(.*?)` \|")
# How much of a line is kept: the rest is in the report.
WIDE = 160


def rows():
    for line in (ROOT / "docs/ROWS.md").read_text().splitlines():
        found = ROW.match(line.replace("\\|", "\0"))
        if found:
            yield [field.replace("\0", "|") for field in found.groups()]


def run(program, command, out):
    words = shlex.split(command)
    assert words[:2] == ["concbench", "run"], command
    arguments = [program, "run", *words[2:], "--quick", "--quiet", "--out", out]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    lines = [line.rstrip() for line in done.stdout.splitlines() if not line.startswith("report: ")]
    shown = [line if len(line) <= WIDE else line[: WIDE - 3] + "..." for line in lines if set(line) != {"─"}]
    # A demonstration that hangs, or a language that is not there, is no failure of the command.
    if done.returncode != 0:
        sys.exit(f"{command} exited with {done.returncode}:\n{done.stderr}")
    return "\n".join(shown).strip()


def main():
    program = sys.argv[1]
    parts = []
    with tempfile.TemporaryDirectory() as out:
        for name, system, command in rows():
            print(f"{name}: {command}", file=sys.stderr)
            text = run(program, command, out)
            parts.append(f"## {name}: {system}\n\n`{command} --quick`\n\n```text\n{text}\n```\n")
        record = json.loads((pathlib.Path(out) / "latest/results.json").read_text())
    machine, tool = record["machine"], record["tool"]
    head = (
        "# What the command of each row prints\n\n"
        f"Written by `make rows` with concbench {tool['version']}, commit {tool['commit']}, on {machine['cpu']}, "
        f"{machine['cores']} cores.\nFive blocks each: these are indications. Long lines are cut. The rows themselves, and "
        "what each shows,\nstand in [ROWS.md](ROWS.md).\n\n"
    )
    (ROOT / "docs/OUTPUTS.md").write_text(head + "\n".join(parts))


main()
