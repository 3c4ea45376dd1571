"""Runs a scenario folder: `when/*.csv` through VEE, and compares with `then/*.csv`.

when/points.csv    point, kind, usage_category, capacity_kva, interval_minutes, has_generation, closed (optional: date)
when/meters.csv    point, ct_ratio, installed, removed, install_index, removal_index (optional: one meter, ratio 1;
                   its first and last index)
when/readings.csv  point, channel, date, version, register_start, register_end, i1…iN (empty: not delivered);
                   a date may be a range 2026-03-02..2026-03-29; i1 may be `=0.5`, the value of all intervals;
                   interval_minutes (optional: other than the point's), late_minutes (optional: the meter's clock)
when/disconnections.csv  point, disconnected, reconnected (optional; empty: still cut off)
when/events.csv    point, code, at (optional: what the head-end reported)
when/weather.csv   date, temperature_c: means of days (optional)
when/edits.csv     point, channel, date, slot, old, new, who, at, why (optional)
then/readings.csv  point, channel, date, slot (from 1), value, quality, method, rules: every row that is not a plain
                   actual value
then/days.csv      point, channel, date, rules (optional): every point-day with a finding
"""

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridmart.lake import tables
from gridmart.lake.engine import Engine, engine
from gridmart.lake.register import Register
from gridmart.lake.vee import clean, edits
from gridmart.lake.vee.clocks import Clocks
from gridmart.lake.vee.days import dates_between, day_minutes, day_start
from gridmart.lake.vee.rules import CONTEXT_DAYS, Rule

SHANGHAI = "Asia/Shanghai"
ARRIVED = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO = date(2020, 1, 1)


