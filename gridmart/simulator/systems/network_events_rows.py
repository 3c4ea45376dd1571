"""Faults, repair orders and outages as the operation system (OMS) shows them: stage by stage, until the end of a date.

A planned outage stands there from its announcement on. Transformers that are overloaded or near the end of their life
also raise alarms that interrupt nobody.
"""

from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from gridmart.simulator import network_events
from gridmart.simulator.keys import generator
from gridmart.simulator.systems import network_names
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import known, latest, midnight_after, table, utc

TABLES = {
    "oms_fault": Table(
        {"fault_id": "bigint", "fault_no": "text", "equip_type": "text", "psr_id": "text", "line_id": "bigint",
         "is_outage": "smallint", "cause_code": "text", "cause_desc": "text", "weather_code": "text",
         "fault_time": "timestamptz", "report_time": "timestamptz", "recover_time": "timestamptz",
         "mtime": "timestamptz"},
        ("fault_id",),
    ),
    "oms_repair_order": Table(
        {"order_id": "bigint", "order_no": "text", "fault_id": "bigint", "dept_id": "bigint", "crew_name": "text",
         "status_code": "text", "report_time": "timestamptz", "dispatch_time": "timestamptz",
         "arrive_time": "timestamptz", "finish_time": "timestamptz", "result_desc": "text", "mtime": "timestamptz"},
        ("order_id",),
    ),
    "oms_outage": Table(
        {"outage_id": "bigint", "outage_no": "text", "outage_type": "text", "equip_type": "text", "psr_id": "text",
         "line_id": "bigint", "fault_id": "bigint", "cause_code": "text", "cause_desc": "text", "cons_num": "int",
         "plan_start": "timestamptz", "plan_end": "timestamptz", "start_time": "timestamptz",
         "end_time": "timestamptz", "status_code": "text", "mtime": "timestamptz"},
        ("outage_id",),
    ),
}  # fmt: skip
TRANSFORMER, LINE = "1", "2"  # equip_type
PLANNED, FAULT = "1", "2"  # outage_type
REPORTED, DISPATCHED, ARRIVED, REPAIRED = "10", "20", "30", "40"  # status_code of a repair order
ANNOUNCED, RUNNING, RESTORED = "0", "1", "2"  # status_code of an outage
ALARMS = {"41": "变压器油温高告警", "42": "变压器过负荷告警"}
_ALARMS_A_MONTH = 0.5
_ALARM_IDS = 900_000  # within a month, above those of interruptions
_CREWS = ("抢修一班", "抢修二班", "抢修三班")
_REPAIRS = {
    "11": "更换雷击损坏的绝缘子后送电", "12": "清除树障、重新架设导线后送电", "13": "抢修电缆中间接头后送电",
    "14": "更换绝缘击穿设备后送电", "15": "清除异物后试送成功", "16": "隔离用户故障设备后送电",
    "17": "除冰并接续导线后送电", "21": "更换熔丝并调整负荷后送电", "22": "更换变压器后送电",
    "23": "检查低压线路后合上断路器", "24": "更换避雷器后送电", "25": "重新压接线桩头后送电",
}  # fmt: skip


def events_of(facts: Facts) -> pd.DataFrame:
    """Events that are known by the end of `facts.today`: see `network_events.draw`."""
    ahead = timedelta(days=network_events.ANNOUNCED_DAYS)
    events = network_events.draw(facts.population, facts.plan.first, facts.today + ahead)
    return events[events["known_at"] < midnight_after(facts.today)].reset_index(drop=True)


