#!/usr/bin/env python3
"""Holds what came back from the machines against each other, and names those that nothing came back from.

    merge.py REPORT.json [ARGUMENT OF concbench compare...]

REPORT.json is what `reframe --report-file` wrote. CONCBENCH names the program, `concbench` by default. Ends with 1 if some
machine is missing, else as the comparison does.
"""

import json
import os
import re
import subprocess
import sys


def tries_of_each(report):
    """The tries of each machine, in their order: a retry stands behind what it tries again."""
    tries = {}
    for run in report['runs']:
        for case in run['testcases']:
            tries.setdefault((case['system'], case['partition'], case['unique_name']), []).append(case)
    return tries.values()


def machine(case):
    """The machine, as its user or its batch system calls it."""
    node = re.search(r'%\.nid=(\S+)', case['display_name'])
    return node[1] if node else case['partition']


def reason(case):
    """Why a try did not bring a record back, in one line."""
    lines = (case['fail_reason'] or '').strip().splitlines()
    return lines[-1] if lines else 'no reason was given'


def main(report, *arguments):
    with open(report) as file:
        cases = sorted(tries_of_each(json.load(file)), key=lambda tries: machine(tries[0]))
    records, missing = [], False
    for tries in cases:
        name, last = machine(tries[0]), tries[-1]
        failed = '; then '.join(reason(case) for case in tries if case['result'] != 'pass')
        if last['result'] != 'pass':
            missing = True
            print(f'{name}: {failed}', file=sys.stderr)
            continue
        if failed:
            print(f'{name}: measured at try {len(tries)}: {failed}', file=sys.stderr)
        folder = last['outputdir']
        records.append(os.path.join(folder, 'results.json'))
        with open(os.path.join(folder, 'exit-code')) as file:
            if file.read().strip() != '0':
                print(f'{name}: some cells failed, the others are compared', file=sys.stderr)
    print(f'{len(records)} of {len(cases)} machines came back', file=sys.stderr)
    code = 0
    if len(records) > 1:
        program = os.environ.get('CONCBENCH', 'concbench')
        code = subprocess.run([program, 'compare', *records, *arguments], check=False).returncode
    return 1 if missing else code


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
