"""The market: prices that follow sun, weather and hours; settlement that adds up; demand response that cuts load."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from outside_facts import FIRST, LAST, PEOPLE, facts, is_well_formed, next_day

from gridmart.simulator import demand_response, effects, load, population, weather
from gridmart.simulator.plan import SLOTS
from gridmart.simulator.systems import market, market_energy, market_prices
from gridmart.simulator.systems.market_response import part_codes

YEAR = date(2025, 9, 1), date(2026, 8, 31)
MANY = population.build(1200, *YEAR, 9)
CLIMATE = weather.climate(MANY, YEAR[0] - timedelta(days=7), YEAR[1])


@pytest.fixture(scope="module")
def rows() -> dict[str, pd.DataFrame]:
    made = market.rows(facts(LAST))
    assert made.keys() == market.TABLES.keys()
    assert all(is_well_formed(market.TABLES[name], table, LAST) for name, table in made.items())
    return {name: table.to_pandas() for name, table in made.items()}


def local_days(times: pd.Series) -> pd.Series:
    return (times.dt.tz_localize(None) + pd.Timedelta(hours=8)).dt.date


def test_spot_prices_have_the_shape_of_sun_and_evening() -> None:
    ahead, real = market_prices.spot(MANY.seed, CLIMATE, YEAR[0], 365)
    by_hour = ahead.mean(axis=0)
    assert by_hour.argmin() in (11, 12, 13, 14) and by_hour.argmax() in (17, 18, 19, 20)
    assert (ahead >= 0).all() and (real >= -80).all() and max(ahead.max(), real.max()) <= 1500
    noon = slice(10, 15)
    assert (real[:, noon] <= 0).mean() > 0.01 and (real[:, noon] < 0).any()
    assert not (real[:, 18:21] <= 0).any() and (real > ahead + 300).sum() >= 3  # spikes
    month = np.array([(YEAR[0] + timedelta(days=k)).month for k in range(365)])
    assert ahead[month == 7].mean() > ahead[month == 4].mean() + 50
    hot = np.mean([CLIMATE.of(code, YEAR[0], 365) for code in CLIMATE.station_codes], axis=0)[month == 7, 15]
    assert np.corrcoef(hot, real[month == 7, 15])[0, 1] > 0.3
    assert 0.7 < np.corrcoef(ahead.reshape(-1), real.reshape(-1))[0, 1] < 0.99


def test_prices_of_a_date_do_not_depend_on_the_range() -> None:
    whole = market_prices.spot(MANY.seed, CLIMATE, YEAR[0], 60)
    part = market_prices.spot(MANY.seed, CLIMATE, YEAR[0] + timedelta(days=40), 3)
    for a, b in zip(whole, part, strict=True):
        np.testing.assert_array_equal(a[40:43], b)


def test_day_ahead_prices_are_told_the_day_before_and_real_time_ones_after_their_hour(
    rows: dict[str, pd.DataFrame],
) -> None:
    spot = rows["mkt_spot_price"]
    ahead, real = (spot[spot["market_code"].eq(code)] for code in (market.DAY_AHEAD, market.REAL_TIME))
    assert local_days(ahead["period_start"]).max() == LAST + timedelta(days=1)
    assert (local_days(ahead["rec_time"]) < local_days(ahead["period_start"])).all()
    assert (real["rec_time"] - real["period_start"] == pd.Timedelta(minutes=90)).all()
    assert len(ahead) == ((LAST - FIRST).days + 2) * 24


def test_energy_of_the_market_is_that_of_the_meters() -> None:
    for day in (date(2025, 10, 2), date(2026, 1, 14), date(2026, 7, 15)):
        used = np.zeros(SLOTS)
        for station in MANY.stations:
            made = load.energies(MANY, CLIMATE, effects.none(), station, day, 1)
            used += made.used_wh.sum(axis=0) - made.export_wh.sum(axis=0)
        bought = market_energy.hourly_mwh(MANY, CLIMATE, day, 1)[0] * (1 - market_energy.LOSS)
        true = used.reshape(24, -1).sum(axis=1) / 1e6
        assert bought.sum() == pytest.approx(true.sum(), rel=0.05)
        assert np.corrcoef(bought, true)[0, 1] > 0.97


def test_settlement_adds_up(rows: dict[str, pd.DataFrame]) -> None:
    made = rows["mkt_settle_day"].astype(
        {name: float for name in market.TABLES["mkt_settle_day"].columns if name.endswith(("mwh", "amt", "fee"))}
    )
    assert len(made) == (LAST - FIRST).days  # the last date is settled on the next
    assert (made["total_amt"] - made["contract_amt"] - made["spot_amt"] - made["dev_fee"]).abs().max() < 0.006
    assert (made["actual_mwh"] - made["contract_mwh"] - made["dev_mwh"]).abs().max() < 0.002
    beyond = made["dev_mwh"].abs() > market.TOLERANCE * made["contract_mwh"] + 0.01
    assert beyond.any() and not beyond.all() and (made["dev_fee"].gt(0) == beyond).mean() > 0.97
    volumes = rows["mkt_contract_month"].astype({"volume_mwh": float, "price_mwh": float})
    june = volumes[volumes["deliv_ym"].eq("202606")]
    of_june = made[made["settle_date"].map(lambda d: d.month).eq(6)]
    assert of_june["contract_mwh"].sum() == pytest.approx(june["volume_mwh"].sum(), abs=0.05)
    assert of_june["contract_amt"].sum() == pytest.approx((june["volume_mwh"] * june["price_mwh"]).sum(), abs=1)
    assert set(made["status_code"]) == {"1", "2"}
    price = made["total_amt"].sum() / made["actual_mwh"].sum()
    assert 250 < price < 500


def test_contracts_are_signed_before_they_begin(rows: dict[str, pd.DataFrame]) -> None:
    made = rows["mkt_contract"]
    assert (made["sign_date"] < made["start_date"]).all() and set(made["contract_kind"]) == {
        "annual",
        "green",
        "monthly",
    }
    assert set(made["status_code"]) == {"2", "3"}
    months = rows["mkt_contract_month"].groupby("contract_no")["volume_mwh"].sum()
    assert (made.set_index("contract_no")["total_mwh"] == months).all()


def test_purchase_prices_are_published_before_their_month(rows: dict[str, pd.DataFrame]) -> None:
    made = rows["mkt_purchase_price"]
    month = pd.to_datetime(made["price_ym"] + "01").dt.date
    assert (made["publish_date"] < month).all() and month.max() == date(2026, 8, 1)
    agent = made.loc[made["item_code"].eq("01"), "price"].astype(float)
    assert agent.between(0.25, 0.5).all() and agent.nunique() > 2


def test_events_come_on_hot_and_cold_evenings() -> None:
    events = demand_response.draw(MANY, CLIMATE, *YEAR)
    assert {"heat", "cold"} <= set(events["reason"]) and 5 <= len(events) <= 60
    warm = events.groupby("reason")["temperature_c"]
    assert warm.min()["heat"] >= demand_response.HOT_C and warm.max()["cold"] <= demand_response.COLD_C
    part = demand_response.draw(MANY, CLIMATE, date(2026, 7, 1), YEAR[1])
    later = events[events["event_date"] >= date(2026, 7, 1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, later)


def test_demand_response_really_cuts_load() -> None:
    events = demand_response.draw(MANY, CLIMATE, *YEAR)
    did = demand_response.participation(MANY, events)
    moved = demand_response.effects(MANY, CLIMATE, *YEAR)
    accepted = did[did["is_accepted"]]
    assert len(moved) == len(accepted) > 20 and (moved["factor"] < 1).all() and (did["factor"] <= 1).all()
    assert did.loc[~did["is_accepted"], "factor"].eq(1).all()
    assert (accepted["delivered_kw"] - accepted["baseline_kw"] * (1 - accepted["factor"])).abs().max() < 0.2
    category = MANY.accounts.set_index("account_no")["usage_category"]
    assert set(accepted["account_no"].map(category)) <= {"large_industrial", "commercial"}
    event = events[events["is_workday"]].iloc[0]
    here = moved[moved["start"].dt.date.eq(event["event_date"])]
    station = MANY.accounts.set_index("account_no").at[here["account_no"].iat[0], "org_no"]
    before, after = (
        load.energies(MANY, CLIMATE, frame, station, event["event_date"], 1).used_wh
        for frame in (effects.none(), moved)
    )
    slots = slice(event["from_slot"], event["to_slot"])
    assert after[:, slots].sum() < before[:, slots].sum()
    outside = np.r_[: event["from_slot"], event["to_slot"] : SLOTS]
    np.testing.assert_array_equal(after[:, outside], before[:, outside])


def test_participants_have_codes_of_the_market(rows: dict[str, pd.DataFrame]) -> None:
    members, parts, events = rows["mkt_member"], rows["dr_part"], rows["dr_event"]
    assert len(members) and not set(members["part_code"]) & set(PEOPLE.accounts["account_no"])
    assert set("14" + members["cons_ref"].str.replace("JY", "").str.replace("-", "")) <= set(
        PEOPLE.accounts["account_no"]
    )
    assert set(parts["part_code"]) <= set(members["part_code"]) and set(parts["event_no"]) == set(events["event_no"])
    counted = parts.groupby("event_no")["reply_code"].agg(["size", lambda codes: codes.eq("1").sum()])
    told = events.set_index("event_no").loc[counted.index, ["invite_cnt", "accept_cnt"]]
    np.testing.assert_array_equal(counted.to_numpy(), told.to_numpy())
    paid = parts.dropna(subset="settle_amt")
    assert paid["reply_code"].eq("1").all() and (paid["settle_amt"].astype(float) >= 0).all()
    assert len(set(part_codes(np.arange(200_000)))) == 200_000


def test_a_day_more_changes_only_what_happened_on_it() -> None:
    events = demand_response.draw(PEOPLE, facts(LAST).climate, FIRST, LAST)
    assert len(events)
    day = events["event_date"].iloc[0]
    met = set()
    for end in (day - timedelta(days=1), day + timedelta(days=4), date(2026, 6, 30), date(2026, 6, 26)):
        for name, (changed, gone) in next_day(market, end, ()).items():
            assert not gone, name
            met |= {name} if changed else set()
    assert met >= {"mkt_spot_price", "mkt_settle_day", "mkt_contract", "mkt_purchase_price", "dr_event", "dr_part"}