def rows(facts: Facts) -> dict[str, pa.Table]:
    """Rows of the three tables."""
    people, today = facts.population, facts.today
    events = events_of(facts)
    psr = np.array([*network_names.psr_ids(people.transformers), None], object)
    line_ids = network_names.line_ids(people.feeders)
    is_line = events["device"].eq("feeder").to_numpy(bool)
    device = events["device_row"].to_numpy(np.int64)
    line = pd.Index(people.feeders["feeder_no"]).get_indexer(events["feeder_no"])
    org = people.feeders["org_no"].to_numpy()[line]
    causes = {code: zh for code, (zh, _) in network_events.CAUSES.items()}
    columns: dict[str, np.ndarray] = {
        "event_id": events["event_id"].to_numpy(np.int64),
        "equip_type": np.where(is_line, LINE, TRANSFORMER).astype(object),
        "psr_id": psr[np.where(is_line, len(psr) - 1, device)],
        "line_id": line_ids[line],
        "cause_code": events["cause_code"].to_numpy(object),
        "cause_desc": events["cause_code"].map(causes).to_numpy(object),
    }
    times = {
        name: known(events[name].to_numpy(), today)
        for name in ("known_at", "start", "end", "dispatched_at", "arrived_at")
    }
    is_fault = events["kind"].eq("fault").to_numpy(bool)
    faults = {name: values[is_fault] for name, values in columns.items()}
    fault_times = {name: values[is_fault] for name, values in times.items()}
    storm = events["is_storm"].to_numpy(bool)[is_fault]
    return {
        "oms_fault": _faults(facts, faults, fault_times, storm, psr, line_ids),
        "oms_repair_order": _repairs(facts, faults, fault_times, org[is_fault]),
        "oms_outage": _outages(facts, events, columns, times, is_fault),
    }


def _faults(
    facts: Facts, columns: dict[str, np.ndarray], times: dict[str, np.ndarray], storm: np.ndarray, psr: np.ndarray,
    line_ids: np.ndarray,
) -> pa.Table:  # fmt: skip
    size = len(storm)
    made = {
        "fault_id": columns["event_id"],
        **{name: columns[name] for name in ("equip_type", "psr_id", "line_id", "cause_code", "cause_desc")},
        "is_outage": np.ones(size, np.int16),
        "weather_code": np.where(storm, "storm", "normal").astype(object),
        "fault_time": utc(times["start"]),
        "report_time": utc(times["known_at"]),
        "recover_time": utc(times["end"]),
        "mtime": utc(latest(times["known_at"], times["end"])),
    }
    alarms = _alarms(facts, psr, line_ids)
    both = {name: np.concatenate([made[name], alarms[name]]) for name in made}
    both["fault_no"] = np.array([f"GZ{k}" for k in both["fault_id"].tolist()], object)
    return table(TABLES["oms_fault"], both)


def _alarms(facts: Facts, psr: np.ndarray, line_ids: np.ndarray) -> dict[str, np.ndarray]:
    """Alarms of transformers that are planted as overloaded or ageing, since then, month by month."""
    people, found = facts.population, []
    row_of = pd.Index(people.transformers["transformer_no"])
    end_of_today, month = midnight_after(facts.today), facts.plan.first.replace(day=1)
    while month <= facts.today:
        days, number = ((month + timedelta(days=32)).replace(day=1) - month).days, 0
        for code, fault in (("41", "transformer_ageing"), ("42", "transformer_overloaded")):
            drawn = facts.drawn(fault)
            rng = generator(people.seed, "network", "alarm", fault, month)
            each = np.repeat(np.arange(len(drawn)), rng.poisson(_ALARMS_A_MONTH, len(drawn)))
            second = rng.integers(days, size=len(each)) * 86_400 + rng.integers(11 * 3600, 22 * 3600, len(each))
            lasts = rng.integers(1_200, 9_000, len(each))
            for k, since, seconds in zip(each.tolist(), second.tolist(), lasts.tolist(), strict=True):
                number += 1
                start = np.datetime64(month, "s") + np.timedelta64(since, "s")
                if np.datetime64(drawn["from_date"].iat[k], "s") <= start < end_of_today:
                    identity = int(f"{month:%Y%m}") * 1_000_000 + _ALARM_IDS + number
                    transformer = int(row_of.get_loc(drawn["entity_no"].iat[k]))
                    found.append((identity, transformer, code, start, start + np.timedelta64(seconds, "s")))
        month = (month + timedelta(days=32)).replace(day=1)
    identities, which, codes, starts, ends = (list(c) for c in zip(*found, strict=True)) if found else [[]] * 5
    device = np.array(which, np.int64)
    line = pd.Index(people.feeders["feeder_no"]).get_indexer(people.transformers["feeder_no"].to_numpy()[device])
    begun = np.array(starts, "datetime64[s]").reshape(-1)
    end = known(np.array(ends, "datetime64[s]").reshape(-1), facts.today)
    return {
        "fault_id": np.array(identities, np.int64),
        "equip_type": np.full(len(device), TRANSFORMER, object),
        "psr_id": psr[device],
        "line_id": line_ids[line],
        "cause_code": np.array(codes, object),
        "cause_desc": np.array([ALARMS[code] for code in codes], object),
        "is_outage": np.zeros(len(device), np.int16),
        "weather_code": np.full(len(device), "normal", object),
        "fault_time": utc(begun),
        "report_time": utc(begun),
        "recover_time": utc(end),
        "mtime": utc(latest(begun, end)),
    }


