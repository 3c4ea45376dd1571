"""What moves the load of single accounts for a time: a child, a shift that is cut, an outage, a campaign.

One frame for all causes, one row an effect:

| column | meaning |
|---|---|
| effect | its name, for example `ev_arrives`, `outage`, `disconnected`, `demand_response` |
| account_no | the account |
| start, end | local time (datetime64[s], no zone), from inclusive, to exclusive; NaT: open end |
| from_slot, to_slot | only these quarter hours of each day, [from, to); 0 and 96: all; from > to: over midnight |
| factor | load × factor |
| add_kw | then + kW |
"""

import pandas as pd

COLUMNS = {
    "effect": "object", "account_no": "object", "start": "datetime64[s]", "end": "datetime64[s]",
    "from_slot": "int64", "to_slot": "int64", "factor": "float64", "add_kw": "float64",
}  # fmt: skip


def frame(**columns: object) -> pd.DataFrame:
    """Effects with the given columns; those not given are all day, factor 1, + 0 kW, open end."""
    usual = {"end": pd.NaT, "from_slot": 0, "to_slot": 96, "factor": 1.0, "add_kw": 0.0}
    made = pd.DataFrame(columns)
    for name, value in usual.items():
        if name not in made:
            made[name] = value
    return made.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def none() -> pd.DataFrame:
    """No effect."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})


def together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Effects of several causes in one frame, ordered by account, start and name."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return none()
    return pd.concat(filled, ignore_index=True).sort_values(["account_no", "start", "effect"], ignore_index=True)
