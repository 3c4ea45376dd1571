"""Who is in the simulated utility."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from gridmart.simulator import population as who
from gridmart.simulator.archetypes import archetypes, category_shares
from gridmart.simulator.population import Population

FIRST, LAST = date(2025, 1, 1), date(2026, 2, 5)
FRAMES = ("organisations", "substations", "feeders", "transformers", "accounts", "points")


@pytest.fixture(scope="module")
def made() -> Population:
    return who.build(1000, FIRST, LAST, 42)


@pytest.fixture(scope="module")
def large() -> Population:
    return who.build(40_000, FIRST, LAST, 42)


def test_same_seed_same_utility_another_seed_another(made: Population) -> None:
    again, other = who.build(1000, FIRST, LAST, 42), who.build(1000, FIRST, LAST, 43)
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(made, name), getattr(again, name))
    assert not made.accounts["mean_kw"].equals(other.accounts["mean_kw"])
    assert not made.accounts["customer_name"].equals(other.accounts["customer_name"])


def test_organisations_are_a_tree_of_company_districts_and_stations(made: Population, large: Population) -> None:
    organisations = made.organisations
    assert organisations.loc[organisations["org_type"].eq("company"), "org_no"].tolist() == ["1400"]
    assert organisations.loc[organisations["org_type"].eq("district"), "org_no"].tolist() == ["14001", "14002"]
    assert made.stations == ["1400101", "1400102", "1400201"]
    assert len(large.stations) == 4  # 12,000 accounts a station
    for utility in (made, large):
        tree = utility.organisations
        assert tree["org_no"].is_unique and tree["name_zh"].is_unique
        below = tree[tree["parent_org_no"].notna()]
        assert [a.startswith(b) for a, b in zip(below["org_no"], below["parent_org_no"], strict=True)] == [True] * len(
            below
        )


def test_grid_hangs_together(made: Population, large: Population) -> None:
    for utility in (made, large):
        feeders = utility.feeders.set_index("feeder_no")
        transformers = utility.transformers.set_index("transformer_no")
        accounts = utility.accounts
        assert set(feeders["substation_no"]) <= set(utility.substations["substation_no"])
        assert (transformers["feeder_no"].map(feeders["org_no"]) == transformers["org_no"]).all()
        assert (accounts["transformer_no"].map(transformers["feeder_no"]) == accounts["feeder_no"]).all()
        assert (accounts["transformer_no"].map(transformers["org_no"]) == accounts["org_no"]).all()
        assert set(accounts["transformer_no"]) == set(transformers.index), "no transformer is without customers"
    assert len(made.feeders) >= 5 and made.transformers["ownership"].eq("public").sum() == 30
    assert len(large.feeders) == 27


def test_large_industry_has_a_transformer_of_its_own_others_share(made: Population) -> None:
    ownership = made.transformers.set_index("transformer_no")["ownership"]
    accounts = made.accounts.assign(ownership=made.accounts["transformer_no"].map(ownership))
    industrial = accounts["usage_category"].eq("large_industrial")
    assert accounts.loc[industrial, "ownership"].eq("dedicated").all()
    assert accounts.loc[~industrial, "ownership"].eq("public").all()
    assert accounts.loc[industrial, "transformer_no"].is_unique
    assert accounts["sends_electrical"].equals(industrial)


def test_accounts_are_ordered_and_each_station_is_one_slice(made: Population, large: Population) -> None:
    for utility in (made, large):
        accounts = utility.accounts
        ordered = accounts.sort_values(["org_no", "feeder_no", "transformer_no"], kind="stable")
        assert ordered.index.equals(accounts.index)
        slices = [utility.rows_of(station) for station in utility.stations]
        assert slices[0].start == 0 and slices[-1].stop == len(accounts)
        assert all(a.stop == b.start for a, b in pairwise(slices))
        assert all(accounts["org_no"].iloc[rows].eq(s).all() for s, rows in zip(utility.stations, slices, strict=True))


def test_points_are_customers_then_areas_then_feeders(made: Population) -> None:
    points, public = made.points, made.transformers[made.transformers["ownership"].eq("public")]
    kinds = ["customer"] * 1000 + ["transformer_boundary"] * len(public) + ["feeder_boundary"] * len(made.feeders)
    assert points["point_kind"].tolist() == kinds and points["point_no"].is_unique
    assert points["account_no"].iloc[:1000].tolist() == made.accounts["account_no"].tolist()
    assert points["point_no"].iloc[:1000].tolist() == made.accounts["point_no"].tolist()
    assert points["transformer_no"].iloc[1000 : 1000 + len(public)].tolist() == public["transformer_no"].tolist()
    assert points["feeder_no"].iloc[-len(made.feeders) :].tolist() == made.feeders["feeder_no"].tolist()
    assert points["has_generation"].sum() == made.accounts["has_generation"].sum() > 0
    for station in made.stations:
        rows = made.points_of(station)
        here = points.iloc[rows]
        assert (np.diff(rows) > 0).all() and here["org_no"].eq(station).all()
        areas = made.transformers.iloc[made.areas_of(station)]
        feeders = made.feeders.iloc[made.feeders_of(station)]
        found = [here.loc[here["point_kind"].eq(kind)] for kind in ("transformer_boundary", "feeder_boundary")]
        assert found[0]["transformer_no"].tolist() == areas["transformer_no"].tolist()
        assert found[1]["feeder_no"].tolist() == feeders["feeder_no"].tolist()
    assert sum(len(made.points_of(station)) for station in made.stations) == len(points)


def test_every_archetype_is_there_in_its_share(made: Population, large: Population) -> None:
    assert len(archetypes()) >= 13
    assert set(made.accounts["archetype"]) == set(archetypes())
    shares = large.accounts["usage_category"].value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx(category_shares(), abs=0.001)
    homes = large.accounts[large.accounts["usage_category"].eq("residential")]["archetype"].value_counts(normalize=True)
    assert homes["family"] == pytest.approx(archetypes()["family"].share, abs=0.002)
    assert large.accounts["has_generation"].equals(large.accounts["archetype"].eq("pv"))


def test_farms_are_in_the_country(large: Population) -> None:
    farms = large.accounts[large.accounts["usage_category"].eq("agricultural")]
    assert set(farms["org_no"]) == set(large.stations[-2:]), "the last third of the stations"


def test_numbers_are_unique_and_their_order_says_nothing(made: Population) -> None:
    accounts = made.accounts
    assert accounts["account_no"].is_unique and accounts["point_no"].is_unique
    assert (
        accounts["account_no"].str.fullmatch(r"14\d{8}").all() and accounts["point_no"].str.fullmatch(r"P\d{9}").all()
    )
    rank = np.corrcoef(accounts["account_no"].astype("int64"), np.arange(1000))[0, 1]
    assert abs(rank) < 0.1


def test_some_customers_have_several_accounts(large: Population) -> None:
    accounts = large.accounts
    sizes = accounts.groupby("customer_no").size()
    assert 0.01 < (sizes > 1).mean() < 0.03
    several = accounts[accounts["customer_no"].isin(sizes[sizes > 1].index)]
    columns = several.groupby("customer_no")[["customer_name", "phone", "id_number", "archetype"]].nunique()
    assert (columns == 1).all(axis=None)


def test_people_are_nobody(large: Population) -> None:
    accounts = large.accounts
    assert accounts["phone"].str.fullmatch(r"100\d{8}").all()
    home = accounts["usage_category"].eq("residential")
    assert accounts.loc[home, "id_number"].str.fullmatch(r"140100(19|20)\d{2}13\d{6}").all(), "month 13"
    assert accounts.loc[~home, "id_number"].str.fullmatch(r"91140100MAO\d{7}").all(), "the letter O is in no code"
    assert accounts["customer_name"].str.len().between(2, 20).all()


def test_few_accounts_open_or_close_within_the_history(large: Population) -> None:
    opened = pd.to_datetime(large.accounts["opened_date"])
    closed = pd.to_datetime(large.accounts["closed_date"])
    first, last = pd.Timestamp(FIRST), pd.Timestamp(LAST)
    assert 0.01 < (opened > first).mean() < 0.05 and 0.005 < closed.notna().mean() < 0.03
    assert opened.max() <= last and closed.max() <= last and closed.min() > first
    assert not ((opened > first) & closed.notna()).any()


def test_capacity_suits_the_load_and_rating_suits_the_area(large: Population) -> None:
    accounts, transformers = large.accounts, large.transformers
    assert (accounts["capacity_kva"] > 1.8 * accounts["mean_kw"]).mean() > 0.999
    assert accounts.loc[accounts["usage_category"].eq("large_industrial"), "capacity_kva"].min() >= 315
    use = accounts.groupby("transformer_no")["mean_kw"].sum()
    share = transformers["transformer_no"].map(use) / transformers["rated_kva"]
    assert share.quantile(0.99) < 0.5
    assert transformers["ageing"].between(0, 1).all() and transformers["ageing"].std() > 0.1
    age = (pd.Timestamp(FIRST) - pd.to_datetime(transformers["commissioned_date"])).dt.days
    assert np.corrcoef(age, transformers["ageing"])[0, 1] > 0.8


def test_payment_habits_have_their_shares(large: Population) -> None:
    shares = large.accounts["payment_habit"].value_counts(normalize=True)
    assert shares["prompt"] == pytest.approx(0.55, abs=0.01) and shares["unpaid"] == pytest.approx(0.03, abs=0.005)


@pytest.mark.parametrize("accounts", [20, 33, 150])
def test_the_smallest_utilities_stand(accounts: int) -> None:
    made = who.build(accounts, FIRST, FIRST, 1)
    assert len(made.accounts) == accounts and len(made.stations) == 3 and len(made.feeders) == 5
    assert made.accounts["usage_category"].nunique() == 4
    assert set(made.accounts["org_no"]) == set(made.stations)
    assert made.accounts["closed_date"].isna().all() and max(made.accounts["opened_date"]) < FIRST


def test_history_of_long_ago_has_customers_too() -> None:
    made = who.build(50, date(2001, 1, 1), date(2001, 1, 31), 1)
    assert max(made.accounts["opened_date"]) <= date(2001, 1, 31)
    assert max(made.transformers["commissioned_date"]) < date(2001, 1, 1) + timedelta(days=1)
