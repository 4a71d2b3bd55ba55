"""A run of concbench on one machine, as a test of ReFrame."""

import json
import os
import re
import shlex
import shutil

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import run_before, sanity_function, variable
from reframe.core.exceptions import SanityError

# How concbench ends: all measured; some cells failed, the others are measured and saved; too noisy to begin.
WHOLE, SOME_FAILED, TOO_NOISY = 0, 3, 75


@rfm.simple_test
class concbench(rfm.RunOnlyRegressionTest):
    """What concbench finds on a machine: its record comes back, with a performance variable for each cell."""

    descr = 'which concurrency model should this work use, on this machine?'
    valid_systems = ['*']
    valid_prog_environs = ['*']

    # An executable here, which is copied to every machine: all of them run the same build.
    program = variable(str, value='concbench')
    # What `concbench run` is asked beside the label: flags, a filter.
    arguments = variable(str, value='')
    # How machines are called in their records. A record holds no host name unless a label does: `{node}` puts it there.
    label = variable(str, value='{partition}')
    # Whether a machine that concbench's doctor finds unfit is measured all the same.
    unfit = variable(bool, value=False)
    time_limit = '2h'

    sourcesdir = 'job'
    executable = 'bash'
    # Two runs on one machine measure each other: a node of a batch system is not shared.
    exclusive_access = True
    # The record, how the program ended, and what its doctor said. Another scheduler than `local` leaves nothing else.
    keep_files = ['results.json', 'exit-code', 'doctor.txt']

    @run_before('run')
    def bring_the_program(self):
        found = shutil.which(self.program)
        if found is None:
            raise SanityError(f'there is no executable {self.program!r}: give one with -S program=PATH')
        shutil.copy(found, os.path.join(self.stagedir, 'concbench'))
        label = self.label.replace('{partition}', self.current_partition.name)
        words = ['run.sh', 'check' if not self.unfit else 'trust', label, *shlex.split(self.arguments)]
        self.executable_opts = [shlex.quote(word) for word in words]

    @sanity_function
    def came_back(self):
        """Takes what was measured, though some cells of it failed; says of the rest what has become of it."""
        code = exit_code(self.stagedir)
        if code is None:
            raise SanityError('nothing came back: the job, or its machine, ended before concbench did')
        if code == TOO_NOISY:
            raise SanityError(f'too noisy to measure, worth another try: {last_line(self.stagedir)}')
        if code not in (WHOLE, SOME_FAILED):
            raise SanityError(f'concbench ended with {code}: {last_line(self.stagedir)}')
        return sn.assert_true(os.path.exists(os.path.join(self.stagedir, 'results.json')), msg='there is no record')

    @run_before('performance')
    def name_the_figures(self):
        """A performance variable for each cell: the response that it is ranked by, which is its first."""
        for entry in figures(self.stagedir):
            cell = entry['name'].rpartition(' ')[0]
            figure = sn.make_performance_function(sn.defer(entry['value']), entry['unit'])
            self.perf_variables.setdefault(re.sub(r'[|,]', '-', cell), figure)


def exit_code(folder):
    """How concbench ended, or nothing if it has not."""
    try:
        with open(os.path.join(folder, 'exit-code')) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def figures(folder):
    """The medians of each cell, each with its unit."""
    try:
        with open(os.path.join(folder, 'figures.json')) as file:
            return json.load(file)
    except (OSError, ValueError):
        return []


def last_line(folder):
    """The last thing that concbench said."""
    for name in ('errors.txt', 'doctor.txt'):
        try:
            with open(os.path.join(folder, name), errors='replace') as file:
                lines = [line.strip() for line in file if line.strip()]
        except OSError:
            continue
        if lines:
            return lines[-1]
    return 'it said nothing'
