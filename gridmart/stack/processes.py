"""Find and end the processes of one installation, also those whose supervisor is dead.

Every process inherits the variable GRIDMART_STACK (the var folder). A process that rewrites its title (PostgreSQL,
gunicorn, Airflow) loses its environment from sight; it is known by working in a folder that only services work in.
"""

import os
import signal
from collections.abc import Iterable

import psutil

from gridmart.settings import Settings
from gridmart.stack.postgres import MARK
from gridmart.stack.services import SERVICE_MARK, SERVICES, Service


def _folders(s: Settings) -> set[str]:
    var = s.var_dir.resolve()
    return {str(var / service.folder) for service in SERVICES}


def _own_line() -> set[int]:
    """This process and its ancestors: a command of ours never ends itself or the shell it was typed in."""
    me = psutil.Process()
    return {me.pid, *(parent.pid for parent in me.parents())}


def _candidates() -> Iterable[psutil.Process]:
    spared = _own_line()
    uid = os.geteuid()
    for process in psutil.process_iter(["pid", "uids", "status"]):
        uids = process.info["uids"]
        if process.pid in spared or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        if uid in (0, uids.real if uids else -1):
            yield process


def of_installation(s: Settings) -> list[psutil.Process]:
    """Every living process of this installation except this one and its ancestors."""
    var, folders, found = str(s.var_dir.resolve()), _folders(s), []
    for process in _candidates():
        try:
            if process.environ().get(MARK) == var or _is_service_in(process, folders):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _is_service_in(process: psutil.Process, folders: set[str]) -> bool:
    if process.cwd() not in folders:
        return False
    name = os.path.basename(process.exe())  # noqa: PTH119  # a name, not a path of ours
    return name.startswith(("python", "postgres"))


def of_service(s: Settings, service: Service) -> list[psutil.Process]:
    """Living processes of one service and their descendants, except this one and its ancestors."""
    var, folder, found = str(s.var_dir.resolve()), str(s.var_dir.resolve() / service.folder), {}
    for process in _candidates():
        try:
            environment = process.environ()
            marked = environment.get(MARK) == var and environment.get(SERVICE_MARK) == service.name
            titled = (
                service.titles and process.cwd() == folder and " ".join(process.cmdline()).startswith(service.titles)
            )
            if marked or titled:
                for member in (process, *process.children(recursive=True)):
                    found[member.pid] = member
        except (psutil.Error, OSError):
            continue
    return list(found.values())


def end(found: list[psutil.Process], patience_s: float = 5.0) -> int:
    """Ask processes to end, PostgreSQL cleanly, and kill those that do not; returns how many there were."""
    servers = [process for process in found if _name(process) == "postgres"]
    others = [process for process in found if process not in servers]
    for process in others:
        _signal(process, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(others, timeout=patience_s if others else 0)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=5)
    # clients are gone: now the servers, parents first; their children follow
    for process in servers:
        if _parent(process) not in servers:
            _signal(process, signal.SIGINT)
    _, stubborn = psutil.wait_procs(servers, timeout=60 if servers else 0)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=5)
    return len(found)


def resident_bytes(found: Iterable[psutil.Process]) -> int:
    """Memory of processes, shared pages counted once (PSS) where the system tells."""
    total = 0
    for process in found:
        try:
            full = process.memory_full_info()
            total += getattr(full, "pss", 0) or full.rss
        except (psutil.Error, OSError):
            continue
    return total


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""


def _parent(process: psutil.Process) -> psutil.Process | None:
    try:
        return process.parent()
    except psutil.Error:
        return None


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return
