"""Hourly load of substations (SCADA): what their feeders take, and what flows in, which is that and the loss."""

import numpy as np
import pyarrow as pa

from gridmart.simulator.supply import substation_loss
from gridmart.simulator.systems import network_names
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import table, utc

TABLES = {
    "dms_substation": Table(
        {"sub_id": "bigint", "meas_time": "timestamptz", "out_kwh": "numeric(14,3)", "in_kwh": "numeric(14,3)",
         "mtime": "timestamptz"},
        ("sub_id", "meas_time"),
    )
}  # fmt: skip


def rows(facts: Facts) -> dict[str, pa.Table]:
    """The last 31 days by the end of `facts.today`, ordered by substation and hour."""
    people = facts.population
    ids = dict(zip(people.substations["substation_no"], network_names.substation_ids(people.substations), strict=True))
    feeders = people.feeders.set_index("feeder_no")
    hours = facts.device_hours[facts.device_hours["device_no"].isin(feeders.index)]
    sub = hours["device_no"].map(feeders["substation_no"]).map(ids)
    load = hours.groupby([sub.rename("sub_id"), "at"], sort=True)["wh"].sum().reset_index()
    nominal = feeders.groupby(feeders["substation_no"].map(ids))["nominal_kw"].sum() * 1000.0
    out = load["wh"].to_numpy(float)
    taken = out + substation_loss(out, load["sub_id"].map(nominal).to_numpy(float))
    at = load["at"].to_numpy("datetime64[s]")
    columns: dict[str, object] = {
        "sub_id": load["sub_id"].to_numpy(np.int64),
        "meas_time": utc(at),
        "out_kwh": np.round(out / 1000, 3),
        "in_kwh": np.round(taken / 1000, 3),
        "mtime": utc(at + np.timedelta64(58, "m")),  # sent within its hour
    }
    return {"dms_substation": table(TABLES["dms_substation"], columns)}