@dataclass
class Case:
    """A small utility: points, meters and what was delivered."""

    points: list[dict] = field(default_factory=list)
    meters: list[dict] = field(default_factory=list)
    rows: list[dict] = field(default_factory=list)
    registers: list[dict] = field(default_factory=list)
    edits: list[dict] = field(default_factory=list)
    disconnections: list[dict] = field(default_factory=list)
    events: list[dict] = field(default_factory=list)
    temperatures: dict[date, float] = field(default_factory=dict)
    timezone: str = SHANGHAI

    def point(self, point: str, **other: object) -> "Case":
        """Register a point (a residential customer of 10 kVA read hourly unless told otherwise)."""
        self.points.append({"point": point, "kind": "customer", "usage_category": "residential",
                            "capacity_kva": 10.0, "interval_minutes": 60, "has_generation": False,
                            "closed": None, **other})  # fmt: skip
        return self

    def meter(
        self, point: str, installed: date, removed: date | None = None, ct_ratio: int = 1,
        install_index: float | None = None, removal_index: float | None = None,
    ) -> "Case":  # fmt: skip
        """Install a meter; a point without any has one since long ago."""
        self.meters.append({"point": point, "ct_ratio": ct_ratio, "pt_ratio": 1, "digits": 6,
                            "installed": installed, "removed": removed, "install_index": install_index,
                            "removal_index": removal_index})  # fmt: skip
        return self

    def disconnect(self, point: str, disconnected_at: datetime, reconnected_at: datetime | None = None) -> "Case":
        """Cut a point's account off; None: it is not on again."""
        self.disconnections.append(
            {"account_no": point, "disconnected_at": disconnected_at, "reconnected_at": reconnected_at}
        )
        return self

    def event(self, point: str, code: str, at: datetime) -> "Case":
        """Report an event of a meter."""
        day = at.astimezone(ZoneInfo(self.timezone)).date()
        self.events.append({"point_no": point, "meter_no": "M1", "event_code": code, "occurred_at": at,
                            "business_date": day, "arrived_at": ARRIVED, "file_id": "v1",
                            "row_number": len(self.events)})  # fmt: skip
        return self

    def day(
        self, point: str, day: date, values: list[float | None],
        registers: tuple[float | None, float | None] = (None, None),
        channel: str = "import_kwh", version: int = 1, file_id: str = "f1", arrived_at: datetime = ARRIVED,
        interval_minutes: int | None = None, row_number: int | None = None, late_minutes: int = 0,
    ) -> "Case":  # fmt: skip
        """Deliver one point, channel and day; None is an interval not delivered."""
        known = {row["point"]: row["interval_minutes"] for row in self.points}
        length = interval_minutes or known.get(point, 60)
        row = len(self.rows) if row_number is None else row_number
        origin = {"version": version, "arrived_at": arrived_at, "file_id": file_id, "row_number": row}
        start = day_start(day, ZoneInfo(self.timezone)) + timedelta(minutes=late_minutes)
        key = {"point_no": point, "channel": channel, "business_date": day}
        for slot, value in enumerate(values):
            if value is not None:
                at = start + timedelta(minutes=slot * length)
                self.rows.append({**key, "interval_start": at, "interval_minutes": length, "value": value, **origin})
        if registers != (None, None):
            self.registers.append({**key, "index_start": registers[0], "index_end": registers[1], **origin})
        return self

    def days(self, point: str, first: date, last: date, values: list[float | None], **other: object) -> "Case":
        """Deliver the same values every day of a range."""
        for day in dates_between(first, last):
            self.day(point, day, values, **other)  # type: ignore[arg-type]
        return self

    def edit(
        self, point: str, day: date, slot: int, old: float | None, new: float, edited_at: datetime = ARRIVED,
        channel: str = "import_kwh", edited_by: str = "wang", reason: str = "seen on site", file_id: str = "e1",
    ) -> "Case":  # fmt: skip
        """Edit one interval by hand; slot counts from 1."""
        length = {row["point"]: row["interval_minutes"] for row in self.points}[point]
        at = day_start(day, ZoneInfo(self.timezone)) + timedelta(minutes=(slot - 1) * length)
        self.edits.append({"point_no": point, "channel": channel, "business_date": day, "interval_start": at,
                           "old_value": old, "new_value": new, "edited_by": edited_by, "edited_at": edited_at,
                           "reason": reason, "file_id": file_id, "row_number": len(self.edits)})  # fmt: skip
        return self

    def register(self) -> Register:
        """The register of this utility."""
        points = pd.DataFrame(self.points)
        named = {row["point"] for row in self.meters}
        meters = self.meters + [
            {
                "point": p,
                "ct_ratio": 1,
                "pt_ratio": 1,
                "digits": 6,
                "installed": LONG_AGO,
                "removed": None,
                "install_index": None,
                "removal_index": None,
            }
            for p in points["point"]
            if p not in named
        ]
        meter = pd.DataFrame(meters).rename(
            columns={"point": "point_no", "installed": "installed_date", "removed": "removed_date"}
        )
        customer = points[points["kind"] == "customer"]
        return Register(
            {
                "point": pd.DataFrame(
                    {"point_no": points["point"], "account_no": points["point"], "point_kind": points["kind"],
                     "feeder_no": "F001", "interval_minutes": points["interval_minutes"],
                     "has_generation": points["has_generation"]}
                ),
                "place": pd.DataFrame({"point_no": points["point"], "transformer_no": "T0001", "valid_from": LONG_AGO,
                                       "valid_to": None}),
                "meter": meter.assign(meter_no="M1"),
                "account": pd.DataFrame({"account_no": customer["point"], "usage_category": customer["usage_category"],
                                         "opened_date": LONG_AGO, "closed_date": customer["closed"]}),
                "contract": pd.DataFrame({"account_no": customer["point"], "tariff_code": None,
                                          "contract_capacity_kva": customer["capacity_kva"], "valid_from": LONG_AGO,
                                          "valid_to": None}),
                "disconnection": pd.DataFrame(
                    self.disconnections, columns=["account_no", "disconnected_at", "reconnected_at"]
                ),
                "transformer": pd.DataFrame({"transformer_no": ["T0001"], "transformer_feeder_no": ["F001"],
                                             "rated_kva": [400.0]}),
            },
            self.timezone,
        )  # fmt: skip

    def inputs(self, folder: Path, first: date, last: date) -> clean.Inputs:
        """Parquet files of the deliveries, as the lake would hold them."""
        folder.mkdir(parents=True, exist_ok=True)
        paths: dict[date, list[str]] = {}
        for day in sorted({row["business_date"] for row in self.rows}):
            rows = [row for row in self.rows if row["business_date"] == day]
            path = folder / f"{day}.parquet"
            pq.write_table(pa.Table.from_pylist(rows, pa.schema(list(clean.RAW_TYPES.items()))), path)
            paths[day] = [str(path)]
        registers = folder / "registers.parquet"
        schema = pa.schema(list(clean.REGISTER_TYPES.items()))
        pq.write_table(pa.Table.from_pylist(self.registers, schema), registers)
        edited = folder / "edits.parquet"
        pq.write_table(pa.Table.from_pylist(self.edits, pa.schema(list(edits.TYPES.items()))), edited)
        reported = folder / "events.parquet"
        pq.write_table(pa.Table.from_pylist(self.events, tables.arrow_schema("event")), reported)
        register = self.register()
        return clean.Inputs(
            first, last, self.timezone, paths, {}, [str(registers)], register.point_days(first, last),
            [str(edited)] if self.edits else [], register.off_days(first - timedelta(days=CONTEXT_DAYS), last),
            Clocks([str(reported)]).days(first, last), point_days_of=register.point_days,
            temperatures=self.temperatures,
        )  # fmt: skip

    def run(self, folder: Path, first: date, last: date | None = None, name: str = "duckdb") -> "Outcome":
        """VEE of the dates first…last on an engine."""
        inputs = self.inputs(folder / "when", first, last or first)
        with engine(folder, name) as session:
            return Outcome.of(session, clean.run(session, inputs))


