"""What the company has bought ahead: annual, green and monthly contracts with generators, by month.

Annual contracts are signed in December for the next year, monthly ones some days before their month. Volumes follow
the energy of an average year, so that weather and growth leave a deviation for the spot market.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from gridmart.simulator.keys import generator
from gridmart.simulator.population import Population
from gridmart.simulator.systems import market_energy
from gridmart.simulator.weather import Climate

COUNTERPARTIES = (  # code, name, kind
    ("G140211", "汾河热电有限责任公司", "coal"),
    ("G140305", "云岭煤电一体化发电厂", "coal"),
    ("G149107", "晋北风力发电股份公司", "wind"),
    ("G149212", "晋南光伏电力有限公司", "solar"),
)
# kind of contract: counterparty, share of the expected energy, yuan/MWh
_ANNUAL = (("annual", 0, 0.42, 372.0), ("annual", 1, 0.18, 379.0), ("green", 2, 0.10, 348.0))
_MONTHLY_SHARE, _MONTHLY_PRICE = 0.20, 366.0


@dataclass(frozen=True)
class Contract:
    """A contract; `volumes_mwh` by first day of the month. Signed at local time `signed_at`."""

    contract_no: str
    counterparty: int
    kind: str
    signed_at: np.datetime64
    start: date
    end: date
    price_mwh: float
    volumes_mwh: dict[date, float]


def months_of(year: int) -> list[date]:
    """First days of a year's months."""
    return [date(year, month, 1) for month in range(1, 13)]


def last_day(month: date) -> date:
    """Last day of a month that begins on `month`."""
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _signed(seed: int, word: str, day: date, within: int) -> np.datetime64:
    rng = generator(seed, "contract", word, day)
    return np.datetime64(day, "s") + np.timedelta64(
        int(rng.integers(within)) * 86_400 + int(rng.integers(32_400, 61_200)), "s"
    )


@lru_cache(maxsize=8)
def _expected_mwh(population: Population, districts: tuple[str, ...], year: int) -> dict[date, float]:
    """Energy of each month of a year in an average year's weather."""
    start, days = date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days
    by_day = market_energy.hourly_mwh(population, list(districts), start, days).sum(axis=1)
    place = {month: slice((month - start).days, (last_day(month) - start).days + 1) for month in months_of(year)}
    return {month: float(by_day[days].sum()) for month, days in place.items()}


def draw(population: Population, climate: Climate, first: date, last: date) -> list[Contract]:
    """Contracts with deliveries from the year of `first` on that may be signed by `last`, ordered by number."""
    seed, made = population.seed, []
    for year in range(first.year, (last + timedelta(days=31)).year + 1):
        start, end = date(year, 1, 1), date(year, 12, 31)
        expected = _expected_mwh(population, tuple(climate.station_codes), year)
        for number, (kind, party, share, price) in enumerate(_ANNUAL, 1):
            rng = generator(seed, "contract", kind, party, year)
            volumes = {m: round(value * share * float(rng.uniform(0.97, 1.03)), 3) for m, value in expected.items()}
            made.append(
                Contract(
                    f"HT{year}-{kind[0].upper()}{number:02d}", party, kind,
                    _signed(seed, kind, date(year - 1, 12, 8), 18), start, end,
                    round(price * float(rng.uniform(0.97, 1.03)), 2), volumes,
                )
            )  # fmt: skip
        for month, value in expected.items():
            rng = generator(seed, "contract", "monthly", month)
            party = (0, 1, 3)[int(rng.integers(3))]
            volume = round(value * _MONTHLY_SHARE * float(rng.uniform(0.8, 1.2)), 3)
            made.append(
                Contract(
                    f"HT{month:%Y%m}-M01", party, "monthly", _signed(seed, "monthly", month - timedelta(days=9), 5),
                    month, last_day(month), round(_MONTHLY_PRICE * float(rng.uniform(0.94, 1.06)), 2), {month: volume},
                )
            )  # fmt: skip
    return sorted(made, key=lambda contract: contract.contract_no)
