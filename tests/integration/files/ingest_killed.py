"""Run one ingest and die by SIGKILL just before or after its n-th commit: `ingest_killed.py before|after N`."""

import os
import signal
import sys
from typing import Any

from gridmart.lake import ingest, tables


def main() -> None:
    when, place = sys.argv[1], int(sys.argv[2])
    commit, commits = tables.append_files, 0

    def dying(*args: Any, **kwargs: Any) -> int | None:
        nonlocal commits
        commits += 1
        if when == "before" and commits == place:
            os.kill(os.getpid(), signal.SIGKILL)
        done = commit(*args, **kwargs)
        if when == "after" and commits == place:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    tables.append_files = dying
    ingest.ingest()  # its result is never reported: the next run reports it


if __name__ == "__main__":
    main()
