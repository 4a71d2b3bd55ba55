"""What a worker of a pool does before its first task."""

import os
import threading
from multiprocessing import connection, parent_process


def end_with_parent():
    """Ends this process once its parent has died: a worker waits for tasks, and those of a parent that was killed never come."""

    def wait():
        connection.wait([parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
