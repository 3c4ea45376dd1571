"""What the customers use: 15-minute energies from archetype, weather, calendar, growth and noise."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from gridmart.calendar import days
from gridmart.simulator.utility import Utility

SLOTS = 96
WEATHER_AHEAD_DAYS = 8
STATION_CODES = ("14001", "14002")

# mean of each local hour relative to the day's mean, by archetype: workday, day off
_H = {
    "young": (
        "5 4 3 3 3 3 6 10 8 5 5 6 7 6 5 6 8 12 18 22 22 19 14 9",
        "7 5 4 3 3 3 4 6 9 11 12 13 13 12 11 11 12 14 17 19 19 17 14 10",
    ),
    "family": (
        "4 3 3 3 3 5 10 12 9 8 8 11 11 8 8 9 12 17 20 20 18 15 10 6",
        "5 4 3 3 3 4 7 10 12 12 13 15 14 12 11 12 14 17 19 19 17 14 10 7",
    ),
    "elderly": (
        "4 3 3 3 4 7 11 12 12 11 12 14 13 11 11 11 12 14 15 14 12 8 5 4",
        "4 3 3 3 4 7 11 12 12 11 12 14 13 11 11 11 12 14 15 14 12 8 5 4",
    ),
    "electric_heating": (
        "14 14 14 14 13 12 11 10 8 7 7 8 8 7 7 8 9 11 12 13 13 14 14 14",
        "14 14 14 14 13 12 11 10 9 9 9 10 10 9 9 9 10 11 12 13 13 14 14 14",
    ),
    "pv": (
        "4 3 3 3 3 5 10 12 9 8 8 11 11 8 8 9 12 17 20 20 18 15 10 6",
        "5 4 3 3 3 4 7 10 12 12 13 15 14 12 11 12 14 17 19 19 17 14 10 7",
    ),
    "ev": (
        "26 26 24 18 10 5 6 8 6 5 5 6 6 5 5 6 8 11 13 14 13 12 14 22",
        "24 24 22 16 9 5 5 7 8 8 9 9 9 8 8 9 10 12 13 14 13 12 14 20",
    ),
    "shop": (
        "4 3 3 3 3 4 6 9 14 18 20 21 20 19 19 19 20 21 22 21 17 10 6 5",
        "4 3 3 3 3 4 6 9 15 20 22 23 22 21 21 21 22 23 24 23 18 11 6 5",
    ),
    "office": (
        "4 4 4 4 4 4 6 12 22 25 26 24 19 22 26 26 25 20 10 7 6 5 4 4",
        "4 4 4 4 4 4 4 5 6 7 7 7 7 7 7 7 6 6 5 5 4 4 4 4",
    ),
    "school": (
        "3 3 3 3 3 5 10 18 23 25 25 22 18 20 24 24 21 14 11 10 9 6 4 3",
        "3 3 3 3 3 4 5 6 6 6 6 6 6 6 6 6 6 6 6 6 5 4 3 3",
    ),
    "industry_24h": (" ".join(["10"] * 8 + ["11"] * 10 + ["10"] * 6), " ".join(["10"] * 24)),
    "industry_two_shift": (
        "3 3 3 3 3 4 10 16 18 18 18 16 15 18 18 18 17 16 16 16 15 13 8 4",
        "3 3 3 3 3 3 5 7 8 8 8 7 7 8 8 8 7 6 5 4 4 3 3 3",
    ),
    "irrigation": (
        "9 9 9 9 9 10 12 13 12 11 10 9 9 9 9 10 11 12 12 11 10 9 9 9",
        "9 9 9 9 9 10 12 13 12 11 10 9 9 9 9 10 11 12 12 11 10 9 9 9",
    ),
}
# kW per kW of mean load and degree: heating below 16 °C, cooling above 24 °C
_HEATING = {"electric_heating": 0.16, "office": 0.012, "shop": 0.01, "young": 0.012, "family": 0.014, "elderly": 0.02}
_COOLING = {"young": 0.085, "family": 0.085, "elderly": 0.05, "pv": 0.08, "ev": 0.04, "shop": 0.06, "office": 0.07}
_NOISE = {"industry_24h": (0.03, 0.9), "industry_two_shift": (0.06, 0.85), "irrigation": (0.18, 0.95)}  # sigma, rho
_NOISE_OF_OTHERS = (0.2, 0.75)
_FESTIVAL = {"industry_24h": 0.75, "industry_two_shift": 0.3, "office": 0.45, "school": 0.4, "shop": 0.8}


@dataclass(frozen=True)
class Weather:
    """Hourly temperature (°C) and humidity (%) by station: shape stations x hours from local midnight of `first`."""

    first: date
    temperature: np.ndarray
    humidity: np.ndarray
    forecast: np.ndarray

    def of(self, start: date, count: int) -> np.ndarray:
        """Temperatures of `count` days from `start`: stations x hours."""
        begin = (start - self.first).days * 24
        return self.temperature[:, begin : begin + count * 24]


def weather(utility: Utility) -> Weather:
    """Draw the weather of the utility's dates and of the days after them that forecasts need.

    A continental climate: yearly and daily cosine, and an autoregressive deviation of some days' length.
    The forecast of a date deviates from the actual with a standard deviation of 1.2 °C.
    """
    rng = np.random.default_rng([utility.seed, 2])
    count = utility.days + WEATHER_AHEAD_DAYS
    hours = np.arange(count * 24)
    day_of_year = np.array([(utility.first + timedelta(days=int(d))).timetuple().tm_yday for d in range(count)])
    season = -np.cos(2 * np.pi * (np.repeat(day_of_year, 24) - 20) / 365.25)
    daily = np.cos(2 * np.pi * ((hours % 24) - 15) / 24)
    rows = []
    for offset in (0.0, -2.5):
        slow = lfilter([np.sqrt(1 - 0.985**2)], [1, -0.985], rng.normal(0, 3.2, hours.size))
        rows.append(10.5 + offset + 14.5 * season + 5.0 * daily + slow)
    temperature = np.round(np.array(rows), 1)
    wet = lfilter([0.17], [1, -0.985], rng.normal(0, 12, temperature.shape), axis=1)
    humidity = np.clip(np.round(55 - 12 * daily + wet), 8, 100)
    error = lfilter([np.sqrt(1 - 0.95**2)], [1, -0.95], rng.normal(0, 1.2, temperature.shape), axis=1)
    return Weather(utility.first, temperature, humidity, np.round(temperature + error, 1))


def _profiles(archetypes: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Profiles of workday and day off, accounts x 96, the workday's mean is 1."""
    made: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    slot = np.arange(SLOTS) / 4 + 0.125
    for name, texts in _H.items():
        work, off = (np.array([float(v) for v in text.split()]) for text in texts)
        scale = work.mean()
        made[name] = tuple(
            np.interp(slot, np.arange(-1, 25) + 0.5, np.concatenate([[v[-1]], v, [v[0]]])) / scale for v in (work, off)
        )
    return (np.stack([made[a][0] for a in archetypes]), np.stack([made[a][1] for a in archetypes]))


