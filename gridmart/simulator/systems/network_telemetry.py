"""Hourly telemetry of public transformers (DMS): voltages and currents by phase, power factor, oil temperature.

The last 31 days of area loads give 30 days of telemetry: oil is warm from the hours before. Oil temperature has the
form of the loading guide for oil-immersed transformers, IEC 60076-7, with constants that are usual for distribution
transformers (not verified against its text): top-oil rise of 55 K at rated current, loss ratio 5, exponent 0.8, time
constant 3 h; an ageing transformer runs hotter. An hour that lies wholly in an outage has no voltage, no current and
no power factor.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator import network_events
from gridmart.simulator.faults import telemetry_stop, transformer_ageing
from gridmart.simulator.keys import generator
from gridmart.simulator.population import Population
from gridmart.simulator.systems import network_names
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import table, utc

TABLES = {
    "dms_telemetry": Table(
        {"psr_id": "text", "meas_time": "timestamptz", "ua_v": "numeric(6,1)", "ub_v": "numeric(6,1)",
         "uc_v": "numeric(6,1)", "ia_a": "numeric(9,1)", "ib_a": "numeric(9,1)", "ic_a": "numeric(9,1)",
         "pf": "numeric(4,3)", "oil_temp_c": "numeric(5,1)", "mtime": "timestamptz"},
        ("psr_id", "meas_time"),
    )
}  # fmt: skip
PHASES = ("A", "B", "C")
_RISE_K, _LOSS_RATIO, _EXPONENT, _CONSTANT_HOURS = 55.0, 5.0, 0.8, 3.0
_AGEING_RISE = 0.45  # more of a rise at the end of life
_MEMORY_HOURS = 12  # of the oil: exp(-12 / 3) = 2 %
_HOUR = np.timedelta64(1, "h")


def phase_shares(population: Population) -> np.ndarray:
    """Share of each phase in a transformer's load, [transformers, 3], from where its customers are connected."""
    accounts = population.accounts
    row = pd.Index(population.transformers["transformer_no"]).get_indexer(accounts["transformer_no"])
    kw, phase = accounts["mean_kw"].to_numpy(float), accounts["phase"].to_numpy()
    size = len(population.transformers)
    even = np.bincount(row, np.where(phase == "ABC", kw / 3, 0.0), size)
    by_phase = np.stack([even + np.bincount(row, np.where(phase == p, kw, 0.0), size) for p in PHASES], axis=1)
    total = by_phase.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, by_phase / np.where(total > 0, total, 1.0), 1 / 3)
    return 0.5 / 3 + 0.5 * shares  # customers do not all draw at once: their phases differ less than their sums


def oil_temperature(loading: np.ndarray, air_c: np.ndarray, ageing: np.ndarray) -> np.ndarray:
    """Top-oil temperature °C [transformers, hours].

    `loading` kVA / rated, by hour; NaN counts as no load; the hours before the first are taken like the first.
    `air_c` the same shape; `ageing` [transformers].
    """
    k = np.nan_to_num(loading)
    steady = _RISE_K * ((1 + _LOSS_RATIO * k**2) / (1 + _LOSS_RATIO)) ** _EXPONENT
    weights = np.exp(-np.arange(_MEMORY_HOURS) / _CONSTANT_HOURS)
    padded = np.concatenate([np.repeat(steady[:, :1], _MEMORY_HOURS - 1, axis=1), steady], axis=1)
    hours = steady.shape[1]
    rise = sum(w * padded[:, _MEMORY_HOURS - 1 - lag :][:, :hours] for lag, w in enumerate(weights / weights.sum()))
    return air_c + rise * (1 + _AGEING_RISE * ageing[:, None] ** 2)


