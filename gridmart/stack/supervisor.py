"""The process supervisor: its configuration, its start and stop, and questions to it over a socket in `var`."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from gridmart.errors import GridmartError
from gridmart.settings import PROJECT_DIR, Settings
from gridmart.stack.services import POSTGRES, base_environment, services

SOCKET_PATH_LIMIT = 100  # the system allows 107 bytes


def folder(s: Settings) -> Path:
    """The supervisor's own folder, closed to others."""
    path = s.var_dir.resolve() / "stack"
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def log_folder(s: Settings) -> Path:
    """Folder of the services' logs."""
    path = s.var_dir.resolve() / "log"
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def socket_path(s: Settings) -> Path:
    """The control socket; a deep var folder would make too long a name, then it stands in the temporary folder."""
    path = s.var_dir.resolve() / "stack" / "supervisor.sock"
    if len(str(path)) <= SOCKET_PATH_LIMIT:
        return path
    short = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"gridmart-{os.geteuid()}-{short}.sock"


def configuration(s: Settings) -> str:
    """Text of supervisord.conf. It holds no secret."""
    stack, logs = s.var_dir.resolve() / "stack", s.var_dir.resolve() / "log"
    user = "user=root\n" if os.geteuid() == 0 else ""
    text = f"""[unix_http_server]
file={socket_path(s)}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisord]
nodaemon=true
silent=true
{user}directory={PROJECT_DIR}
logfile={logs}/supervisor.log
logfile_maxbytes=5MB
logfile_backups=2
pidfile={stack}/supervisord.pid
childlogdir={logs}
umask=077
"""
    for service in services(s):
        # PostgreSQL: SIGINT is its clean, fast shutdown, sent to the server alone, which ends its own children
        stop = (
            "stopsignal=INT\nstopwaitsecs=60" if service is POSTGRES
            else "stopsignal=TERM\nstopwaitsecs=10\nstopasgroup=true\nkillasgroup=true"
        )  # fmt: skip
        text += f"""
[program:{service.name}]
command={sys.executable} -m gridmart.stack.launch {service.name}
directory={PROJECT_DIR}
autostart=false
autorestart=true
startsecs=3
startretries=20
{stop}
redirect_stderr=true
stdout_logfile={logs}/{service.name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
"""
    return text.replace("%", "%%")


def fingerprint(s: Settings) -> str:
    """What the running services were started with; another value asks for a restart."""
    parts = [configuration(s), s.model_dump_json(), s.secrets_file.read_text()]
    parts += [
        (PROJECT_DIR / "requirements" / f"{name}.txt").read_text() for name in ("airflow", "warehouse", "superset")
    ]
    parts.append((PROJECT_DIR / "superset" / "superset_config.py").read_text())
    parts.append((Path(__file__).parent / "services.py").read_text())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Supervisor:
    """The supervisor of one installation."""

    def __init__(self, s: Settings) -> None:
        self.settings = s

    def _proxy(self) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, serverurl=f"unix://{socket_path(self.settings)}")
        return ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def pid(self) -> int:
        """Process id of the running supervisor; 0: it does not answer."""
        try:
            return int(self._proxy().getPID())
        except (OSError, Fault):
            return 0

    def is_current(self) -> bool:
        """True if what runs was started with the settings in force now."""
        path = folder(self.settings) / "fingerprint"
        return path.exists() and path.read_text() == fingerprint(self.settings)

    def start(self) -> None:
        """Start the supervisor alone; no service yet."""
        s = self.settings
        path = folder(s) / "supervisord.conf"
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(configuration(s))
        log_folder(s)
        socket_path(s).unlink(missing_ok=True)
        (folder(s) / "supervisord.pid").unlink(missing_ok=True)
        (folder(s) / "fingerprint").write_text(fingerprint(s))
        environment = base_environment(s) | {"PYTHONPATH": str(PROJECT_DIR), "PYTHONWARNINGS": "ignore"}
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(path)],
            env=environment, cwd=PROJECT_DIR, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while not self.pid():
            if process.poll() is not None or time.monotonic() > deadline:
                raise GridmartError("the process supervisor did not start", f"see {log_folder(s) / 'supervisor.log'}")
            time.sleep(0.05)

    def states(self) -> dict[str, dict[str, Any]]:
        """Service name → the supervisor's word on it: statename, pid, start, now, spawnerr; empty if it is down."""
        try:
            return {info["name"]: info for info in self._proxy().getAllProcessInfo()}
        except (OSError, Fault):
            return {}

    def start_service(self, name: str) -> None:
        """Start a service, without waiting for it; nothing happens when it runs."""
        try:
            self._proxy().startProcess(name, False)
        except Fault as fault:
            if "ALREADY_STARTED" not in str(fault.faultString):
                raise GridmartError(
                    f"{name} could not be started: {fault.faultString}", f"see `gridmart logs {name}`"
                ) from fault

    def stop_service(self, name: str) -> None:
        """Stop a service and wait until it has stopped."""
        try:
            self._proxy().stopProcess(name, True)
        except Fault as fault:
            if "NOT_RUNNING" not in str(fault.faultString):
                raise

    def shutdown(self) -> None:
        """Stop every service, PostgreSQL last, then the supervisor."""
        running = [
            name for name, info in self.states().items() if info["statename"] not in ("STOPPED", "EXITED", "FATAL")
        ]
        proxy = self._proxy()
        others = [name for name in running if name != POSTGRES.name]
        for name in others:  # all at once, then wait
            try:
                proxy.stopProcess(name, False)
            except Fault:
                continue
        deadline = time.monotonic() + 25
        while time.monotonic() < deadline:
            states = self.states()
            if all(states[name]["statename"] in ("STOPPED", "EXITED", "FATAL") for name in others if name in states):
                break
            time.sleep(0.1)
        if POSTGRES.name in running:
            self.stop_service(POSTGRES.name)
        try:
            proxy.shutdown()
        except (OSError, Fault):
            return
