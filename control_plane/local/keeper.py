"""The keeper: looks every two seconds whether every server still lives, and runs ``punctual up`` when one does not.

Run as ``python -m control_plane.local.keeper COMMAND… -- LOCK…``. It looks at locks only, so it costs next
to nothing; what a missing part needs is known to ``up`` alone. Programs of organisations are the control plane's care.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from control_plane.local.process import Lock

LOOK_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0


def main() -> None:
    """Keep until SIGTERM."""
    split = sys.argv.index("--")
    command, locks = sys.argv[1:split], [Lock(Path(each)) for each in sys.argv[split + 1 :]]
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    pause = LOOK_SECONDS
    while not over.wait(pause):
        missing = [lock.path.stem for lock in locks if lock.holder() is None]
        if not missing:
            pause = LOOK_SECONDS
            continue
        print(f"{', '.join(missing)} ended; starting again", flush=True)  # noqa: T201 - this is its log
        done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - a fixed command
        # What does not come back is tried again ever more slowly; the reason is in this log.
        pause = LOOK_SECONDS if done.returncode == 0 else min(pause * 2, LONGEST_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