@dataclass
class Outcome:
    """Results of VEE as frames, sorted."""

    readings: pd.DataFrame
    days: pd.DataFrame
    summaries: pd.DataFrame
    unknown: pd.DataFrame
    off_grid: pd.DataFrame
    refused_edits: pd.DataFrame
    ahead: dict[date, int]

    @classmethod
    def of(cls, session: Engine, result: clean.Result) -> "Outcome":
        """Read the lazy tables of a result."""
        keys = ["point_no", "channel", "business_date"]
        frames = [
            session.arrow(table).to_pandas()
            for table in (
                result.readings,
                result.point_days,
                result.summaries,
                result.unknown,
                result.off_grid,
                result.refused_edits,
            )
        ]
        for frame in frames:
            by = [*keys, *(["interval_start"] if "interval_start" in frame else [])]
            frame.sort_values(by, inplace=True, ignore_index=True)
        ahead = session.arrow(result.ahead).to_pydict()
        return cls(*frames, dict(zip(ahead["business_date"], ahead["ahead_days"], strict=True)))

    def one(self, point: str, day: date, channel: str = "import_kwh") -> pd.DataFrame:
        """Readings of a point-day, by slot."""
        frame = self.readings
        found = frame[(frame.point_no == point) & (frame.business_date == day) & (frame.channel == channel)]
        return found.reset_index(drop=True)

    def bits(self, point: str, day: date, channel: str = "import_kwh") -> Rule:
        """Rules found in a point-day."""
        frame = self.days
        found = frame[(frame.point_no == point) & (frame.business_date == day) & (frame.channel == channel)]
        return Rule(int(found["day_bits"].iloc[0]))


def names(bits: int) -> str:
    """Rule names of bits, joined by `+`."""
    return "+".join(rule.name.lower() for rule in Rule if bits & rule and rule.name)


def _read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def load(folder: Path) -> Case:
    """The utility of a scenario's `when` folder."""
    case = Case()
    for row in _read(folder / "when" / "points.csv"):
        case.point(
            row["point"], kind=row["kind"], usage_category=row["usage_category"] or None,
            capacity_kva=_number(row["capacity_kva"]), interval_minutes=int(row["interval_minutes"]),
            has_generation=row["has_generation"] == "true",
            closed=date.fromisoformat(row["closed"]) if row.get("closed") else None,
        )  # fmt: skip
    for row in _read(folder / "when" / "meters.csv"):
        removed = date.fromisoformat(row["removed"]) if row["removed"] else None
        indexes = _number(row.get("install_index")), _number(row.get("removal_index"))
        case.meter(row["point"], date.fromisoformat(row["installed"]), removed, int(row["ct_ratio"]), *indexes)
    lengths = {row["point"]: row["interval_minutes"] for row in case.points}
    for row in _read(folder / "when" / "readings.csv"):
        first, _, last = row["date"].partition("..")
        for day in dates_between(date.fromisoformat(first), date.fromisoformat(last or first)):
            length = int(row.get("interval_minutes") or lengths.get(row["point"], 60))
            slots = day_minutes(day, ZoneInfo(case.timezone)) // length
            same = row["i1"].startswith("=")
            values = [_number(row["i1"][1:] if same else row.get(f"i{n + 1}")) for n in range(slots)]
            registers = _number(row["register_start"]), _number(row["register_end"])
            case.day(
                row["point"], day, values, registers, row["channel"], int(row["version"]), interval_minutes=length,
                late_minutes=int(row.get("late_minutes") or 0),
            )  # fmt: skip
    for row in _read(folder / "when" / "disconnections.csv"):
        on = datetime.fromisoformat(row["reconnected"]) if row["reconnected"] else None
        case.disconnect(row["point"], datetime.fromisoformat(row["disconnected"]), on)
    for row in _read(folder / "when" / "events.csv"):
        case.event(row["point"], row["code"], datetime.fromisoformat(row["at"]))
    for row in _read(folder / "when" / "weather.csv"):
        case.temperatures[date.fromisoformat(row["date"])] = float(row["temperature_c"])
    for row in _read(folder / "when" / "edits.csv"):
        case.edit(
            row["point"], date.fromisoformat(row["date"]), int(row["slot"]), _number(row["old"]), float(row["new"]),
            datetime.fromisoformat(row["at"]), row["channel"], row["who"], row["why"],
        )  # fmt: skip
    return case


def compare(folder: Path, outcome: Outcome) -> None:
    """Assert that the outcome is what the scenario's `then` folder says."""
    frame = outcome.readings
    slot = frame.groupby(["point_no", "channel", "business_date"]).cumcount() + 1
    found = {}
    for place, row in zip(slot, frame.itertuples(), strict=True):
        if row.quality_code != "A" or row.rule_bits:
            method = "" if pd.isna(row.method_code) else str(int(row.method_code))
            key = (row.point_no, row.channel, str(row.business_date), str(place))
            found[key] = (round(row.value, 6), row.quality_code, method, names(row.rule_bits))
    wanted = {
        (row["point"], row["channel"], row["date"], row["slot"]):
        (float(row["value"]), row["quality"], row["method"], row["rules"])
        for row in _read(folder / "then" / "readings.csv")
    }  # fmt: skip
    assert found == wanted
    if (folder / "then" / "days.csv").exists():
        days = {
            (row.point_no, row.channel, str(row.business_date)): names(row.day_bits)
            for row in outcome.days.itertuples()
            if row.day_bits
        }
        assert days == {(r["point"], r["channel"], r["date"]): r["rules"] for r in _read(folder / "then" / "days.csv")}
