"""Run dbt and die by SIGKILL before a statement: `DIE_BEFORE=text python -m tests.engines.snowflake.dying build`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from snowflake.connector.cursor import SnowflakeCursor


def main() -> None:
    """The first statement that contains DIE_BEFORE (lower case) is never sent."""
    original = SnowflakeCursor.execute
    text = os.environ["DIE_BEFORE"]

    def execute(self: SnowflakeCursor, command: str, *args: Any, **kwargs: Any) -> Any:
        if text in " ".join(command.lower().split()):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, command, *args, **kwargs)

    SnowflakeCursor.execute = execute  # type: ignore[method-assign]
    from dbt.cli.main import cli

    cli(sys.argv[1:])


if __name__ == "__main__":
    main()