def _repairs(facts: Facts, columns: dict[str, np.ndarray], times: dict[str, np.ndarray], org: np.ndarray) -> pa.Table:
    organisations = facts.population.organisations
    dept = dict(zip(organisations["org_no"], network_names.dept_ids(organisations), strict=True))
    place = dict(zip(organisations["org_no"], organisations["name_zh"].str.removesuffix("供电所"), strict=True))
    stages = [times[name] for name in ("dispatched_at", "arrived_at", "end")]
    passed = sum((~np.isnat(stage)).astype(int) for stage in stages)
    identities = columns["event_id"].tolist()
    done = ~np.isnat(times["end"])
    return table(
        TABLES["oms_repair_order"],
        {
            "order_id": columns["event_id"] * 10 + 1,
            "order_no": np.array([f"QX{k}" for k in identities], object),
            "fault_id": columns["event_id"],
            "dept_id": np.array([dept[o] for o in org.tolist()], np.int64),
            "crew_name": np.array(
                [place[o] + _CREWS[k % len(_CREWS)] for o, k in zip(org.tolist(), identities, strict=True)], object
            ),
            "status_code": np.array([REPORTED, DISPATCHED, ARRIVED, REPAIRED], object)[passed],
            "report_time": utc(times["known_at"]),
            "dispatch_time": utc(stages[0]),
            "arrive_time": utc(stages[1]),
            "finish_time": utc(stages[2]),
            "result_desc": np.array(
                [
                    _REPAIRS[c] if d else None
                    for c, d in zip(columns["cause_code"].tolist(), done.tolist(), strict=True)
                ],
                object,
            ),
            "mtime": utc(latest(times["known_at"], *stages)),
        },
    )


def _outages(
    facts: Facts, events: pd.DataFrame, columns: dict[str, np.ndarray], times: dict[str, np.ndarray],
    is_fault: np.ndarray,
) -> pa.Table:  # fmt: skip
    begun, over = ~np.isnat(times["start"]), ~np.isnat(times["end"])
    # a fault is entered when it is reported; its start lies before
    entered = np.where(is_fault, times["known_at"], latest(times["known_at"], times["start"]))
    return table(
        TABLES["oms_outage"],
        {
            "outage_id": columns["event_id"] * 10 + 2,
            "outage_no": np.array([f"TD{k}" for k in columns["event_id"].tolist()], object),
            "outage_type": np.where(is_fault, FAULT, PLANNED).astype(object),
            **{name: columns[name] for name in ("equip_type", "psr_id", "line_id", "cause_code", "cause_desc")},
            "fault_id": np.array(
                [k if f else None for k, f in zip(columns["event_id"].tolist(), is_fault.tolist(), strict=True)], object
            ),
            "cons_num": network_events.customers_out(facts.population, events),
            "plan_start": utc(events["planned_start"].to_numpy()),
            "plan_end": utc(events["planned_end"].to_numpy()),
            "start_time": utc(times["start"]),
            "end_time": utc(times["end"]),
            "status_code": np.where(over, RESTORED, np.where(begun, RUNNING, ANNOUNCED)).astype(object),
            "mtime": utc(latest(entered, times["end"])),
        },
    )
