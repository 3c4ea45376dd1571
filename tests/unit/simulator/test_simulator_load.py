"""What customers use: archetypes, weather, calendar, effects; what boundary meters see; what meters send besides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from gridmart.calendar import days as calendar_days
from gridmart.simulator import changes, day_levels, effects, electrical, load, population, supply, weather
from gridmart.simulator.archetypes import changes as catalogue
from gridmart.simulator.population import Population
from gridmart.simulator.report import facts
from gridmart.simulator.report.loader import Delivered
from gridmart.simulator.weather import Climate

FIRST, LAST = date(2025, 1, 1), date(2026, 2, 5)
DAYS = (LAST - FIRST).days + 1
STATION = "1400102"
TUESDAY, SUNDAY = date(2025, 5, 20), date(2025, 5, 25)


@dataclass(frozen=True)
class Year:
    """A utility over its history: hourly kWh [accounts, D, 24] used and fed in, kWh into the feeders [D, 24]."""

    utility: Population
    climate: Climate
    used: np.ndarray
    export: np.ndarray
    system: np.ndarray
    net_wh: int
    sent_wh: int

    def of(self, archetype: str) -> np.ndarray:
        """Mean kW of an archetype [D, 24]; accounts that are there all the time."""
        accounts = self.utility.accounts
        settled = (accounts["opened_date"] <= FIRST) & accounts["closed_date"].isna()
        return self.used[(accounts["archetype"].eq(archetype) & settled).to_numpy()].mean(axis=0)


def _hourly(wh: np.ndarray) -> np.ndarray:
    return (wh.reshape(len(wh), -1, 24, 4).sum(axis=3) / 1000).astype(np.float32)


@pytest.fixture(scope="module")
def year() -> Year:
    utility = population.build(1000, FIRST, LAST, 42)
    climate = weather.climate(utility, FIRST, LAST)
    moves = changes.draw(utility)
    used, export, system, net, sent = [], [], np.zeros((DAYS, 24)), 0, 0
    for station in utility.stations:
        made = load.energies(utility, climate, moves, station, FIRST, DAYS)
        _, feeders = supply.supply(utility, station, made.used_wh, made.export_wh)
        used.append(_hourly(made.used_wh))
        export.append(_hourly(made.export_wh))
        system += _hourly(feeders).sum(axis=0)
        net += int(made.used_wh.sum(dtype=np.int64) - made.export_wh.sum(dtype=np.int64))
        sent += int(feeders.sum(dtype=np.int64))
    return Year(utility, climate, np.concatenate(used), np.concatenate(export), system, net, sent)


@pytest.fixture(scope="module")
def utility(year: Year) -> Population:
    return year.utility


def _days(keep: Callable[[date], bool]) -> np.ndarray:
    return np.array([keep(FIRST + timedelta(days=k)) for k in range(DAYS)])


WORKDAYS = np.array(calendar_days(FIRST, LAST)["is_workday"].to_pylist())
MILD = _days(lambda d: d.month in (4, 5, 9, 10))
WEEKENDS = _days(lambda d: d.weekday() >= 5) & ~WORKDAYS


# archetypes


def test_shapes_are_as_published(year: Year) -> None:
    calendar = calendar_days(FIRST, LAST).to_pandas()
    accounts = year.utility.accounts[["account_no", "usage_category", "org_no"]]
    delivered = Delivered(
        accounts=accounts.rename(columns={"usage_category": "category"}), kwh=year.used, system=year.system,
        temperature=year.climate.temperature.mean(axis=0).reshape(DAYS, 24), missing=np.ones(DAYS),
        due=np.full(DAYS, 1000.0), is_workday=calendar["is_workday"].to_numpy(bool),
        is_holiday=calendar["is_holiday"].to_numpy(bool), first=FIRST, accounts_in_all=1000, taken_out=0, files=0,
    )  # fmt: skip
    found = facts.facts(delivered)
    assert len(found) > 30
    assert [(f.code, f.value, f.low, f.high) for f in found if f.verdict != "inside"] == []
    assert 0.3 < next(f.value for f in found if f.code == "gini_residential") < 0.45  # type: ignore[operator]


def test_more_customers_peak_less_together(year: Year) -> None:
    from gridmart.simulator.report.measures import coincidence

    homes = year.used[year.utility.accounts["usage_category"].eq("residential").to_numpy()]
    sizes, factor, _ = coincidence(homes[:, :90])
    at = dict(zip(sizes, factor, strict=True))
    assert at[1] == 1 and at[2] > at[10] > at[100] > at[500] and at[10] < 0.75


def test_schools_sleep_at_weekends_and_in_holidays(year: Year) -> None:
    school = year.of("school").mean(axis=1)
    term = school[WORKDAYS & MILD].mean()
    assert school[WEEKENDS & MILD].mean() < 0.5 * term
    summer = WORKDAYS & _days(lambda d: date(2025, 7, 15) <= d <= date(2025, 8, 25))
    assert school[summer].mean() < 0.55 * term


def test_offices_close_at_weekends_shops_do_not(year: Year) -> None:
    office, shop = year.of("office").mean(axis=1), year.of("shop").mean(axis=1)
    assert office[WEEKENDS & MILD].mean() < 0.75 * office[WORKDAYS & MILD].mean()
    assert shop[WEEKENDS & MILD].mean() > 1.02 * shop[WORKDAYS & MILD].mean()


def test_two_shifts_drop_at_night_three_do_not(year: Year) -> None:
    usual = WORKDAYS & MILD

    def night(name: str) -> float:
        profile = year.of(name)[usual].mean(axis=0)
        return float(profile[1:5].mean() / profile[9:17].mean())

    assert night("industry_two_shift") < 0.65 and night("industry_24h") > 0.85
    assert 0.4 < night("hospital") < 0.75


def test_spring_festival_stops_factories_and_fills_homes(year: Year) -> None:
    assert day_levels.spring_festival(2025) == (date(2025, 1, 28), date(2025, 2, 4))
    assert day_levels.spring_festival(2026) == (date(2026, 2, 15), date(2026, 2, 23))
    festival = _days(lambda d: date(2025, 1, 28) <= d <= date(2025, 2, 4))
    usual = WORKDAYS & _days(lambda d: date(2025, 2, 20) <= d <= date(2025, 3, 20))

    def share(name: str) -> float:
        return float(year.of(name)[festival].mean() / year.of(name)[usual].mean())

    assert share("industry_two_shift") < 0.4 and 0.55 < share("industry_24h") < 0.85
    assert share("elderly") > 1.1 > 0.75 > share("young")
    ramp = year.of("industry_two_shift").mean(axis=1)[_days(lambda d: date(2025, 1, 22) <= d <= date(2025, 1, 27))]
    assert ramp[-1] < 0.8 * ramp[0]


def test_electric_heating_rises_in_the_cold_cooling_in_the_heat(year: Year) -> None:
    air = year.climate.temperature.mean(axis=0).reshape(DAYS, 24).mean(axis=1)
    cold, mild, hot = air < -6, (air > 16) & (air < 20), air > 25
    assert min(cold.sum(), mild.sum(), hot.sum()) > 5

    def ratio(name: str, days: np.ndarray) -> float:
        return float(year.of(name)[days].mean() / year.of(name)[mild].mean())

    assert ratio("electric_heating", cold) > 4 and ratio("family", cold) < 2.5
    assert ratio("family", hot) > 1.2 and ratio("industry_24h", hot) < 1.15


def test_buildings_feel_the_last_three_days() -> None:
    step = np.r_[np.zeros(72), np.full(72, 10.0)]
    felt = load.felt(step)
    assert felt[0] < 1 and 5 < felt[12] < 7 and felt[-1] == 10
    assert (np.diff(felt) >= 0).all()


def test_panels_feed_in_at_noon_and_never_at_night(year: Year) -> None:
    by_hour = year.export.mean(axis=(0, 1))
    assert 11 <= by_hour.argmax() <= 13 and by_hour[:5].sum() == by_hour[21:].sum() == 0
    summer, winter = (year.export[:, _days(lambda d, m=m: d.month == m)].mean() for m in (6, 12))
    assert summer > 1.3 * winter
    midday = [year.of(name)[:, 11:14].mean() / year.of(name)[:, 19:22].mean() for name in ("pv", "family")]
    assert midday[0] < 0.4 * midday[1]


def test_cars_charge_at_night(year: Year) -> None:
    night = [*range(5), 22, 23]
    shares = [float(year.of(name)[:, night].sum() / year.of(name).sum()) for name in ("ev", "family")]
    assert shares[0] > 0.45 and shares[1] < 0.25


def test_farms_irrigate_in_season(year: Year) -> None:
    farm = year.of("irrigation").mean(axis=1)
    summer, winter = _days(lambda d: d.month in (5, 6, 7)), _days(lambda d: d.month in (12, 1))
    assert farm[summer].mean() > 8 * farm[winter].mean() > 0


def test_no_meter_stands_at_zero_for_a_day_while_its_contract_lasts(year: Year) -> None:
    accounts = year.utility.accounts
    settled = (
        (accounts["opened_date"] <= FIRST) & accounts["closed_date"].isna() & ~accounts["has_generation"]
    ).to_numpy()
    assert year.used[settled].sum(axis=2).min() > 0


def test_nothing_is_used_before_opening_and_after_closing(year: Year) -> None:
    accounts = year.utility.accounts
    opened = accounts[accounts["opened_date"] > FIRST]
    closed = accounts[accounts["closed_date"].notna()]
    assert len(opened) > 5 and len(closed) > 3
    for row, day in opened["opened_date"].items():
        k = (day - FIRST).days
        assert year.used[row, :k].sum() == 0 < year.used[row, k].sum()
    for row, day in closed["closed_date"].items():
        k = (day - FIRST).days
        assert year.used[row, k + 1 :].sum() == 0 < year.used[row, k].sum()


# effects and growth


def _energies(
    utility: Population, moves: pd.DataFrame, start: date, days: int = 1, station: str = STATION
) -> load.Energies:
    return load.energies(utility, weather.climate(utility, start, start), moves, station, start, days)


def _account(utility: Population, archetype: str = "family") -> tuple[int, str]:
    """A settled account of the station: its row there, its number."""
    accounts = utility.accounts.iloc[utility.rows_of(STATION)].reset_index(drop=True)
    good = accounts["archetype"].eq(archetype) & (accounts["opened_date"] < FIRST) & accounts["closed_date"].isna()
    row = int(np.flatnonzero(good)[0])
    return row, str(accounts["account_no"].iloc[row])


def _effect(account_no: str, **columns: object) -> pd.DataFrame:
    usual = {"effect": "test", "account_no": account_no, "start": pd.Timestamp("2025-01-01")}
    return effects.frame(**{name: [value] for name, value in (usual | columns).items()})


def test_a_factor_changes_its_account_and_interval_alone(utility: Population) -> None:
    row, account = _account(utility)
    begin, end = pd.Timestamp("2025-05-20 06:30"), pd.Timestamp("2025-05-21 01:00")
    plain = _energies(utility, effects.none(), TUESDAY, 2).used_wh
    moved = _energies(utility, _effect(account, start=begin, end=end, factor=3.0), TUESDAY, 2).used_wh
    inside = np.zeros(plain.shape, bool)
    inside[row, 26:100] = True
    assert (moved == plain)[~inside].all()
    assert np.abs(moved[inside] - 3 * plain[inside]).max() <= 2 < plain[inside].max()


def test_added_power_in_hours_over_midnight(utility: Population) -> None:
    row, account = _account(utility)
    plain = _energies(utility, effects.none(), TUESDAY, 2).used_wh
    late = _effect(account, start=pd.Timestamp("2025-05-20 12:00"), factor=0.5, add_kw=2.0, from_slot=90, to_slot=8)
    moved = _energies(utility, late, TUESDAY, 2).used_wh
    inside = np.zeros(192, bool)
    inside[90:104] = inside[186:] = True  # the morning of the first day is before the start
    assert (moved[row] == plain[row])[~inside].all()
    assert np.abs(moved[row] - (plain[row] * 0.5 + 500))[inside].max() <= 1
    day = _energies(utility, _effect(account, add_kw=2.0, from_slot=40, to_slot=44), TUESDAY, 2).used_wh
    assert np.flatnonzero(day[row] != plain[row]).tolist() == [*range(40, 44), *range(136, 140)]


def test_several_effects_hold_at_once_and_no_supply_silences_them(utility: Population) -> None:
    row, account = _account(utility)
    plain = _energies(utility, effects.none(), TUESDAY).used_wh
    two = [_effect(account, factor=2.0, add_kw=0.4), _effect(account, factor=1.5, add_kw=0.8)]
    moved = _energies(utility, effects.together(two), TUESDAY).used_wh
    assert np.abs(moved[row] - (plain[row] * 3.0 + 300)).max() <= 3
    assert np.array_equal(moved, _energies(utility, pd.concat(two[::-1]), TUESDAY).used_wh)
    outage = _effect(account, factor=0.0, start=pd.Timestamp("2025-05-20 10:00"), end=pd.Timestamp("2025-05-20 11:15"))
    off = _energies(utility, effects.together([*two, outage]), TUESDAY).used_wh
    assert np.flatnonzero(off[row] == 0).tolist() == list(range(40, 45))
    assert np.array_equal(np.delete(off[row], range(40, 45)), np.delete(moved[row], range(40, 45)))


def test_panels_stop_in_an_outage(utility: Population) -> None:
    _, account = _account(utility, "pv")
    accounts = utility.accounts.iloc[utility.rows_of(STATION)]
    row = accounts.loc[accounts["has_generation"], "account_no"].tolist().index(account)
    plain = _energies(utility, effects.none(), date(2025, 6, 3)).export_wh
    noon = _effect(account, factor=0.0, start=pd.Timestamp("2025-06-03 12:00"), end=pd.Timestamp("2025-06-03 13:00"))
    moved = _energies(utility, noon, date(2025, 6, 3)).export_wh
    assert plain[row, 48:52].min() > 0 == moved[row, 48:52].max()
    assert moved.sum() == plain.sum() - plain[row, 48:52].sum()


def test_effects_of_other_accounts_and_dates_do_nothing(utility: Population) -> None:
    _, account = _account(utility)
    others = [
        _effect("1499999999", factor=9.0),
        _effect(account, factor=9.0, end=pd.Timestamp("2025-05-20")),
        _effect(account, factor=9.0, start=pd.Timestamp("2025-05-21")),
    ]
    plain = _energies(utility, effects.none(), TUESDAY).used_wh
    assert np.array_equal(_energies(utility, effects.together(others), TUESDAY).used_wh, plain)


def test_growth_shows_after_a_year(utility: Population) -> None:
    def grown(by: float, day: date) -> np.ndarray:
        other = replace(utility, accounts=utility.accounts.assign(growth=by, capacity_kva=1e6))
        return _energies(other, effects.none(), day).used_wh.sum(axis=1, dtype=np.int64)

    home = ~utility.accounts.iloc[utility.rows_of(STATION)]["archetype"].isin(["pv", "ev"]).to_numpy()
    assert np.array_equal(grown(0.2, FIRST), grown(0.0, FIRST))
    ratio = grown(0.2, date(2026, 1, 1))[home].sum() / grown(0.0, date(2026, 1, 1))[home].sum()
    assert ratio == pytest.approx(1.2, abs=0.002)


# sameness


def test_a_date_has_the_same_energies_alone_in_a_week_or_a_month(utility: Population) -> None:
    moves = changes.draw(utility)
    for day in (TUESDAY, date(2025, 6, 1), date(2025, 1, 3)):
        alone = _energies(utility, moves, day)
        assert alone.used_wh.dtype == alone.export_wh.dtype == np.int32
        for before, days in ((2, 7), (19, 31), (3, 4)):
            span = _energies(utility, moves, day - timedelta(days=before), days)
            at = slice(before * 96, (before + 1) * 96)
            assert np.array_equal(span.used_wh[:, at], alone.used_wh)
            assert np.array_equal(span.export_wh[:, at], alone.export_wh)


def test_energies_do_not_depend_on_the_range_of_the_climate_or_the_calls_before(utility: Population) -> None:
    whole = weather.climate(utility, FIRST, LAST)
    made = [
        load.energies(utility, climate, effects.none(), STATION, LAST + timedelta(days=1), 1).used_wh
        for climate in (whole, weather.climate(utility, LAST, LAST + timedelta(days=9)))
    ]
    assert np.array_equal(*made)
    again = population.build(1000, FIRST, LAST, 42)
    assert np.array_equal(_energies(again, effects.none(), LAST + timedelta(days=1)).used_wh, made[0])


def test_noise_goes_on_without_a_step_from_day_to_day_and_week_to_week(utility: Population) -> None:
    who = load._customers(utility, STATION)
    weeks = [load._slow_noise(who, TUESDAY + timedelta(days=k)) for k in range(15)]
    for today, tomorrow in pairwise(weeks):
        assert np.abs(tomorrow[:, 0] / today[:, -1] - 1).max() < 1e-5
    assert np.concatenate(weeks, axis=1).mean() == pytest.approx(1, abs=0.01)


def test_another_seed_and_another_day_are_others(utility: Population) -> None:
    plain = _energies(utility, effects.none(), TUESDAY).used_wh
    assert not np.array_equal(plain, _energies(utility, effects.none(), TUESDAY + timedelta(days=7)).used_wh)
    reseeded = replace(utility, seed=43)
    assert not np.array_equal(plain, _energies(reseeded, effects.none(), TUESDAY).used_wh)


# boundary meters


def test_boundaries_see_use_less_feed_in_plus_loss(utility: Population) -> None:
    made = _energies(utility, effects.none(), SUNDAY)
    areas, feeders = supply.supply(utility, STATION, made.used_wh, made.export_wh)
    accounts = utility.accounts.iloc[utility.rows_of(STATION)].reset_index(drop=True)
    net = made.used_wh.astype(np.int64)
    net[accounts["has_generation"].to_numpy()] -= made.export_wh
    transformers = utility.transformers.iloc[utility.areas_of(STATION)].reset_index(drop=True)
    entering: dict[str, np.ndarray] = {}
    for k, row in transformers.iterrows():
        use = net[accounts["transformer_no"].eq(row["transformer_no"]).to_numpy()].sum(axis=0)
        rated = row["rated_kva"] * 250
        loss = (0.002 * rated + 0.012 * rated * (use / rated) ** 2) * (1 + row["ageing"]) + 0.008 * np.abs(use)
        assert np.abs(areas[k] - (use + loss).clip(0)).max() <= 0.51
        entering[row["feeder_no"]] = entering.get(row["feeder_no"], np.zeros(96)) + use + loss
    own = ~accounts["transformer_no"].isin(transformers["transformer_no"])
    for k, row in utility.feeders.iloc[utility.feeders_of(STATION)].reset_index(drop=True).iterrows():
        name = row["feeder_no"]
        use = entering[name] + net[(own & accounts["feeder_no"].eq(name)).to_numpy()].sum(axis=0)
        expected = use + 0.008 * use + 0.004 * use**2 / (row["nominal_kw"] * 250)
        assert np.abs(feeders[k] - expected).max() < 20, "areas are rounded before they add up"


def test_loss_is_plausible(year: Year) -> None:
    assert 0.02 < (year.sent_wh - year.net_wh) / year.sent_wh < 0.04


def test_ageing_transformers_lose_more(utility: Population) -> None:
    made = _energies(utility, effects.none(), TUESDAY, 2)
    count = len(utility.transformers.iloc[utility.areas_of(STATION)])
    ageing = np.zeros((count, 2))
    ageing[3, 1] = 1.0
    young, _ = supply.supply(utility, STATION, made.used_wh, made.export_wh, np.zeros(count))
    old, _ = supply.supply(utility, STATION, made.used_wh, made.export_wh, ageing)
    assert np.array_equal(np.delete(old, 3, axis=0), np.delete(young, 3, axis=0))
    assert np.array_equal(old[3, :96], young[3, :96])
    assert (old[3, 96:] > young[3, 96:]).all()
    more = (old[3, 96:] - young[3, 96:]).sum() / young[3, 96:].sum()
    assert 0.005 < more < 0.03


def test_supply_is_the_same_by_day_and_by_month(utility: Population) -> None:
    made = _energies(utility, effects.none(), TUESDAY, 20)
    areas, feeders = supply.supply(utility, STATION, made.used_wh, made.export_wh)
    at = slice(13 * 96, 14 * 96)
    one = supply.supply(utility, STATION, made.used_wh[:, at], made.export_wh[:, at])
    assert np.array_equal(areas[:, at], one[0]) and np.array_equal(feeders[:, at], one[1])


# what large industry sends besides


def test_voltage_current_and_power_agree(utility: Population) -> None:
    industrial = utility.accounts.iloc[utility.rows_of(STATION)]["sends_electrical"].to_numpy()
    assert industrial.sum() > 1
    used = _energies(utility, effects.none(), TUESDAY, 2).used_wh[industrial]
    used[0, :8] = 0
    varh = electrical.reactive_varh(utility, STATION, TUESDAY, used)
    voltage, current = electrical.electrical(utility, STATION, TUESDAY, used, varh)
    factor = used.sum(axis=1) / np.hypot(used.sum(axis=1), varh.sum(axis=1))
    expected = utility.accounts.iloc[utility.rows_of(STATION)]["power_factor"].to_numpy()[industrial]
    assert np.abs(factor - expected).max() < 0.005
    cosine = np.divide(used, np.hypot(used, varh), out=np.ones(used.shape), where=used > 0)
    power_kw = np.sqrt(3) * voltage * current * cosine / 1000
    assert np.abs(power_kw - used / 250).max() < 0.02
    assert voltage.min() > 9_500 and voltage.max() < 10_500 and (current[0, :8] == 0).all()
    later = electrical.reactive_varh(utility, STATION, TUESDAY + timedelta(days=1), used[:, 96:])
    assert np.array_equal(later, varh[:, 96:]), "each date by itself"


# changes of behaviour


def test_every_change_occurs_within_the_history_to_its_archetypes(utility: Population) -> None:
    moves = changes.draw(utility)
    assert list(moves.columns) == list(effects.COLUMNS)
    assert set(moves["effect"]) == set(catalogue()) and len(catalogue()) >= 12
    kinds = utility.accounts.set_index("account_no")["archetype"]
    for name, group in moves.groupby("effect"):
        assert set(group["account_no"].map(kinds)) <= set(catalogue()[str(name)].archetypes)
    lasting = moves[moves["end"].isna()]
    assert len(lasting) > 20 and lasting["start"].between(pd.Timestamp(FIRST), pd.Timestamp(LAST)).all()
    assert (moves["end"].dropna() > moves.loc[moves["end"].notna(), "start"]).all()
    away = moves[moves["effect"].eq("away")]
    rate = len(away) / (DAYS / 365.25) / kinds.isin(catalogue()["away"].archetypes).sum()
    assert rate == pytest.approx(catalogue()["away"].rate, rel=0.2)
    pd.testing.assert_frame_equal(moves, changes.draw(utility))


def test_new_heating_heats_in_winters_only(utility: Population) -> None:
    moves = changes.draw(utility)
    heating = moves[moves["effect"].eq("heating_replaced")]
    assert set(heating["end"].dt.month) == {4} and heating["start"].dt.month.isin([11, 12, 1, 2, 3]).all()
    assert heating.groupby("account_no").size().min() >= 3, "also in winters of days that are added later"
