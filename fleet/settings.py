"""Where ReFrame runs concbench. Machines are named in the environment, or written down below.

FLEET_SSH           machines that ssh reaches without a password: "alice@alpha beta"
FLEET_SSH_OPTIONS   options of ssh for all of them: "-i key"
FLEET_SLURM         options of sbatch for the nodes to measure: "-p compute"
"""

import os
import re
import shlex

# concbench is the only thing that is loaded.
ENVIRONMENT = 'plain'


def partition(name, scheduler, **more):
    """A place that jobs go to, one at a time: two runs on one machine measure each other."""
    return {'name': name, 'scheduler': scheduler, 'launcher': 'local', 'environs': [ENVIRONMENT], 'max_jobs': 1, **more}


def ssh(host):
    """A machine of its own is a partition of its own, so that machines run at the same time and each has one job."""
    name = re.sub(r'[^A-Za-z0-9_-]', '-', host.rpartition('@')[2])
    options = shlex.split(os.environ.get('FLEET_SSH_OPTIONS', ''))
    return partition(name, 'ssh', access=[f'#host={host}', *options], sched_options={'ssh_hosts': [host]})


def system(name, partitions):
    """A system that is chosen by --system alone, wherever ReFrame itself runs."""
    return {'name': name, 'hostnames': ['.*'] if name == 'here' else [], 'partitions': partitions}


ssh_hosts = os.environ.get('FLEET_SSH', '').split()
# A job whose node has died would be queued again, and waited for for ever. All memory of a node goes with its cores.
sbatch = ['--no-requeue', '--mem=0', *shlex.split(os.environ.get('FLEET_SLURM', ''))]

site_configuration = {
    'systems': [
        system('here', [partition('local', 'local')]),
        *([system('ssh', [ssh(host) for host in ssh_hosts])] if ssh_hosts else []),
        # No `srun`: it would bind what it starts to the cores of one task. Each job has its node for itself (the check asks for that), so several nodes may run at once.
        # `squeue` needs no accounting; where there is accounting, `slurm` also learns how a job ended.
        system('slurm', [partition('nodes', 'squeue', access=sbatch, max_jobs=64)]),
        system('slurm-accounted', [partition('nodes', 'slurm', access=sbatch, max_jobs=64)]),
    ],
    'environments': [{'name': ENVIRONMENT, 'cc': '', 'cxx': '', 'ftn': ''}],
    'logging': [
        {
            'handlers': [
                {'type': 'stream', 'name': 'stdout', 'level': 'info', 'format': '%(message)s'},
            ],
            'handlers_perflog': [
                {
                    'type': 'filelog',
                    'prefix': '%(check_system)s/%(check_partition)s',
                    'level': 'info',
                    'format': '%(check_result)s|%(check_job_completion_time)s|%(check_perfvalues)s',
                    'format_perfvars': '%(check_perf_value)s|%(check_perf_unit)s|',
                    'append': True,
                },
            ],
        },
    ],
}
