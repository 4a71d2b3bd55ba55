"""Measures constructs of Python as concbench orders.

A process of `multiprocessing` that is spawned runs this file again before its task, so that it imports nothing above the
guard.
"""

if __name__ == "__main__":
    import sys

    if sys.version_info < (3, 9):
        sys.stdout.write("unsupported Python 3.9 or later is needed, this is %d.%d\n" % sys.version_info[:2])
        sys.exit(0)

    import protocol

    protocol.main()
