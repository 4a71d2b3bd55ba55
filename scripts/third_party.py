#!/usr/bin/env python3
"""Prints the licences of everything that stands in the binary for a target, each with its text.

    third_party.py TARGET
"""

import json
import pathlib
import subprocess
import sys

# What a licence is called in a crate.
NAMES = ('license', 'licence', 'copying', 'notice', 'unlicense')
GLIBC = """\
The GNU C Library is linked statically. It is under the GNU Lesser General Public License, version 2.1 or later
(https://www.gnu.org/licenses/old-licenses/lgpl-2.1.html). Whoever wants to link another version of it builds concbench from
its source, which is complete: `scripts/dist.sh`."""


def main(target):
    command = ['cargo', 'metadata', '--locked', '--format-version', '1', '--filter-platform', target]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    packages = {package['id']: package for package in metadata['packages']}
    nodes = {node['id']: node for node in metadata['resolve']['nodes']}
    root = next(id for id, package in packages.items() if package['name'] == 'concbench')
    linked, open_ = set(), [root]
    while open_:
        id = open_.pop()
        if id not in linked:
            linked.add(id)
            deps = nodes[id]['deps']
            open_ += [dep['pkg'] for dep in deps if any(kind['kind'] is None for kind in dep['dep_kinds'])]
    print(GLIBC)
    # Most texts are those of the same few licences.
    seen = {}
    for package in sorted((packages[id] for id in linked), key=lambda one: (one['name'], one['version'])):
        if package['source'] is None:
            continue
        print(f"\n{'=' * 80}\n{package['name']} {package['version']}: {package['license'] or 'see below'}")
        folder = pathlib.Path(package['manifest_path']).parent
        files = sorted(file for file in folder.iterdir() if file.is_file() and file.name.lower().startswith(NAMES))
        for file in files:
            text = file.read_text(errors='replace').strip()
            first = seen.setdefault(text, package['name'])
            print(f'\n-- {file.name}\n' + (text if first == package['name'] else f'As that of {first}.'))
        if not files:
            print(f"\nIts package holds no text of it; its authors: {', '.join(package['authors']) or 'not named'}.")


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
