"""A point-day on one row: its energy by hour and its peak, worked out in the same pass as its summary.

Roll-ups start from these rows: those of untouched point-days come from pass 1, those of the others from
their clean values, so that no reading is summed twice.
"""

import ibis
import ibis.expr.types as ir

from gridmart.lake.vee.summary import HOURS, KEYS, hour_sums, peak_rank

ESTIMATED = "estimated_kwh"  # channel of the rows that hold the estimated part of import_kwh
HOUR_COLUMNS = [f"h{n}" for n in range(HOURS)]
# total and h0…h24: energy of the day and of its hours, kWh (0 for an hour that the day does not have);
# actual, estimated: intervals
COLUMNS = [*KEYS, "total", *HOUR_COLUMNS, "peak_rank", "actual", "estimated"]


def of_untouched(days: ir.Table) -> ir.Table:
    """Profiles (COLUMNS) of point-days that are plain and stand as delivered, from `Summary.plain`."""
    return days.mutate(actual=days.readings.cast("int64"), estimated=ibis.literal(0, "int32").cast("int64")).select(
        COLUMNS
    )


def of_readings(readings: ir.Table) -> ir.Table:
    """Profiles (COLUMNS) of clean readings (`with_slot`), and of the estimated part of import energy."""
    # what was edited by hand was not read either
    guessed = readings.filter(readings.quality_code != "A", readings.channel == "import_kwh")
    both = readings.union(guessed.mutate(channel=ibis.literal(ESTIMATED)))
    return (
        both.group_by(KEYS)
        .agg(
            total=both.value.sum(),
            **hour_sums(both),
            peak_rank=peak_rank(both),
            actual=both.count(where=both.quality_code == "A"),
            estimated=both.count(where=both.quality_code != "A"),
        )
        .select(COLUMNS)
    )