def rows(facts: Facts) -> dict[str, pa.Table]:
    """Telemetry by the end of `facts.today`; hours that were not sent have no row."""
    hours = facts.device_hours
    if not len(hours):
        return {"dms_telemetry": table(TABLES["dms_telemetry"], {name: [] for name in TABLES["dms_telemetry"].columns})}
    people = transformer_ageing.aged(facts.population, facts.drawn("transformer_ageing"))
    psr = network_names.psr_ids(people.transformers)
    public = np.flatnonzero(people.transformers["ownership"].eq("public").to_numpy())
    public = public[np.argsort(psr[public])]
    at = hours["at"].to_numpy("datetime64[s]")
    begin = at.min().astype("datetime64[D]")
    days = int((at.max().astype("datetime64[D]") - begin).astype(int)) + 1
    row = pd.Index(people.transformers["transformer_no"].to_numpy()[public]).get_indexer(hours["device_no"])
    wh = np.full((len(public), days * 24), np.nan)
    wh[row[row >= 0], ((at - begin) // _HOUR).astype(int)[row >= 0]] = hours["wh"].to_numpy(float)[row >= 0]
    first = begin.astype(date)
    measured = _measured(facts, people, public, wh, first, days)
    dead = without_supply(facts, public, first, days)
    for name, values in measured.items():
        if name != "oil_temp_c":
            values[dead] = np.nan if name == "pf" else 0.0

    sent = ~np.isnan(wh)
    time = begin.astype("datetime64[s]") + np.arange(days * 24) * _HOUR
    if first > facts.plan.first:
        sent[:, :24] = False  # the day before is not known: it only warms the oil
    names, stopped = telemetry_stop.hours(facts.drawn("telemetry_stop"))
    row = pd.Index(people.transformers["transformer_no"].to_numpy()[public]).get_indexer(names)
    column = ((stopped - time[0]) // _HOUR).astype(int)
    here = (row >= 0) & (column >= 0) & (column < len(time))
    sent[row[here], column[here]] = False

    which, when = np.nonzero(sent)
    columns: dict[str, object] = {name: values[which, when] for name, values in measured.items()}
    columns["psr_id"] = psr[public][which]
    columns["meas_time"] = utc(time)[when]
    columns["mtime"] = utc(time + np.timedelta64(57, "m"))[when]  # sent within its hour
    return {"dms_telemetry": table(TABLES["dms_telemetry"], columns)}


def without_supply(facts: Facts, public: np.ndarray, first: date, days: int) -> np.ndarray:
    """Hours that lie wholly in an outage, [transformers, hours] from `first`; `public`: rows of transformers."""
    people, begin = facts.population, np.datetime64(first, "s")
    events = network_events.draw(people, facts.plan.first, facts.today)
    events = events[events["end"] > begin]
    feeder = pd.Index(people.feeders["feeder_no"]).get_indexer(people.transformers["feeder_no"])[public]
    low = np.ceil((events["start"].to_numpy("datetime64[s]") - begin) / _HOUR).astype(int)
    high = np.floor((events["end"].to_numpy("datetime64[s]") - begin) / _HOUR).astype(int)
    made = np.zeros((len(public), days * 24), bool)
    for device, row, a, b in zip(events["device"], events["device_row"], low.tolist(), high.tolist(), strict=True):
        made[(feeder if device == "feeder" else public) == row, max(a, 0) : max(b, 0)] = True
    return made


def _measured(
    facts: Facts, people: Population, public: np.ndarray, wh: np.ndarray, first: date, days: int
) -> dict[str, np.ndarray]:
    """Columns of measured values, each [transformers, hours]: means of the hour."""
    seed, frame = people.seed, people.transformers.iloc[public]
    size, rated = len(people.transformers), frame["rated_kva"].to_numpy(float)[:, None]
    own = generator(seed, "telemetry", "transformer").standard_normal((size, 3))[public]
    noise = np.concatenate(
        [
            generator(seed, "telemetry", first + timedelta(days=k)).standard_normal((size, 24, 8), dtype=np.float32)[
                public
            ]
            for k in range(days)
        ],
        axis=1,
    )
    code = frame["org_no"].to_numpy()
    air = np.empty_like(wh)
    for org_no in np.unique(code):
        air[code == org_no] = facts.climate.of(str(org_no), first, days).reshape(-1)
    kw = wh / 1000.0
    heat = np.clip(air - 26, 0, 10)  # air conditioners draw reactive power
    pf = np.clip(0.945 + 0.015 * own[:, :1] - 0.004 * heat + 0.006 * noise[:, :, 0], 0.75, 0.998)
    kva = kw / pf
    loading = kva / rated
    shares = phase_shares(people)[public][:, None, :] * (1 + 0.04 * noise[:, :, 1:4])
    shares /= shares.sum(axis=2, keepdims=True)
    level = 230.5 + 2.2 * own[:, 1:2] - 8.0 * np.nan_to_num(loading)
    volts = level[:, :, None] - 14.0 * (shares - 1 / 3) + 0.7 * noise[:, :, 4:7]
    amperes = shares * kva[:, :, None] * 1000.0 / volts
    oil = oil_temperature(loading, air, frame["ageing"].to_numpy(float)) + 1.5 * own[:, 2:3] + 0.4 * noise[:, :, 7]
    named = {f"u{p.lower()}_v": volts[:, :, k] for k, p in enumerate(PHASES)}
    named |= {f"i{p.lower()}_a": amperes[:, :, k] for k, p in enumerate(PHASES)}
    return named | {"pf": pf, "oil_temp_c": oil}
