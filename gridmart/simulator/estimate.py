"""How long a run will take and how much it will write, said before it starts."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from gridmart.errors import GridmartError
from gridmart.simulator.home import Home
from gridmart.simulator.plan import SLOTS, Plan

# measured on two cores (2026-11-26): `gridmart bench simulate --formats NAME`
BYTES_A_READING = {
    "gridmart_csv": 6.4, "gridmart_parquet": 2.0, "nem12": 6.4, "nem13": 7.5, "chinese_csv": 6.9, "green_button": 146.0,
    "mscons": 81.0, "prime": 47.0, "iec61968": 111.0,
}  # fmt: skip
READINGS_A_SECOND = {
    "gridmart_csv": 6.0e6, "gridmart_parquet": 6.5e6, "nem12": 5.5e6, "nem13": 4.0e6, "chinese_csv": 4.5e6,
    "green_button": 1.5e6, "mscons": 1.2e6, "prime": 0.8e6, "iec61968": 1.5e6,
}  # fmt: skip
SCRATCH_BYTES = 4.5  # a reading, while the run lasts
SECONDS_AN_ACCOUNT = 3e-5  # drawing it, and its rows in the systems
SECONDS_TO_START = 3.0


@dataclass(frozen=True)
class Estimate:
    """Expected readings, bytes that stay, bytes while it runs, seconds; and what is free."""

    plan: Plan
    days: int
    readings: float
    size: float
    scratch: float
    seconds: float
    free: float
    root: Path

    def __str__(self) -> str:
        first = self.plan.first if self.days > 1 or self.days == self.plan.days else None
        what = f"{first} to {self.plan.end}" if first else "one more day"
        return (
            f"{self.plan.accounts:,} accounts, {what}: about {self.readings / 1e6:.1f} million readings, "
            f"{self.size / 1e6:.0f} MB, {self.seconds:.0f} s"
        )

    def check(self) -> None:
        """Raise GridmartError (exit code 1) when the disk has not the room."""
        needed = self.size + self.scratch
        if needed > self.free:
            raise GridmartError(
                f"{self.root} has {self.free / 1e9:.1f} GB free; this needs about {needed / 1e9:.1f} GB",
                "free some space, ask for fewer accounts or days, or choose another folder (--into)",
            )


def estimate(plan: Plan, days: int, home: Home) -> Estimate:
    """Estimate of making `days` of a plan."""
    readings = plan.accounts * 1.06 * days * SLOTS
    share = readings / len(plan.formats)
    there = home.root
    while not there.exists():
        there = there.parent
    return Estimate(
        plan,
        days,
        readings,
        sum(share * BYTES_A_READING[name] for name in plan.formats),
        readings * SCRATCH_BYTES,
        SECONDS_TO_START + plan.accounts * SECONDS_AN_ACCOUNT + sum(share / READINGS_A_SECOND[n] for n in plan.formats),
        shutil.disk_usage(there).free,
        home.root,
    )
