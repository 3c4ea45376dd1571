"""Editing: manual values come in as data, and stand over what validation and estimation gave.

An edit says who, when and why, which value was seen and which one shall stand. It holds as long as the value that
was seen is still what VEE gives, so that a later delivery is never hidden by an edit of what was there before.
"""

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from gridmart.lake.vee.rules import Rule
from gridmart.lake.vee.summary import KEYS

TYPES = {
    "point_no": pa.string(), "channel": pa.string(), "business_date": pa.date32(),
    "interval_start": pa.timestamp("us", "UTC"), "old_value": pa.float64(), "new_value": pa.float64(),
    "edited_by": pa.string(), "edited_at": pa.timestamp("us", "UTC"), "reason": pa.string(), "file_id": pa.string(),
    "row_number": pa.int64(),
}  # fmt: skip
INTERVAL = [*KEYS, "interval_start"]
SAME_KWH = 1e-6


def latest(edits: ir.Table) -> ir.Table:
    """One row per edited interval: the latest by (edited_at, file_id, row_number), with the value before it.

    before: what the edit before the latest one set, null where there is none; the same row twice is one edit.
    """
    edits = edits.group_by(*INTERVAL, "old_value", "new_value", "edited_by", "edited_at", "reason").agg(
        file_id=edits.file_id.min(), row_number=edits.row_number.min()
    )
    order = [edits.edited_at, edits.file_id, edits.row_number]
    one = ibis.window(group_by=INTERVAL, order_by=order)
    newest = ibis.window(group_by=INTERVAL, order_by=[ibis.desc(column) for column in order])
    rows = edits.mutate(before=edits.new_value.lag().over(one), place=ibis.row_number().over(newest))
    return rows.filter(rows.place == 0).drop("place")


def apply(readings: ir.Table, manual: ir.Table) -> ir.Table:
    """Readings with edits (`latest`) over them, quality M; adds `is_edited`.

    An edit applies when the value it saw (old_value; null: none) is VEE's, or what the edit before it set.
    """
    seen = manual.select(*INTERVAL, "old_value", "new_value", "before", is_there=ibis.literal(True))
    rows = readings.left_join(seen, INTERVAL).drop([f"{key}_right" for key in INTERVAL])
    is_seen = (rows.old_value - rows.value).abs() <= SAME_KWH
    follows = (rows.old_value - rows.before).abs() <= SAME_KWH
    fits = rows.old_value.isnull() | is_seen.fill_null(False) | follows.fill_null(False)
    is_there = rows.is_there.fill_null(False)
    rows = rows.mutate(is_edited=is_there & fits, is_refused=is_there & ~fits)
    return rows.mutate(
        value=ibis.ifelse(rows.is_edited, rows.new_value, rows.value),
        quality_code=ibis.ifelse(rows.is_edited, "M", rows.quality_code),
        method_code=ibis.ifelse(rows.is_edited, ibis.null("int32"), rows.method_code),
        rule_bits=(rows.rule_bits + ibis.ifelse(rows.is_refused, int(Rule.EDIT_MISMATCH), 0)).cast("int32"),
    ).drop("old_value", "new_value", "before", "is_there", "is_refused")


def refused(edited: ir.Table, manual: ir.Table) -> ir.Table:
    """Edits that changed nothing: their interval is not there, or holds another value than they saw."""
    return manual.anti_join(edited.filter(edited.is_edited), INTERVAL)
