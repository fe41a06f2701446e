"""Start a process and write what it used: `python launch.py RESULT.json COMMAND...`; ends with its exit code.

Linux counts as a process's peak memory also that of the process which started it, so this one is small: it imports
nothing of the project.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    """Run the command to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(sys.argv[2:])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
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
