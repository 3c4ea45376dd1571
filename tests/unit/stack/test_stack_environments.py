"""Building environments: what is current is skipped, what is not is known."""

import subprocess
import sys
from pathlib import Path

import pytest

from gridmart.settings import PROJECT_DIR
from gridmart.stack import environments


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with locks, and an environment that looks built."""
    (tmp_path / "requirements").mkdir()
    for name in (*environments.ENVIRONMENTS, *environments.EXTRAS):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    place = tmp_path / ".venvs" / "warehouse" / "bin"
    place.mkdir(parents=True)
    (place / "python").symlink_to(sys.executable)
    return tmp_path


def stamp(root: Path, *extras: str) -> None:
    version = environments.version_of(sys.executable)
    text = environments.stamp(root, "warehouse", version, extras)
    (root / ".venvs" / "warehouse" / environments.STAMP).write_text(text)


def test_a_built_environment_is_current_until_its_lock_changes(root: Path) -> None:
    stamp(root)
    assert environments.is_current(root, "warehouse")
    (root / "requirements" / "warehouse.txt").write_text("warehouse==2\n")
    assert not environments.is_current(root, "warehouse")


def test_a_half_built_environment_is_not_current(root: Path) -> None:
    assert not environments.is_current(root, "warehouse")


def test_an_environment_with_its_extra_is_left_as_it_is(root: Path) -> None:
    stamp(root, "spark")
    what, _ = environments.build(root, "warehouse", "/nonexistent/uv", sys.executable)
    assert what == "current, with extras"


def test_an_extra_is_added_to_those_that_are_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(environments, "_run", lambda words, what: ran.append(words))
    stamp(root, "spark")
    assert environments.build(root, "warehouse", "uv", sys.executable, ("peers",))[0] == "built"
    assert [Path(word).name for word in ran[0] if word.endswith(".txt")] == ["warehouse.txt", "peers.txt", "spark.txt"]
    for extras in ((), ("spark",), ("peers", "spark")):
        assert environments.build(root, "warehouse", "uv", sys.executable, extras)[0].startswith("current")
    assert len(ran) == 1


def test_an_environment_whose_python_has_gone_is_not_current(root: Path) -> None:
    stamp(root)
    python = root / ".venvs" / "warehouse" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3.11")
    assert not environments.is_current(root, "warehouse")


def test_the_stamp_knows_the_minor_version_of_python(root: Path) -> None:
    assert environments.stamp(root, "airflow", "3.11.7") == environments.stamp(root, "airflow", "3.11.9")
    assert environments.stamp(root, "airflow", "3.11.7") != environments.stamp(root, "airflow", "3.12.1")


def test_no_python_that_serves_is_said_in_two_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(environments, "PYTHONS", ("3.99",))
    with pytest.raises(SystemExit):
        environments.python()
    error = capsys.readouterr().err
    assert "Python 3.99 is needed" in error and "next:" in error and len(error.splitlines()) == 2


@pytest.mark.parametrize("module", ["environments", "system_packages"])
def test_what_runs_before_the_environments_needs_only_the_standard_library(module: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(PROJECT_DIR)!r}); import gridmart.stack.{module}"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_locks_name_no_registry_and_carry_hashes() -> None:
    for lock in (PROJECT_DIR / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text and "--hash=sha256:" in text, lock.name