def _degrees(hourly: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heating and cooling degrees with thermal inertia, stations x hours."""
    inertia = lfilter([0.12], [1, -0.88], hourly - hourly[:, :1], axis=1) + hourly[:, :1]
    return np.clip(16 - inertia, 0, None), np.clip(inertia - 24, 0, None)


@dataclass(frozen=True)
class Block:
    """Energies of a span of days in Wh per interval, points x (days * 96), in the order of `Utility.points`."""

    start: date
    days: int
    import_wh: np.ndarray
    export_wh: np.ndarray  # only points with generation, in order
    import_varh: np.ndarray  # only large industrial accounts, in order


def block(utility: Utility, climate: Weather, start: date, count: int, thieves: dict[str, tuple[date, float]]) -> Block:
    """Energies of `count` days from `start`.

    `thieves` maps an account to (from, share of use that its meter does not see). The boundary meters see it.
    """
    accounts = utility.accounts
    n = len(accounts)
    rng = np.random.default_rng([utility.seed, 3, start.toordinal()])
    calendar = days(start, start + timedelta(days=count - 1)).to_pylist()
    work, off = _profiles(accounts["archetype"])
    is_work = np.array([d["is_workday"] for d in calendar])
    kind_scale = np.ones((n, count))
    festival = np.array([d["is_festival"] for d in calendar])
    for name, factor in _FESTIVAL.items():
        kind_scale[np.ix_(accounts["archetype"].eq(name).to_numpy(), festival)] = factor
    irrigation = accounts["archetype"].eq("irrigation").to_numpy()
    months = np.array([d["business_date"].month for d in calendar])
    kind_scale[np.ix_(irrigation, np.ones(count, bool))] *= np.where(
        np.isin(months, (4, 5, 6, 7, 8)), 1.9, np.where(np.isin(months, (3, 9, 10)), 0.8, 0.25)
    )
    years = np.array([(d["business_date"] - utility.first).days / 365.25 for d in calendar])
    kind_scale *= 1 + accounts["growth"].to_numpy()[:, None] * years[None, :]
    shape = np.where(is_work[None, :, None], work[:, None, :], off[:, None, :])

    station = accounts["org_no"].str[:5].map({code: i for i, code in enumerate(STATION_CODES)}).to_numpy()
    heat, cool = (d[station].reshape(n, count, 24) for d in _degrees(climate.of(start, count)))
    heating = accounts["archetype"].map(_HEATING).fillna(0.0).to_numpy() * accounts["heating"].to_numpy()
    cooling = accounts["archetype"].map(_COOLING).fillna(0.0).to_numpy() * accounts["cooling"].to_numpy()
    thermal = np.repeat(heat * heating[:, None, None] + cool * cooling[:, None, None], 4, axis=2)
    # cooling follows presence, heating runs all day
    relative = shape * kind_scale[:, :, None] + thermal * (0.5 + 0.5 * shape)
    kw = accounts["mean_kw"].to_numpy()[:, None, None] * relative

    sigma, rho = (
        accounts["archetype"].map({k: v[i] for k, v in _NOISE.items()}).fillna(_NOISE_OF_OTHERS[i]).to_numpy()
        for i in (0, 1)
    )
    noise = rng.normal(0, 1, (n, count * SLOTS)).astype(np.float32)
    for value in np.unique(rho):
        rows = rho == value
        noise[rows] = lfilter([np.sqrt(1 - value**2)], [1, -value], noise[rows], axis=1)
    wh = kw.reshape(n, -1) * np.exp(noise * sigma[:, None] - sigma[:, None] ** 2 / 2) * 250.0

    solar = accounts["has_generation"].to_numpy()
    sun = np.clip(np.sin((np.arange(SLOTS) / 4 - 6.2) / 12 * np.pi), 0, None)
    sky = np.repeat(rng.beta(2.2, 1.2, (int(solar.sum()), count)), SLOTS, axis=1)
    made = 5000.0 / 4 * np.tile(sun, count)[None, :] * sky
    net = wh[solar] - made
    wh[solar] = np.clip(net, 0, None)
    export = np.round(np.clip(-net, 0, None))

    physical = np.round(wh)
    metered = physical.copy()
    dates = np.array([d["business_date"] for d in calendar])
    for account, (since, share) in thieves.items():
        row = int(np.flatnonzero(accounts["account_no"].to_numpy() == account)[0])
        stolen = np.repeat(dates >= since, SLOTS)
        metered[row, stolen] = np.round(physical[row, stolen] * (1 - share))

    supply = _supply(utility, physical, export, solar)
    industrial = accounts["usage_category"].eq("large_industrial").to_numpy()
    tan = np.tan(np.arccos(accounts.loc[industrial, "power_factor"].to_numpy()))
    wobble = 1 + 0.03 * noise[industrial]
    return Block(
        start,
        count,
        np.vstack([metered, supply]).astype(np.int32),
        export.astype(np.int32),
        np.round(metered[industrial] * tan[:, None] * wobble).clip(0).astype(np.int32),
    )


def _supply(utility: Utility, physical: np.ndarray, export: np.ndarray, solar: np.ndarray) -> np.ndarray:
    """What the boundary meters see: areas, then feeders; use less generation, plus technical loss.

    Transformer: 0.2 % of rated power always, 1.2 % of rated power at full load, growing with its square.
    Feeder: 0.8 % of the load and 0.3 % with the square of the load relative to its mean.
    """
    accounts = utility.accounts
    net = physical.copy()
    net[solar] -= export
    public = utility.transformers[utility.transformers["ownership"] == "public"]
    rows, by_feeder = [], {name: np.zeros(physical.shape[1]) for name in utility.transformers["feeder_no"].unique()}
    for transformer in public.itertuples():
        load = net[accounts["transformer_no"].eq(transformer.transformer_no).to_numpy()].sum(axis=0)
        rated = transformer.rated_kva * 250.0
        supplied = np.clip(load + rated * (0.002 + 0.012 * (load / rated) ** 2), 0, None)
        rows.append(np.round(supplied))
        by_feeder[transformer.feeder_no] += rows[-1]
    dedicated = accounts["usage_category"].eq("large_industrial")
    feeders = utility.points.loc[utility.points["point_kind"] == "feeder_boundary", "feeder_no"]
    for name in feeders:
        load = by_feeder[name] + net[(dedicated & accounts["feeder_no"].eq(name)).to_numpy()].sum(axis=0)
        rows.append(np.round(load * 1.008 + 0.003 * load**2 / max(load.mean(), 1.0)))
    return np.stack(rows)
