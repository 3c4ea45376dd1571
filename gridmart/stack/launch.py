"""Start one service in the place of this process: `python -m gridmart.stack.launch SERVICE`.

Run by the supervisor. What an earlier, killed instance of the same service left behind is ended first: a
half-dead scheduler's tasks would otherwise run beside the ones that the new scheduler starts.
"""

import os
import sys

from gridmart.settings import settings
from gridmart.stack import postgres, processes
from gridmart.stack.services import POSTGRES, SERVICE_MARK, find


def main(name: str) -> None:
    """Become the service `name`; returns only by an error."""
    s = settings()
    service = find(name)
    processes.end(processes.of_service(s, service))
    if service is POSTGRES:
        postgres.prepare()
    words = service.command(s)
    environment = service.environment(s) | {SERVICE_MARK: service.name}
    folder = s.var_dir.resolve() / service.folder
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if service is POSTGRES and os.geteuid() == 0:
        user = postgres.os_user()
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.execve(words[0], words, environment)  # noqa: S606  # our own words, no shell


if __name__ == "__main__":
    main(sys.argv[1])
