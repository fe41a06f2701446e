"""Start a process and write what it used: `python launch.py RESULT.json COMMAND...`; ends with its exit code.

Linux counts as a process's peak memory also that of the process which started it, so this one is small: it imports
nothing of the project. Processes that outlive the one that started them, as Spark's Java does, are counted too.
"""

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    """Run the command to its end, and wait for what it leaves behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.perf_counter()
    process = subprocess.Popen(sys.argv[2:])
    process.wait()
    with suppress(ChildProcessError):
        while True:
            os.wait()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = {
        "wall_seconds": time.perf_counter() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        # Kilobytes on Linux, bytes on macOS.
        "peak_mb": usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024),
    }
    with Path(sys.argv[1]).open("w", encoding="utf-8") as result:
        json.dump(used, result)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


if __name__ == "__main__":
    sys.exit(main())
