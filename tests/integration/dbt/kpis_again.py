"""KPIs of the dictionary worked out again from the raw tables with pandas: no line of it is shared with dbt.

Billing errors are not among them: what a bill should have been is worked out again by the billing scenarios.
"""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import psycopg

from tests.integration.dbt.small_utility import LAST

ZONE = "Asia/Shanghai"


def values(connection: psycopg.Connection, month: date) -> dict[str, float | None]:
    """Values by KPI code for the whole company in a month; None where there is nothing."""

    def raw(table: str) -> pd.DataFrame:
        cursor = connection.execute(f"select * from {table}".encode())
        frame = pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])
        for name in frame:
            kinds = frame[name].dropna().map(type).astype(str).unique()
            if any("Decimal" in kind for kind in kinds):
                frame[name] = frame[name].astype(float)
        return frame

    following = (month + timedelta(days=32)).replace(day=1)
    found: dict[str, Any] = {}

    def within(dates: pd.Series) -> pd.Series:
        return (dates >= month) & (dates < following)

    def local(times: pd.Series) -> pd.Series:
        return pd.to_datetime(times, utc=True).dt.tz_convert(ZONE)

    def share(part: float, whole: float) -> float | None:
        return part / whole if whole else None

    # meters
    points = raw("raw_cis.c_mp").set_index("mp_no")
    days = raw("raw_ami.point_day")
    days = days[within(days["business_date"])]
    kind = days["point_no"].map(points["mp_attr_code"])
    due = days[days["intervals_due"] > 0]
    read = due[due["intervals_actual"] > 0]
    found["collection_coverage"] = share(read["point_no"].nunique(), due["point_no"].nunique())
    found["collection_success"] = share(len(read), len(due))
    found["estimated_share"] = share(days["intervals_estimated"].sum(), days["intervals_due"].sum())
    customer = due[kind.reindex(due.index) == "01"]
    last = customer[customer["business_date"] == customer["business_date"].max()]
    accounts = (last["intervals_actual"] > 0).groupby(last["point_no"].map(points["cons_no"])).all()
    found["read_rate"] = share(accounts.sum(), len(accounts))
    both = days[(kind == "01") & days["import_kvarh"].notna()]
    energy = both["import_kwh"].sum(), both["import_kvarh"].sum()
    found["power_factor"] = round(energy[0] / np.hypot(*energy), 2) if len(both) else None

    # energy: what boundary meters of feeders saw and customers fed in, against what customers took
    sold = days.loc[kind == "01", "import_kwh"].sum()
    supplied = days.loc[kind == "03", "import_kwh"].sum() + days.loc[kind == "01", "export_kwh"].sum()
    found["energy_supplied_kwh"] = supplied if len(days) else None
    found["energy_sold_kwh"] = sold if len(days) else None
    found["loss_rate"] = share(supplied - sold, supplied)
    place = raw("raw_network.pms_tran_point")
    area = days["point_no"].map(dict(zip(place["mp_code"].str.removeprefix("MP-"), place["psr_id"], strict=True)))
    keys = [area.rename("area"), days["business_date"]]
    took = days["import_kwh"].where(kind == "01").groupby(keys).sum()
    came = (
        (days["import_kwh"].where(kind == "02").fillna(0) + days["export_kwh"].where(kind == "01").fillna(0))
        .groupby(keys)
        .sum()
    )
    rate = 1 - took / came
    found["high_loss_areas"] = rate[rate > 0.09].index.get_level_values("area").nunique()
    found["negative_loss_areas"] = rate[rate < 0].index.get_level_values("area").nunique()

    # money
    bills = raw("raw_cis.e_bill")
    bills = bills[bills["bill_ym"] == f"{month:%Y%m}"].set_index("calc_id")
    paid = raw("raw_cis.a_pay_flow").groupby("calc_id")["rcv_amt"].sum().reindex(bills.index).fillna(0)
    found["recovery_rate"] = share(np.minimum(paid, bills["t_amt"]).sum(), bills["t_amt"].sum())
    found["average_price_yuan"] = share(bills["t_amt"].sum(), bills["t_pq"].sum())

    # equipment
    telemetry = raw("raw_network.dms_telemetry")
    telemetry = telemetry[within(local(telemetry["meas_time"]).dt.date)]
    rated = raw("raw_network.pms_transformer").set_index("psr_id")["cap_kva"]
    kva = sum(telemetry[f"u{p}_v"] * telemetry[f"i{p}_a"] for p in "abc") / 1000 / telemetry["psr_id"].map(rated)
    found["transformer_load_factor"] = kva.max() if len(kva) else None
    found["heavy_transformers"] = telemetry.loc[kva >= 0.8, "psr_id"].nunique()
    found["overloaded_transformers"] = telemetry.loc[kva >= 1, "psr_id"].nunique()
    amperes = telemetry[["ia_a", "ib_a", "ic_a"]]
    by_day = [telemetry["psr_id"], local(telemetry["meas_time"]).dt.date]
    apart = (amperes.max(axis=1) - amperes.min(axis=1)).groupby(by_day).sum() / amperes.max(axis=1).groupby(
        by_day
    ).sum()
    found["imbalance_share"] = apart.mean() if len(apart) else None

    # supply, of the days that readings know of
    outages = raw("raw_network.oms_outage")
    outages = outages[outages["start_time"].notna()]
    known = raw("raw_ami.point_day")["business_date"]
    known = known[within(known)]
    if len(known):
        begin = pd.Timestamp(known.min(), tz=ZONE)
        end = pd.Timestamp(known.max() + timedelta(days=1), tz=ZONE)
        people = len(raw("raw_cis.c_cons"))
        start, stop = local(outages["start_time"]), local(outages["end_time"])
        hours = (stop.clip(upper=end) - start.clip(lower=begin)).dt.total_seconds().clip(lower=0) / 3600
        lost = (hours * outages["cons_num"]).sum()
        began = outages.loc[(start >= begin) & (start < end), "cons_num"].sum()
        found["reliability_rate"] = 1 - lost / (people * (end - begin).total_seconds() / 3600)
        found |= {"saidi_hours": lost / people, "saifi": began / people}
    else:
        found |= dict.fromkeys(("reliability_rate", "saidi_hours", "saifi"))
    orders = raw("raw_network.oms_repair_order")
    orders = orders[within(local(orders["report_time"]).dt.date)]
    took_h = (orders["finish_time"] - orders["report_time"]).dt.total_seconds() / 3600 if len(orders) else pd.Series()
    found["mttr_hours"] = took_h.mean() if len(took_h) else None

    # every day of its calendar is a working day; a withdrawn application ends the stage that it was in
    stages = raw("raw_cis.s_app_stage")
    withdrawn = stages["app_id"].map(raw("raw_cis.s_app").set_index("app_id")["end_time"])
    stages["end_time"] = stages["end_time"].fillna(withdrawn)
    stages = stages[within(local(stages["begin_time"]).dt.date)]
    ended, begun = (local(stages[name]).dt.normalize().dt.tz_localize(None) for name in ("end_time", "begin_time"))
    in_time = (ended.fillna(pd.Timestamp(LAST)) - begun).dt.days <= stages["limit_days"]
    # what is open beyond its limit is late before it ends
    in_time = in_time[ended.notna() | ~in_time]
    if len(in_time):
        found["application_in_time"] = in_time.mean()
    else:
        found["application_in_time"] = None
    return found
