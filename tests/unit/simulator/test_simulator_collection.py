"""Payments follow habits; arrears are reminded of, end in a disconnection, and that ends with the payment."""

from datetime import date

import numpy as np
import pandas as pd
from cis_facts import people

from gridmart.simulator import collection, population
from gridmart.simulator.collection import timeline
from gridmart.simulator.population import Population

FIRST, LAST = date(2025, 10, 1), date(2026, 11, 9)
DAY = pd.Timedelta(days=1)
MADE: Population = population.build(4000, FIRST, LAST, 11)
ROWS = timeline(MADE, FIRST, LAST).merge(
    MADE.accounts[["account_no", "usage_category", "archetype", "payment_habit", "opened_date", "closed_date"]]
)


def test_a_later_month_changes_no_earlier_one() -> None:
    made = people()
    long = timeline(made, made.first, date(2026, 9, 20))
    for end in (date(2026, 3, 31), date(2026, 6, 15)):
        short = timeline(made, made.first, end)
        assert len(short) and short.equals(long.head(len(short)))
    assert timeline(made, made.first, date(2026, 2, 27)).empty  # February is not whole
    assert set(timeline(made, made.first, date(2026, 3, 31))["month"]) == {pd.Timestamp(2026, 3, 1)}


def test_every_account_gets_a_bill_of_each_month_with_supply() -> None:
    assert not ROWS.duplicated(["account_no", "month"]).any()
    opened, closed = pd.to_datetime(ROWS["opened_date"]), pd.to_datetime(ROWS["closed_date"])
    month_end = ROWS["month"] + pd.offsets.MonthEnd(0)
    assert (opened <= month_end).all() and ~(closed < ROWS["month"]).any()
    opened, closed = (pd.to_datetime(MADE.accounts[name]) for name in ("opened_date", "closed_date"))
    expected = 0
    for month in set(ROWS["month"]):
        expected += int(((opened <= month + pd.offsets.MonthEnd(0)) & ~(closed < month)).sum())
    assert len(ROWS) == expected
    assert (ROWS["issued_date"] == ROWS["month"] + pd.offsets.MonthBegin(1) + DAY).all()
    assert (ROWS["due_date"] - ROWS["issued_date"]).eq(20 * DAY).all()


def test_habits_show() -> None:
    on_time = ROWS["paid_at"] < ROWS["due_date"] + DAY
    share = on_time.groupby(ROWS["payment_habit"]).mean()
    assert share["prompt"] > 0.96 and share["due"] > 0.96
    assert share["late"] < 0.15 and share["unpaid"] < 0.15  # in time only where a later bill is settled with an older
    days = (ROWS["paid_at"].dt.normalize() - ROWS["issued_date"]).dt.days.groupby(ROWS["payment_habit"]).median()
    assert days["prompt"] < 8 < days["due"] <= 20 < days["late"]
    assert ROWS["paid_at"].isna().groupby(ROWS["payment_habit"]).mean()["unpaid"] > 0.25
    paid = ROWS["paid_at"].notna()
    assert (ROWS.loc[paid, "paid_at"] >= ROWS.loc[paid, "issued_date"] + pd.Timedelta(hours=8)).all()
    assert ROWS["channel"].notna().eq(paid).all()
    assert ROWS["is_auto_debit"].eq(ROWS["channel"].eq("auto_debit")).all()
    assert ROWS.loc[ROWS["is_auto_debit"], "paid_at"].dt.hour.between(2, 4).all()
    at_home = ROWS[paid & ~ROWS["is_auto_debit"] & ROWS["usage_category"].eq("residential")]
    counter = at_home["channel"].eq("counter").groupby(at_home["archetype"]).mean()
    assert counter["elderly"] > 2 * counter["young"]


def test_most_is_recovered_in_the_first_month_and_nearly_all_in_the_end() -> None:
    first = (ROWS["paid_at"] < ROWS["issued_date"] + pd.offsets.MonthBegin(1)).groupby(ROWS["month"]).mean()
    assert first.between(0.87, 0.96).all()
    ever = ROWS["paid_at"].notna().groupby(ROWS["month"]).mean()
    assert ever.between(0.97, 0.995).all()


def test_reminders_go_to_whoever_owes() -> None:
    for name, days in (("reminder_at", 5), ("letter_at", 15)):
        at = ROWS["due_date"] + days * DAY + pd.Timedelta(hours=9)
        owes = ROWS["paid_at"].isna() | (ROWS["paid_at"] > at)
        assert ROWS[name].notna().eq(owes).all() and ROWS.loc[owes, name].eq(at[owes]).all()


def test_disconnection_ends_a_long_debt_and_the_payment_ends_it() -> None:
    cut = ROWS[ROWS["disconnected_at"].notna()]
    assert len(cut) > 30
    assert (cut["disconnected_at"] >= cut["due_date"] + 30 * DAY).all()
    assert ~(cut["paid_at"] <= cut["disconnected_at"]).any()
    assert (cut["disconnected_at"].dt.normalize() - cut["notice_at"].dt.normalize()).eq(7 * DAY).all()
    on = cut[cut["paid_at"].notna()]
    after = on["reconnected_at"] - on["paid_at"]
    assert after.between(pd.Timedelta(minutes=1), DAY).all() and len(on) > 0.8 * len(cut)
    assert cut.loc[cut["paid_at"].isna(), "reconnected_at"].isna().all()
    assert not cut["archetype"].isin(["hospital", "school"]).any()
    assert not cut["payment_habit"].isin(["prompt", "due"]).any()
    home = ROWS["usage_category"].eq("residential")
    assert ROWS[home]["disconnected_at"].notna().mean() < 0.005
    for _, spells in cut.sort_values("disconnected_at").groupby("account_no"):
        ends = spells["reconnected_at"].fillna(pd.Timestamp.max.floor("s")).to_numpy()
        assert (spells["disconnected_at"].to_numpy()[1:] >= ends[:-1]).all()
    assert not (cut["disconnected_at"] >= pd.to_datetime(cut["closed_date"]) + DAY).any()


def test_who_pays_late_or_is_cut_off_settles_later_bills_too() -> None:
    paid = ROWS[ROWS["paid_at"].notna()]
    together = paid[paid.duplicated(["account_no", "paid_at"], keep=False)]
    assert together["account_no"].nunique() > 20
    assert not together["payment_habit"].isin(["prompt", "due"]).any()


def test_no_load_while_disconnected() -> None:
    moved = collection.effects(ROWS)
    cut = ROWS[ROWS["disconnected_at"].notna()]
    assert len(moved) == len(cut) and moved["factor"].eq(0).all() and moved["add_kw"].eq(0).all()
    assert moved["start"].to_numpy().tolist() == cut["disconnected_at"].to_numpy().tolist()
    assert moved["end"].isna().sum() == cut["reconnected_at"].isna().sum()
    assert (moved["start"].astype("int64") % 900 == 0).all()
    assert collection.effects(ROWS[ROWS["disconnected_at"].isna()]).empty


def test_another_seed_pays_otherwise() -> None:
    other = timeline(population.build(4000, FIRST, LAST, 12), FIRST, date(2025, 11, 30))
    assert not np.array_equal(other["paid_at"].to_numpy(), ROWS["paid_at"].to_numpy()[: len(other)])
