"""How bills are collected: when and how they are paid, reminders, disconnection and reconnection.

Drawn by payment habit, month by month, whatever the amounts: what happens to the bill of a month depends on that
month's draws and on earlier months alone, so that added days change nothing that was. Local time has no zone here.

A bill is issued on the 2nd of the next month and due 20 days later. Reminders follow by SMS and letter; whoever stays
in arrears long enough gets a notice, is disconnected a week later, mostly pays then, and is reconnected within 24
hours. Who pays late may settle in one go what has been issued by then. Hospitals and schools are never disconnected.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from gridmart.simulator import effects as moves
from gridmart.simulator.keys import generator
from gridmart.simulator.month_use import complete_months, following, last_day
from gridmart.simulator.population import Population

CHANNELS = ("app", "bank", "counter", "agent", "auto_debit")
AUTO_DEBIT = CHANNELS.index("auto_debit")
DUE_DAYS = 20
REMINDER_DAYS, LETTER_DAYS, NOTICE_DAYS = 5, 15, 7  # after the due date, after it, before the disconnection
SPARED = ("hospital", "school")

# shares of app, bank, counter, agent
CHANNEL_SHARES = {
    "young": (0.93, 0.03, 0.02, 0.02),
    "elderly": (0.30, 0.08, 0.37, 0.25),
    "household": (0.76, 0.06, 0.08, 0.10),
    "organisation": (0.22, 0.60, 0.15, 0.03),
}
LATE_AT_COUNTER = 0.3  # who is late goes to the counter instead, this often
AUTO_DEBIT_SHARE = {"prompt": 0.28, "due": 0.12}
SLIP = 0.025  # a bill that a reliable payer forgets, or whose debit fails
# of those who do not pay: the share of bills that stay open, days of grace after the due date, the share that is
# disconnected at all, and the most days that a late payment takes
FIRMNESS = {
    "residential": (0.70, 75, 0.35, 60),
    "commercial": (0.60, 45, 0.80, 40),
    "agricultural": (0.70, 60, 0.60, 55),
    "large_industrial": (0.30, 30, 0.90, 25),
}
PAYS_WHEN_CUT = 0.92
TOGETHER = 0.4  # of late payers: settle all that has been issued by then

DAY, HOUR, MINUTE = np.timedelta64(86_400, "s"), np.timedelta64(3_600, "s"), np.timedelta64(60, "s")
QUARTER = np.timedelta64(900, "s")
DEBIT = 5 * DAY + 3 * HOUR  # from the issue of a bill to the bank's debit, about
AGAIN = 3 * DAY  # from a bill to a second one by mistake
NEVER = np.datetime64("NaT", "s")

COLUMNS = {
    "account_no": "object", "month": "datetime64[s]", "issued_date": "datetime64[s]", "due_date": "datetime64[s]",
    "paid_at": "datetime64[s]", "channel": "object", "is_auto_debit": "bool", "reminder_at": "datetime64[s]",
    "letter_at": "datetime64[s]", "notice_at": "datetime64[s]", "disconnected_at": "datetime64[s]",
    "reconnected_at": "datetime64[s]",
}  # fmt: skip


@dataclass(frozen=True)
class Habits:
    """What is the same for an account in every month; arrays in the order of the accounts."""

    opened: np.ndarray  # datetime64[D]
    closed: np.ndarray  # last day with supply, or NaT
    is_reliable: np.ndarray
    never_pays: np.ndarray  # share of bills
    grace_days: np.ndarray
    may_be_cut: np.ndarray
    latest_days: np.ndarray
    pays_together: np.ndarray
    has_auto_debit: np.ndarray
    channel_shares: np.ndarray  # [accounts, 4], cumulative


def habits(population: Population) -> Habits:
    """Draw how each account pays."""
    accounts = population.accounts
    rng = generator(population.seed, "collection", "account")
    cut, together, auto = rng.random((3, len(accounts)))
    habit = accounts["payment_habit"].to_numpy(object)
    firmness = pd.DataFrame(FIRMNESS, index=["open", "grace", "cut", "latest"]).T
    firmness = firmness.reindex(accounts["usage_category"].to_numpy(object))
    spared = accounts["archetype"].isin(SPARED).to_numpy()
    reliable = np.isin(habit, ("prompt", "due"))
    group = np.where(accounts["usage_category"].eq("residential"), "household", "organisation").astype(object)
    for archetype in ("young", "elderly"):
        group[accounts["archetype"].eq(archetype).to_numpy()] = archetype
    shares = pd.DataFrame(CHANNEL_SHARES).T.cumsum(axis=1).reindex(group)
    return Habits(
        opened=accounts["opened_date"].to_numpy("datetime64[D]"),
        closed=accounts["closed_date"].to_numpy("datetime64[D]"),
        is_reliable=reliable,
        never_pays=np.where(spared, 0.1, firmness["open"].to_numpy(float)) * (habit == "unpaid"),
        grace_days=firmness["grace"].to_numpy(np.int64),
        may_be_cut=(cut < firmness["cut"].to_numpy(float)) & ~spared & ~reliable,
        latest_days=firmness["latest"].to_numpy(np.int64),
        pays_together=(together < TOGETHER) & ~reliable,
        has_auto_debit=auto < pd.Series(habit).map(AUTO_DEBIT_SHARE).fillna(0.0).to_numpy(float),
        channel_shares=shares.to_numpy(float),
    )


def dates(month: date) -> tuple[date, date]:
    """Issue and due date of the bills of a month."""
    issued = following(month) + timedelta(days=1)
    return issued, issued + timedelta(days=DUE_DAYS)


def is_billed(drawn: Habits, month: date) -> np.ndarray:
    """Accounts that get a bill of a month: open on at least one of its days."""
    is_left = drawn.closed < np.datetime64(month)  # False where NaT
    return (drawn.opened <= np.datetime64(last_day(month))) & ~is_left


def intended(population: Population, month: date, drawn: Habits) -> tuple[np.ndarray, np.ndarray]:
    """When and how each account would pay the bill of a month, were it not for older debts: paid_at, channel.

    paid_at: datetime64[s], NaT if it would not pay; channel: places in CHANNELS.
    """
    habit = population.accounts["payment_habit"].to_numpy(object)
    rng = generator(population.seed, "collection", month)
    slip, unpaid, far, way, counter, minute = rng.random((6, len(habit)))
    issued = np.datetime64(dates(month)[0], "s")
    reliable = drawn.is_reliable & (slip >= SLIP)
    # most of the late are a few days late
    late_days = np.minimum(1 + np.floor(-12.0 * np.log1p(-far)), drawn.latest_days)
    days = np.where(reliable & (habit == "prompt"), np.floor(far * 8), DUE_DAYS - np.floor(far * 6))
    days = np.where(reliable, days, DUE_DAYS + late_days)
    at = issued + days.astype(np.int64) * DAY + 8 * HOUR + np.floor(minute * 13 * 60).astype(np.int64) * MINUTE
    channel = (way[:, None] > drawn.channel_shares[:, :3]).sum(axis=1)
    channel[~reliable & (counter < LATE_AT_COUNTER)] = CHANNELS.index("counter")
    auto = drawn.has_auto_debit & reliable
    # the bank debits in the night, five days after the issue
    at[auto] = issued + 5 * DAY + 2 * HOUR + np.floor(minute[auto] * 90).astype(np.int64) * MINUTE
    channel[auto] = AUTO_DEBIT
    at[unpaid < drawn.never_pays] = NEVER
    return at, channel


def timeline(population: Population, first: date, end: date) -> pd.DataFrame:
    """One row per account and bill month that is complete by `end`, ordered by month: see COLUMNS.

    Events after `end` are in it too (NaT: never): whoever shows it cuts off what is not known yet.
    """
    drawn = habits(population)
    state = _State.at_start(len(population.accounts))
    parts = [_month(population, month, drawn, state) for month in complete_months(first, end)]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    return pd.concat(parts, ignore_index=True)


@dataclass
class _State:
    """What earlier months leave to later ones, by account."""

    cleared_at: np.ndarray  # when a late payer settles what has been issued by then
    cleared_by: np.ndarray  # channel
    off_from: np.ndarray
    off_to: np.ndarray

    @classmethod
    def at_start(cls, size: int) -> "_State":
        """Nobody is in arrears."""
        never = [np.full(size, NEVER) for _ in range(3)]
        return cls(never[0], np.zeros(size, np.int64), never[1], never[2])


def _month(population: Population, month: date, drawn: Habits, state: _State) -> pd.DataFrame:
    issued_date, due_date = dates(month)
    issued, due = np.datetime64(issued_date, "s"), np.datetime64(due_date, "s")
    billed = is_billed(drawn, month)
    paid, channel = intended(population, month, drawn)

    lasting = (state.off_from <= issued) & np.isnat(state.off_to)
    paid[lasting] = NEVER  # who was cut off and left
    with_older = (state.cleared_at > issued + 8 * HOUR) & (np.isnat(paid) | (state.cleared_at < paid))
    paid, channel = np.where(with_older, state.cleared_at, paid), np.where(with_older, state.cleared_by, channel)

    cut, pays, days, minute, hours = generator(population.seed, "collection", "cut", month).random((5, len(paid)))
    stop = due + drawn.grace_days * DAY + 9 * HOUR + np.floor(cut * 28).astype(np.int64) * QUARTER
    notice = (due + (drawn.grace_days - NOTICE_DAYS) * DAY + 9 * HOUR).astype("datetime64[s]")
    is_off = (state.off_from <= stop) & (np.isnat(state.off_to) | (state.off_to > stop))
    may = billed & drawn.may_be_cut & ~is_off & ~(drawn.closed + np.timedelta64(1, "D") <= stop)
    warned = may & (np.isnat(paid) | (paid > notice))
    stopped = may & (np.isnat(paid) | (paid > stop))
    then = stop.astype("datetime64[D]") + np.floor(days * days * 12).astype(np.int64) + np.timedelta64(1, "D")
    then = then.astype("datetime64[s]") + 8 * HOUR + np.floor(minute * 13 * 60).astype(np.int64) * MINUTE
    gives_in = stopped & (pays < PAYS_WHEN_CUT) & (np.isnat(paid) | (then < paid))
    paid = np.where(gives_in, then, paid)
    # switched on after one to 23 hours, noted at the quarter hour
    switched = paid + HOUR + np.floor(hours * 88).astype(np.int64) * QUARTER
    on = (switched - switched.astype(np.int64) % 900 * np.timedelta64(1, "s")).astype("datetime64[s]")
    off_from, off_to = np.where(stopped, stop, NEVER), np.where(stopped, on, NEVER)

    state.off_from, state.off_to = (
        np.where(stopped, off_from, state.off_from),
        np.where(stopped, off_to, state.off_to),
    )
    clears = billed & ~np.isnat(paid) & (stopped | (drawn.pays_together & (paid > due + DAY)))
    state.cleared_at = np.where(clears, paid, state.cleared_at)
    state.cleared_by = np.where(clears, channel, state.cleared_by)

    reminder, letter = reminders(np.full(len(paid), due), paid)
    rows = {
        "account_no": population.accounts["account_no"].to_numpy(object), "month": np.datetime64(month, "s"),
        "issued_date": issued, "due_date": due, "paid_at": paid,
        "channel": np.array(CHANNELS, dtype=object)[channel], "is_auto_debit": channel == AUTO_DEBIT,
        "reminder_at": reminder, "letter_at": letter, "notice_at": np.where(warned, notice, NEVER),
        "disconnected_at": off_from, "reconnected_at": off_to,
    }  # fmt: skip
    frame = pd.DataFrame(rows)
    frame.loc[frame["paid_at"].isna(), "channel"] = None
    return frame[billed].astype(COLUMNS)


def reminders(due: np.ndarray, settled_at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """When a bill is reminded of by SMS and by letter (NaT: not): at nine, while it is open."""
    found = []
    for days in (REMINDER_DAYS, LETTER_DAYS):
        at = due + days * DAY + 9 * HOUR
        found.append(np.where(np.isnat(settled_at) | (settled_at > at), at, NEVER))
    return found[0], found[1]


def effects(timeline: pd.DataFrame) -> pd.DataFrame:
    """No load while disconnected: a frame as in `gridmart.simulator.effects`."""
    off = timeline[timeline["disconnected_at"].notna()]
    if off.empty:
        return moves.none()
    return moves.frame(
        effect="disconnected",
        account_no=off["account_no"].to_numpy(object),
        start=off["disconnected_at"].to_numpy(),
        end=off["reconnected_at"].to_numpy(),
        factor=0.0,
    )
