"""Campaigns as the CRM shows them: who is on the list, in which arm, who answered how."""

import numpy as np
import pyarrow as pa

from gridmart.simulator.campaigns import HOLDOUT, Campaign
from gridmart.simulator.systems.model import Facts, Table
from gridmart.simulator.systems.rows import known, latest, table, utc

TABLES = {
    "campaign": Table(
        {"campaign_no": "text", "name_zh": "text", "name_en": "text", "product_code": "text", "channel": "text",
         "list_date": "date", "start_date": "date", "end_date": "date", "holdout_share": "numeric(5,4)",
         "budget_yuan": "numeric(18,2)", "status": "text", "modified_at": "timestamptz"},
        ("campaign_no",),
    ),
    "campaign_target": Table(
        {"target_id": "bigint", "campaign_no": "text", "profile_id": "text", "arm": "text",
         "contacted_at": "timestamptz", "modified_at": "timestamptz"},
        ("target_id",),
    ),
    "response": Table(
        {"response_id": "bigint", "campaign_no": "text", "profile_id": "text", "kind": "text",
         "responded_at": "timestamptz", "modified_at": "timestamptz"},
        ("response_id",),
    ),
}  # fmt: skip
PLANNED, RUNNING, ENDED = "planned", "running", "ended"
TREATED, HELD_OUT = "treated", "holdout"
KINDS = {"opened": "opened_at", "clicked": "clicked_at", "accepted": "accepted_at"}
_TARGETS_A_CAMPAIGN = 10_000_000  # ids: campaign, row of the account; a response: one digit more
_HOUR, _DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")


def rows(facts: Facts, found: tuple[Campaign, ...], profile: np.ndarray) -> dict[str, pa.Table]:
    """Rows of the three tables; `profile`: profile_id of each account, None where there is none."""
    return {
        "campaign": _campaigns(facts, found),
        "campaign_target": _targets(facts, found, profile),
        "response": _responses(facts, found, profile),
    }


def _together(model: Table, parts: list[dict[str, np.ndarray]]) -> pa.Table:
    none = {name: np.zeros(0, object) for name in model.columns}
    return table(model, {name: np.concatenate([part[name] for part in parts or [none]]) for name in model.columns})


def _campaigns(facts: Facts, found: tuple[Campaign, ...]) -> pa.Table:
    listed = np.array([c.list_date for c in found], "datetime64[D]").astype("datetime64[s]") + 9 * _HOUR
    start, after = (
        known(np.array(days, "datetime64[D]").astype("datetime64[s]"), facts.today)
        for days in ([c.start for c in found], [np.datetime64(c.end) + 1 for c in found])
    )
    status = np.where(~np.isnat(after), ENDED, np.where(~np.isnat(start), RUNNING, PLANNED)).astype(object)
    return table(
        TABLES["campaign"],
        {
            "campaign_no": [c.number for c in found],
            "name_zh": [c.product.name_zh for c in found],
            "name_en": [c.product.name_en for c in found],
            "product_code": [c.product.code for c in found],
            "channel": [c.product.channel for c in found],
            "list_date": [c.list_date for c in found],
            "start_date": [c.start for c in found],
            "end_date": [c.end for c in found],
            "holdout_share": np.full(len(found), HOLDOUT),
            "budget_yuan": np.array([c.product.budget_yuan for c in found], float),
            "status": status,
            "modified_at": utc(latest(listed, start, after)),
        },
    )


def _targets(facts: Facts, found: tuple[Campaign, ...], profile: np.ndarray) -> pa.Table:
    parts = []
    for campaign in found:
        row = campaign.targets["account_row"].to_numpy()
        has = np.array([p is not None for p in profile[row].tolist()], bool)
        row, targets = row[has], campaign.targets[has]
        contacted = known(targets["contacted_at"].to_numpy(), facts.today)
        listed = np.full(len(row), np.datetime64(campaign.list_date, "s") + 9 * _HOUR)
        parts.append(
            {
                "target_id": campaign.sequence * _TARGETS_A_CAMPAIGN + row,
                "campaign_no": np.full(len(row), campaign.number, object),
                "profile_id": profile[row],
                "arm": np.where(targets["is_treated"], TREATED, HELD_OUT).astype(object),
                "contacted_at": utc(contacted),
                "modified_at": utc(latest(listed, contacted)),
            }
        )
    return _together(TABLES["campaign_target"], parts)


def _responses(facts: Facts, found: tuple[Campaign, ...], profile: np.ndarray) -> pa.Table:
    parts = []
    for campaign in found:
        targets = campaign.targets
        has = np.array([p is not None for p in profile[targets["account_row"].to_numpy()].tolist()], bool)
        for digit, (kind, column) in enumerate(KINDS.items(), 1):
            at = known(targets[column].to_numpy(), facts.today)
            shown = has & ~np.isnat(at)
            row = targets["account_row"].to_numpy()[shown]
            parts.append(
                {
                    "response_id": (campaign.sequence * _TARGETS_A_CAMPAIGN + row) * 10 + digit,
                    "campaign_no": np.full(len(row), campaign.number, object),
                    "profile_id": profile[row],
                    "kind": np.full(len(row), kind, object),
                    "responded_at": utc(at[shown]),
                    "modified_at": utc(at[shown]),
                }
            )
    return _together(TABLES["response"], parts)
