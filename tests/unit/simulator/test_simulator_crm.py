"""The CRM: a silo that names customers its own way, orders with causes, campaigns whose effect is known."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from outside_facts import FIRST, LAST, PEOPLE, facts, is_well_formed, next_day

from gridmart.simulator import campaigns, consents, network_events, orders_text, population
from gridmart.simulator.archetypes import archetypes
from gridmart.simulator.systems import crm, crm_profiles, network

PLANTED = ("missing_in_cis", "missing_in_crm")
LISTS = {c.number: c for c in campaigns.draw(PEOPLE, LAST)}


@pytest.fixture(scope="module")
def rows() -> dict[str, pd.DataFrame]:
    made = crm.rows(facts(LAST, PLANTED))
    assert made.keys() == crm.TABLES.keys()
    assert all(is_well_formed(crm.TABLES[name], table, LAST) for name, table in made.items())
    return {name: table.to_pandas() for name, table in made.items()}


def test_the_crm_lacks_accounts_and_has_others_that_the_cis_lacks(rows: dict[str, pd.DataFrame]) -> None:
    told = facts(LAST, PLANTED)
    lacks, others = (set(told.drawn(name)["account_no"]) for name in ("missing_in_crm", "missing_in_cis"))
    assert lacks and others and not others & set(PEOPLE.accounts["account_no"])
    opened = PEOPLE.accounts["opened_date"].le(LAST)
    wanted = set(PEOPLE.accounts.loc[opened, "account_no"]) - lacks | others
    assert set(rows["profile"]["acct_ref"]) == set(crm_profiles.account_refs(np.array(sorted(wanted))))
    assert set(rows["consent"]["profile_id"]) <= set(rows["profile"]["profile_id"])


def test_spellings_differ_but_a_person_recognises_them(rows: dict[str, pd.DataFrame]) -> None:
    made = rows["profile"].copy()
    made["account_no"] = made["acct_ref"].str.replace("-", "")
    both = made.merge(PEOPLE.accounts, on="account_no")
    differs = both["full_name"] != both["customer_name"]
    assert 0.05 < differs.mean() < 0.35
    assert (both["full_name"].str[0] == both["customer_name"].str[0]).all()
    digits = both["mobile"].str.normalize("NFKC").str.replace("+86", "").str.replace(r"\D", "", regex=True)
    assert (digits == both["phone"]).all()
    assert (both["mobile"] != both["phone"]).mean() > 0.3 and both["mobile"].str.contains("[０-９]").any()
    assert made["profile_id"].str.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").all()


def test_orders_say_in_many_ways_what_their_category_means(rows: dict[str, pd.DataFrame]) -> None:
    people = population.build(3000, FIRST, LAST, 5)
    made = crm.rows(facts(LAST, people=people))["service_order"].to_pandas()
    kinds = orders_text.categories()
    assert (
        set(made["category_name"]) <= {kind.name for kind in kinds.values()} and made["category_code"].nunique() >= 10
    )
    assert made["content"].nunique() > 0.9 * len(made) and not made["content"].str.contains("[{}]").any()
    by_month = made.groupby(made["accepted_at"].dt.month)["category_code"].value_counts(normalize=True)
    assert by_month[7]["repair"] > by_month[6]["complaint"]
    done = made[made["status"].eq("closed")]
    assert (done["accepted_at"] < done["dispatched_at"]).all() and (done["finished_at"] < done["closed_at"]).all()
    assert done["result_text"].notna().all()
    assert made.loc[made["finished_at"].isna(), "result_text"].isna().all()
    assert made["is_justified"].notna().equals(made["category_code"].eq("complaint") & made["finished_at"].notna())


def test_orders_follow_outages_and_high_bills() -> None:
    people = population.build(3000, FIRST, LAST, 5)
    told = facts(LAST, people=people)
    made = crm.rows(told)["service_order"].to_pandas()
    outages = network.rows(told)["oms_outage"].to_pandas().set_index("outage_no")
    linked = made[made["outage_no"].notna()]
    assert len(linked) > 20 and set(linked["outage_no"]) <= set(outages.index)
    of = outages.loc[linked["outage_no"]]
    start, end = (of[name].reset_index(drop=True) for name in ("start_time", "end_time"))
    called = linked["accepted_at"].reset_index(drop=True)
    assert (called > start).all() and (called < end).all()
    events = network_events.draw(people, FIRST, LAST).set_index("event_id")
    home = people.accounts.set_index("account_no")
    for row in linked.head(10).itertuples():
        event, account = events.loc[int(row.outage_no[2:])], home.loc[row.acct_ref.replace("-", "")]
        assert account[f"{event['device']}_no"] == event[f"{event['device']}_no"]

    use = told.month_use.pivot_table(index="account_no", columns="month", values="flat_wh")
    june = pd.Timestamp("2026-06-01"), pd.Timestamp("2026-07-01")
    rises = use.index[use[june[1]] > 1.5 * use[june[0]]]
    asked = made[made["category_code"].isin(["bill_question", "meter_doubt"])]
    asked = asked[asked["accepted_at"] > pd.Timestamp("2026-08-02", tz="Asia/Shanghai")]
    share = asked["acct_ref"].str.replace("-", "").isin(rises).mean()
    assert share > 2 * len(rises) / len(use)


def test_feedback_answers_closed_orders(rows: dict[str, pd.DataFrame]) -> None:
    given = rows["feedback"].merge(rows["service_order"], on="order_no")
    assert len(given) == len(rows["feedback"]) > 5
    assert (given["given_at"] > given["closed_at"]).all() and given["score"].between(1, 5).all()


def test_contacts_use_every_channel_and_orders_have_one(rows: dict[str, pd.DataFrame]) -> None:
    made = rows["interaction"]
    assert {"app", "counter", "hotline"} <= set(made["channel"])
    orders = rows["service_order"].set_index("order_no")
    linked = made[made["order_no"].notna()]
    assert len(linked) >= len(orders) - 2 and not linked["order_no"].duplicated().any()
    assert (linked["started_at"].to_numpy() == orders.loc[linked["order_no"], "accepted_at"].to_numpy()).all()


def test_consents_are_withdrawn_on_a_date() -> None:
    drawn = consents.draw(PEOPLE)
    day = np.datetime64(LAST)
    for k, channel in enumerate(consents.CHANNELS):
        lasting = drawn.granted_on[:, k] <= day
        withdrawn = lasting & (drawn.withdrawn_on[:, k] <= day)
        assert 0.3 < lasting.mean() < 0.95 and 0.05 < withdrawn.sum() / lasting.sum() < 0.6
        assert (drawn.holds(channel, day) == (lasting & ~withdrawn)).all()


def test_a_year_has_campaigns_with_a_holdout_by_lot() -> None:
    people = population.build(12_000, date(2025, 9, 27), date(2026, 10, 31), 3)
    found = campaigns.draw(people, people.last)
    assert len(found) >= 4 and {"tou_shift", "heating_subsidy", "green_power", "auto_debit"} <= {
        c.product.code for c in found
    }
    for campaign in found:
        made = campaign.targets
        accounts = people.accounts.iloc[made["account_row"]]
        held = ~made["is_treated"].to_numpy()
        assert abs(held.mean() - campaigns.HOLDOUT) < 4 * (0.16 / len(made)) ** 0.5
        kw, spread = accounts["mean_kw"].to_numpy(), accounts["mean_kw"].std()
        assert abs(kw[held].mean() - kw[~held].mean()) < 4.5 * spread * (1 / held.sum() + 1 / (~held).sum()) ** 0.5
        assert made.loc[held, ["contacted_at", "opened_at", "clicked_at"]].isna().all(axis=None)
        assert made.loc[~held, "contacted_at"].notna().all()
        listed = np.datetime64(campaign.list_date)
        assert consents.draw(people).holds(campaign.product.channel, listed)[made["account_row"]].all()
        taken = made[made["accepted_at"].notna() & made["is_treated"]]
        assert (taken["accepted_at"] >= taken["contacted_at"]).all() and taken["clicked_at"].notna().all()
        assert made["accepted_at"].max() < pd.Timestamp(campaign.end + timedelta(days=1))
    for code in ("tou_shift",):
        rows = [
            set(c.targets.loc[c.targets["accepted_at"].notna(), "account_no"]) for c in found if c.product.code == code
        ]
        assert len(rows) == 2 and not rows[0] & rows[1]


def test_the_known_uplift_is_what_an_experiment_finds() -> None:
    people = population.build(15_000, date(2025, 9, 27), date(2026, 10, 31), 4)
    truth = campaigns.truth(people).set_index(["campaign_no", "segment"])
    for campaign in campaigns.draw(people, people.last):
        told = truth.loc[(campaign.number, "all")]
        accepted = campaign.targets["accepted_at"].notna().to_numpy()
        treated = campaign.targets["is_treated"].to_numpy()
        assert told["targets"] == len(treated) and told["treated"] == treated.sum()
        for arm, rate in ((treated, "treated_rate"), (~treated, "base_rate")):
            p = told[rate]
            assert abs(accepted[arm].mean() - p) < 4 * (p * (1 - p) / arm.sum()) ** 0.5
        assert told["uplift"] == pytest.approx(told["treated_rate"] - told["base_rate"], abs=2e-6)
    ev = truth.xs("ev", level="segment")["uplift"]
    elderly = truth.xs("elderly", level="segment")["uplift"]
    assert (ev - elderly).dropna().max() > 0.1  # some are persuaded by it, others are not


def test_who_accepts_time_of_use_moves_the_evening_to_the_night() -> None:
    people = population.build(2000, date(2025, 9, 27), date(2026, 10, 31), 3)
    moved = campaigns.effects(people, people.last)
    accepted = pd.concat(
        [c.targets for c in campaigns.draw(people, people.last) if c.product.code == campaigns.TIME_OF_USE]
    ).dropna(subset="accepted_at")
    assert set(moved["account_no"]) == set(accepted["account_no"]) and len(moved) == 2 * len(accepted) > 10
    pair = moved.pivot(index="account_no", columns="effect", values=["factor", "add_kw", "start"])
    start = accepted.set_index("account_no")["accepted_at"][pair.index]
    assert (pair["start"]["time_shift_evening"] == start).all()
    account = people.accounts.set_index("account_no").loc[pair.index]
    evening = account["archetype"].map({name: kind.workday[72:88].sum() / 4 for name, kind in archetypes().items()})
    saved = (1 - pair["factor"]["time_shift_evening"].astype(float)) * account["mean_kw"] * evening
    np.testing.assert_allclose(pair["add_kw"]["time_shift_night"].astype(float) * 8, saved, rtol=0.01, atol=0.005)


def test_lists_and_answers_stand_in_the_crm_by_profile(rows: dict[str, pd.DataFrame]) -> None:
    assert set(rows["campaign"]["campaign_no"]) == set(LISTS)
    assert (
        set(rows["campaign"]["status"]) <= {"planned", "running", "ended"} and rows["campaign"]["name_zh"].notna().all()
    )
    target, response = rows["campaign_target"], rows["response"]
    assert set(target["arm"]) == {"treated", "holdout"}
    assert not target.duplicated(["campaign_no", "profile_id"]).any()
    assert set(target["profile_id"]) <= set(rows["profile"]["profile_id"])
    told = response.merge(target, on=["campaign_no", "profile_id"])
    assert len(told) == len(response) > 10
    assert set(told.loc[told["arm"].eq("holdout"), "kind"]) <= {"accepted"}


def test_a_day_more_changes_only_what_happened_on_it() -> None:
    lists = [c.list_date for c in LISTS.values()]
    withdrawn = consents.draw(PEOPLE).withdrawn_on
    within = withdrawn[(withdrawn > np.datetime64(FIRST)) & (withdrawn <= np.datetime64(LAST))]
    met = set()
    for day in (lists[-1], lists[-1] + timedelta(days=6), within.min().astype(date)):
        for name, (changed, gone) in next_day(crm, day - timedelta(days=1), PLANTED).items():
            assert not gone, name
            met |= {name} if changed else set()
    assert met >= {"consent", "interaction", "service_order", "campaign", "campaign_target", "response"}
