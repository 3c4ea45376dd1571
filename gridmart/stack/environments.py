"""Build the three Python environments from their locks: `python3 -m gridmart.stack.environments`.

Needs nothing but the standard library, since it runs before anything is installed. Each environment carries a
stamp of its lock and its Python; what is current is skipped, what is half built is replaced.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

ENVIRONMENTS = ("airflow", "warehouse", "superset")
EXTRAS = {"peers": "warehouse", "spark": "warehouse"}
PYTHONS = ("3.11", "3.12")
STAMP = "gridmart-stamp"
ROOT = Path(__file__).resolve().parents[2]


class Refusal(SystemExit):
    """Ends the command with one line of cause and one of what to do."""

    def __init__(self, cause: str, next_step: str) -> None:
        print(f"error: {cause}\nnext: {next_step}", file=sys.stderr)
        super().__init__(1)


def wanted() -> str:
    """The Python versions that serve, in words."""
    return " or ".join(PYTHONS)


def python() -> str:
    """Path of a Python that serves: this one, else the first found on PATH."""
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    if this in PYTHONS:
        return os.path.realpath(sys.executable)
    for version in PYTHONS:
        found = shutil.which(f"python{version}")
        if found:
            return os.path.realpath(found)
    raise Refusal(
        f"Python {wanted()} is needed; this is {this} and PATH has no other",
        "install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv), then `make setup PYTHON=python3.11`",
    )


def version_of(interpreter: str) -> str:
    """Full version of an interpreter, for example 3.11.7."""
    done = subprocess.run([interpreter, "-c", "import platform; print(platform.python_version())"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    return done.stdout.strip()


def stamp(root: Path, name: str, version: str, extras: tuple[str, ...] = ()) -> str:
    """What an environment is made from: its lock, those of its extras, its Python (major and minor)."""
    digest = hashlib.sha256(".".join(version.split(".")[:2]).encode())
    for lock in (name, *extras):
        digest.update((root / "requirements" / f"{lock}.txt").read_bytes())
    return digest.hexdigest()


def _stored(root: Path, name: str) -> str:
    path = root / ".venvs" / name / STAMP
    return path.read_text().strip() if path.exists() else ""


def installed_extras(root: Path, name: str, version: str) -> tuple[str, ...] | None:
    """The extras that an environment was built with from today's locks; None if it was not."""
    known = sorted(extra for extra, base in EXTRAS.items() if base == name)
    stored = _stored(root, name)
    for count in range(len(known) + 1):
        for extras in combinations(known, count):
            if stored == stamp(root, name, version, extras):
                return extras
    return None


def is_current(root: Path, name: str, version: str = "") -> bool:
    """True if an environment was completely built from today's lock, with or without its extras."""
    interpreter = root / ".venvs" / name / "bin" / "python"
    if not interpreter.exists():  # also when the Python it links to has gone
        return False
    return installed_extras(root, name, version or version_of(str(interpreter))) is not None


def uv(root: Path, interpreter: str, only_own: bool = False) -> str:
    """Path of uv: the one on PATH unless `only_own`, or the one in the tools environment, which is made if missing."""
    own = root / ".venvs" / "tools" / "bin" / "uv"
    if own.exists():
        return str(own)
    found = None if only_own else shutil.which("uv")
    if found:
        return found
    tools = root / ".venvs" / "tools"
    shutil.rmtree(tools, ignore_errors=True)
    made = subprocess.run([interpreter, "-m", "venv", str(tools)], capture_output=True, text=True)
    if made.returncode:
        version = ".".join(version_of(interpreter).split(".")[:2])
        shutil.rmtree(tools, ignore_errors=True)
        raise Refusal(
            f"{interpreter} has no complete venv module (ensurepip is missing)",
            f"Debian, Ubuntu: apt-get install python{version}-venv; or put uv on PATH (https://docs.astral.sh/uv)",
        )
    got = subprocess.run([str(tools / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv"],
                         capture_output=True, text=True)  # fmt: skip
    if got.returncode or not own.exists():
        raise Refusal(f"uv could not be installed: {got.stderr.strip()[-400:]}", "check the package index, repeat")
    return str(own)


def _run(words: list[str], what: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    environment.setdefault("UV_LINK_MODE", "hardlink")
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{what}: {done.stderr.strip()[-1500:]}")


def build(root: Path, name: str, tool: str, interpreter: str, extras: tuple[str, ...] = ()) -> tuple[str, float]:
    """Build one environment, or do nothing if it is current; returns (what was done, seconds)."""
    started = time.monotonic()
    place = root / ".venvs" / name
    version = version_of(interpreter)
    built = place / "bin" / "python"
    usable = built.exists() and version_of(str(built)).split(".")[:2] == version.split(".")[:2]
    installed = installed_extras(root, name, version) if usable else None
    if installed is not None and set(extras) <= set(installed):
        what = "current" if installed == extras else "current, with extras"
        return what, time.monotonic() - started
    extras = tuple(sorted({*extras, *(installed or ())}))
    if not usable:
        shutil.rmtree(place, ignore_errors=True)
        _run([tool, "venv", "--quiet", "--python", interpreter, str(place)], f"{name}: new environment")
    (place / STAMP).unlink(missing_ok=True)  # from here on it is half built
    locks = [str(root / "requirements" / f"{lock}.txt") for lock in (name, *extras)]
    # sync also takes away what the lock no longer names, so that a repaired environment equals a fresh one
    _run([tool, "pip", "sync", "--quiet", "--require-hashes", "--python", str(built), *locks], name)
    (place / STAMP).write_text(stamp(root, name, version, extras) + "\n")
    return "built", time.monotonic() - started


def main(arguments: list[str] | None = None) -> int:
    """Build what is asked for, side by side; prints a line for each environment."""
    parser = argparse.ArgumentParser(
        prog="python3 -m gridmart.stack.environments",
        description="Build the Python environments of gridmart from their locks.",
        epilog="example: python3 -m gridmart.stack.environments --extra spark",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(ENVIRONMENTS)}; none: all")
    parser.add_argument("--extra", choices=sorted(EXTRAS), action="append", default=[], help="an optional extra")
    parser.add_argument("--tools", action="store_true", help="only uv, for `make lock`")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(ENVIRONMENTS)
    if unknown:
        raise Refusal(f"there is no environment {', '.join(sorted(unknown))}", f"choose from {', '.join(ENVIRONMENTS)}")
    names = options.names or list(ENVIRONMENTS)
    interpreter = python()
    tool = uv(ROOT, interpreter, only_own=options.tools)
    if options.tools:
        return 0
    failed = False
    with ThreadPoolExecutor(len(ENVIRONMENTS)) as pool:
        jobs = {}
        for name in names:
            extras = tuple(sorted(extra for extra in options.extra if EXTRAS[extra] == name))
            jobs[name] = pool.submit(build, ROOT, name, tool, interpreter, extras)
        for name, job in jobs.items():
            try:
                what, seconds = job.result()
                print(f"  {name:<10} {what} ({seconds:.1f} s)")
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                failed = True
                print(f"  {name:<10} failed\n{error}", file=sys.stderr)
    if failed:
        print("next: check the package index and the disk, then repeat; what is built stays", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
