"""The network: outages as they are in life, records that are its own, telemetry that follows the load."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from outside_facts import FIRST, LAST, PEOPLE, device_hours, facts, is_well_formed, next_day

from gridmart.simulator import faults, network_events, population
from gridmart.simulator.faults import Drawing, schema_change, transformer_ageing, transformer_overloaded
from gridmart.simulator.systems import network, network_telemetry
from gridmart.simulator.systems.network_names import mp_codes

PLANTED = (
    "wrong_transformer", "missing_in_network", "telemetry_stop", "transformer_ageing", "transformer_overloaded",
)  # fmt: skip
SPAN = Drawing(PEOPLE.seed, PEOPLE, FIRST, LAST, (FIRST, LAST))


@pytest.fixture(scope="module")
def rows() -> dict[str, pd.DataFrame]:
    made = network.rows(facts(LAST, PLANTED))
    assert made.keys() == network.TABLES.keys()
    assert all(is_well_formed(network.TABLES[name], table, LAST) for name, table in made.items())
    return {name: table.to_pandas() for name, table in made.items()}


def test_customers_are_without_supply_for_some_hours_a_year() -> None:
    year = date(2025, 1, 1), date(2025, 12, 31)
    saidi = []
    for seed in (1, 2, 3):
        people = population.build(6000, *year, seed)
        events = network_events.draw(people, *year)
        hours = (events["end"] - events["start"]).dt.total_seconds().to_numpy() / 3600
        saidi.append((network_events.customers_out(people, events) * hours).sum() / 6000)
    assert 5 < np.mean(saidi) < 15


def test_a_storm_takes_several_devices_of_a_district_within_hours() -> None:
    people = population.build(20_000, date(2025, 1, 1), date(2025, 12, 31), 3)
    events = network_events.draw(people, people.first, people.last)
    storm = events[events["is_storm"]].copy()
    org = people.feeders.set_index("feeder_no")["org_no"].str[:5]
    storm["district"] = storm["feeder_no"].map(org)
    many = storm.groupby(["district", storm["start"].dt.date]).size()
    assert many.max() >= 4
    usual = events[~events["is_storm"]].groupby(events["start"].dt.date).size()
    assert many.max() > usual.mean() + 2 * usual.std() or many.max() > 6


def test_an_event_is_the_same_whatever_range_is_drawn() -> None:
    whole = network_events.draw(PEOPLE, FIRST, LAST)
    part = network_events.draw(PEOPLE, FIRST, date(2026, 7, 2))
    pd.testing.assert_frame_equal(part, whole[whole["start"] < np.datetime64("2026-07-03")].reset_index(drop=True))


def test_who_lies_under_an_outage_has_no_load_by_whole_quarter_hours() -> None:
    events = network_events.draw(PEOPLE, FIRST, LAST)
    moved = network_events.effects(PEOPLE, FIRST, LAST)
    assert moved["factor"].eq(0).all()
    minutes = (moved["end"] - moved["start"]).dt.total_seconds() / 60
    assert minutes.min() >= 15 and (minutes % 15 == 0).all() and (moved["start"].dt.minute % 15 == 0).all()
    feeder = events[events["device"].eq("feeder")].iloc[0]
    under = moved[(moved["start"] - feeder["start"]).abs() <= pd.Timedelta(minutes=8)]
    here = PEOPLE.accounts.loc[PEOPLE.accounts["feeder_no"].eq(feeder["feeder_no"]), "account_no"]
    assert set(here) <= set(under["account_no"])


def test_old_and_heavily_loaded_transformers_fail_more_often() -> None:
    _, age, load = network_events.hazards(PEOPLE)
    ageing, ratio = PEOPLE.transformers["ageing"].to_numpy(), network_events.load_ratio(PEOPLE)
    assert age[ageing.argmax()] > 3 * age[np.argsort(ageing)[len(ageing) // 2]]
    assert load[ratio.argmax()] == load.max() > load[ratio.argmin()]


def test_codes_are_shared_and_spellings_are_not(rows: dict[str, pd.DataFrame]) -> None:
    assert set(rows["pms_transformer"]["tran_code"]) == set(PEOPLE.transformers["transformer_no"])
    assert set(rows["pms_line"]["line_code"]) == set(PEOPLE.feeders["feeder_no"])
    assert set(rows["pms_dept"]["dept_code"]) == set(PEOPLE.organisations["org_no"])
    assert not set(rows["pms_transformer"]["tran_name"]) & set(PEOPLE.transformers["name_zh"])
    assert not set(rows["pms_line"]["line_name"]) & set(PEOPLE.feeders["name_zh"])
    assert not set(rows["pms_substation"]["sub_name"]) & set(PEOPLE.substations["name_zh"])
    parents = rows["pms_dept"].set_index("dept_id")["dept_code"]
    found = rows["pms_dept"].assign(parent=rows["pms_dept"]["parent_id"].map(parents)).set_index("dept_code")["parent"]
    wanted = PEOPLE.organisations.set_index("org_no")["parent_org_no"]
    assert found.dropna().to_dict() == wanted.dropna().to_dict()


def relations(made: pd.DataFrame, transformers: pd.DataFrame) -> dict[str, list[tuple]]:
    codes = dict(zip(transformers["psr_id"], transformers["tran_code"], strict=True))
    found: dict[str, list[tuple]] = {}
    for row in made.sort_values("start_date").itertuples():
        found.setdefault(row.mp_code, []).append((codes[row.psr_id], row.start_date, row.end_date))
    return found


def test_relations_are_true_but_for_the_planted_ones(rows: dict[str, pd.DataFrame]) -> None:
    told = facts(LAST, PLANTED)
    found = relations(rows["pms_tran_point"], rows["pms_transformer"])
    wrong = told.drawn("wrong_transformer").set_index("point_no")
    missing = set(told.drawn("missing_in_network")["point_no"])
    assert len(wrong) and missing
    points = PEOPLE.points[PEOPLE.points["transformer_no"].notna()]
    open_by = PEOPLE.accounts.set_index("point_no")["opened_date"].to_dict()
    left = PEOPLE.accounts.set_index("point_no")["closed_date"].to_dict()
    assert any(left.values())
    for point, true in points[["point_no", "transformer_no"]].itertuples(index=False):
        code = mp_codes(np.array([point]))[0]
        if point in missing:
            assert code not in found
        elif point in wrong.index and not left.get(point):
            since = wrong.at[point, "from_date"]
            recorded = wrong.at[point, "entity_no"]
            assert recorded != true
            assert found[code][-1] == (recorded, max(since, open_by[point]), None)
            if since > open_by[point]:
                assert found[code][0] == (true, open_by[point], since - timedelta(days=1))
        elif point not in wrong.index and open_by.get(point, FIRST) <= LAST:
            assert [r[0] for r in found[code]] == [true]
            assert found[code][0][2] == left.get(point)
    feeder_of = PEOPLE.transformers.set_index("transformer_no")["feeder_no"]
    assert (wrong["entity_no"].map(feeder_of) == PEOPLE.points.set_index("point_no")["feeder_no"][wrong.index]).all()


def test_telemetry_adds_up_to_the_load_and_stops_where_it_is_planted(rows: dict[str, pd.DataFrame]) -> None:
    sent = rows["dms_telemetry"]
    volts, amperes = (
        sent[names].astype(float).to_numpy() for names in (["ua_v", "ub_v", "uc_v"], ["ia_a", "ib_a", "ic_a"])
    )
    dead = sent["pf"].isna().to_numpy()
    assert dead.any() and (volts[dead] == 0).all() and (amperes[dead] == 0).all()
    assert volts[~dead].min() > 200 and volts.max() < 245
    codes = rows["pms_transformer"].set_index("psr_id")["tran_code"]
    local = sent["meas_time"].dt.tz_localize(None) + pd.Timedelta(hours=8)
    kw = (volts * amperes).sum(axis=1) * sent["pf"].astype(float) / 1000
    hours = device_hours(PEOPLE, LAST).set_index(["device_no", "at"])["wh"] / 1000
    true = hours.loc[list(zip(sent["psr_id"].map(codes), local, strict=True))].to_numpy()
    np.testing.assert_allclose(kw[~dead], true[~dead], rtol=0.01, atol=0.2)
    imbalance = 1 - amperes[~dead].min(axis=1) / amperes[~dead].max(axis=1)
    out = rows["oms_outage"]
    at = sent.loc[dead, "meas_time"].iloc[0]
    covers = (out["start_time"] <= at) & (out["end_time"] >= at + pd.Timedelta(hours=1))
    line = rows["pms_transformer"].set_index("psr_id").at[sent.loc[dead, "psr_id"].iloc[0], "line_id"]
    assert out.loc[covers, "line_id"].eq(line).any()
    assert 0.02 < np.median(imbalance) < 0.5

    there = set(zip(sent["psr_id"].map(codes), local, strict=True))
    stops = faults.modules()["telemetry_stop"].hours(facts(LAST, PLANTED).drawn("telemetry_stop"))
    silent = {(name, pd.Timestamp(at)) for name, at in zip(*stops, strict=True)}
    assert silent and not silent & there
    public = PEOPLE.transformers["ownership"].eq("public").sum()
    shown = {pair for pair in silent if local.min() <= pair[1] <= local.max()}
    assert len(sent) == public * 30 * 24 - len(shown)


def test_oil_is_warm_from_load_and_air_and_warmer_when_old() -> None:
    load = np.tile(np.r_[np.full(24, 0.3), np.full(24, 0.9)], (2, 1))
    oil = network_telemetry.oil_temperature(load, np.full_like(load, 20.0), np.array([0.1, 1.0]))
    assert oil[0, 23] < 40 < oil[0, 47] < 75
    assert oil[0, 24] < oil[0, 26] < oil[0, 30]  # it takes hours
    assert (oil[1] > oil[0]).all()
    np.testing.assert_allclose(
        network_telemetry.oil_temperature(load, np.full_like(load, 30.0), np.zeros(2)) - 10,
        network_telemetry.oil_temperature(load, np.full_like(load, 20.0), np.zeros(2)),
    )


def test_repairs_pass_their_stages_in_order(rows: dict[str, pd.DataFrame]) -> None:
    orders, found = rows["oms_repair_order"], rows["oms_fault"]
    assert len(orders) and set(orders["fault_id"]) == set(found.loc[found["is_outage"].eq(1), "fault_id"])
    done = orders[orders["status_code"].eq("40")]
    assert (done["report_time"] < done["dispatch_time"]).all() and (done["dispatch_time"] < done["arrive_time"]).all()
    assert (done["arrive_time"] < done["finish_time"]).all() and done["result_desc"].notna().all()
    outages = rows["oms_outage"]
    assert set(outages.loc[outages["outage_type"].eq("2"), "fault_id"]) == set(orders["fault_id"])
    assert (outages["cons_num"] >= 0).all() and outages["cons_num"].max() > 20


def test_a_planned_outage_is_known_before_it_begins() -> None:
    events = network_events.draw(PEOPLE, FIRST, LAST)
    planned = events[events["kind"].eq("planned")].iloc[-1]
    for day, status in ((planned["known_at"].date(), "0"), (planned["end"].date(), "2")):
        shown = (
            network.rows(facts(day))["oms_outage"].to_pandas().set_index("outage_no").loc[f"TD{planned['event_id']}"]
        )
        assert shown["status_code"] == status
        assert pd.isna(shown["start_time"]) == (status == "0")
        assert shown["plan_start"].tz_localize(None) + pd.Timedelta(hours=8) == planned["planned_start"]


def test_a_day_more_changes_only_what_happened_on_it() -> None:
    events = network_events.draw(PEOPLE, FIRST, LAST)
    known = {kind: rows["known_at"].dt.date for kind, rows in events.groupby("kind")}
    wrong = facts(LAST, PLANTED).drawn("wrong_transformer")["from_date"]
    met = set()
    for day in (known["fault"].iloc[-1], known["planned"].iloc[-1], wrong.iloc[0]):
        end = day - timedelta(days=1)
        for name, (changed, gone) in next_day(network, end, PLANTED).items():
            met |= {name} if changed else set()
            if name in ("dms_telemetry", "dms_substation"):
                oldest = end - timedelta(days=29 if name == "dms_telemetry" else 30)
                assert all((key[1] + timedelta(hours=8)).date() <= oldest for key in gone)
                assert bool(gone) == (oldest > FIRST or (name == "dms_substation" and oldest == FIRST))
                assert {(row["meas_time"] + timedelta(hours=8)).date() for row in changed} == {end + timedelta(days=1)}
            else:
                assert not gone, name
    assert met == {
        "pms_tran_point", "dms_telemetry", "dms_substation", "oms_fault", "oms_repair_order", "oms_outage",
    }  # fmt: skip


def test_a_substation_takes_what_its_feeders_take_and_some_more() -> None:
    made = network.rows(facts(LAST))
    sent, lines = made["dms_substation"].to_pandas(), made["pms_line"].to_pandas()
    hours = device_hours(PEOPLE, LAST)
    sub = hours["device_no"].map(lines.set_index("line_code")["sub_id"])
    wanted = hours[sub.notna()].groupby([sub, "at"])["wh"].sum() / 1000
    found = sent.set_index(["sub_id", "meas_time"])["out_kwh"].astype(float)
    assert len(found) == len(wanted) and np.allclose(found.to_numpy(), wanted.to_numpy(), atol=0.001)
    loss = (sent["in_kwh"].astype(float) / sent["out_kwh"].astype(float) - 1).to_numpy()
    assert loss.min() > 0.001 and loss.max() < 0.02


def test_overloaded_areas_get_more_load_from_a_date_on() -> None:
    drawn = transformer_overloaded.draw(SPAN, 1.0)
    moved = transformer_overloaded.effects(SPAN, drawn)
    assert len(drawn) and drawn["factor"].between(1.05, 2.1).all()
    ratio = dict(zip(PEOPLE.transformers["transformer_no"], network_events.load_ratio(PEOPLE), strict=True))
    assert (drawn["entity_no"].map(ratio) * drawn["factor"]).max() > 1.0
    home = PEOPLE.accounts.set_index("account_no")["transformer_no"]
    assert set(moved["account_no"].map(home)) <= set(drawn["entity_no"])
    assert len(moved) == home.isin(drawn["entity_no"]).sum()


def test_ageing_is_a_state_of_the_planted_transformers() -> None:
    drawn = transformer_ageing.draw(SPAN, 0.2)
    aged = transformer_ageing.aged(PEOPLE, drawn)
    now = aged.transformers.set_index("transformer_no")["ageing"]
    assert (now[drawn["entity_no"]].to_numpy() >= drawn["factor"].to_numpy()).all()
    others = ~PEOPLE.transformers["transformer_no"].isin(drawn["entity_no"]).to_numpy()
    assert (aged.transformers["ageing"][others] == PEOPLE.transformers["ageing"][others]).all()
    assert transformer_ageing.aged(aged, drawn).transformers.equals(aged.transformers)


def test_a_new_column_comes_after_the_history_with_values_in_changed_rows_alone() -> None:
    from gridmart.simulator.systems import crm

    drawn = schema_change.draw(SPAN, 1.0)
    assert set(drawn["entity_no"]) == {"cis.c_cons", "crm.profile"} and (drawn["from_date"] > LAST).all()
    assert schema_change.draw(SPAN, 0.0).empty
    since = drawn.set_index("entity_no").at["crm.profile", "from_date"]
    assert schema_change.columns(drawn, "crm", since - timedelta(days=1)) == {}
    assert schema_change.columns(drawn, "crm", since) == {"profile": {"member_level": "text"}}

    rows = crm.rows(facts(since + timedelta(days=40)))
    tables, wider = schema_change.extend("crm", crm.TABLES, rows, drawn, since - timedelta(days=1))
    assert tables == crm.TABLES and wider["profile"].equals(rows["profile"])
    tables, wider = schema_change.extend("crm", crm.TABLES, rows, drawn, since)
    assert list(tables["profile"].columns) == [*crm.TABLES["profile"].columns, "member_level"]
    made = wider["profile"].to_pandas()
    new = (made["modified_at"].dt.tz_localize(None) + pd.Timedelta(hours=8)).dt.date >= since
    assert new.any() and not new.all()
    assert made["member_level"].notna().equals(new)
    assert wider["consent"].equals(rows["consent"])
