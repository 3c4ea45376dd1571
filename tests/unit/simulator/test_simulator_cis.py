"""What the CIS holds: keys, dates, money, errors, and that a day more changes only what happened on that day."""

import json
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from cis_facts import FIRST, LAST, facts, people, uses

from gridmart.simulator import billing, collection, faults, population
from gridmart.simulator.faults import instances, meter_swap, theft_bypass
from gridmart.simulator.month_use import HIGHEST, PERIOD_WH
from gridmart.simulator.systems import cis, cis_applications
from gridmart.simulator.systems.model import Facts

DAY = pd.Timedelta(days=1)
# often enough that each happens in a small utility
RATES = {
    "bill_not_issued": 0.01,
    "bill_twice": 0.02,
    "payment_wrong_account": 0.01,
    "power_factor_misread": 0.5,
    "tariff_misapplied": 0.05,
    "wrong_ct_ratio": 0.05,
    "meter_swap": 0.03,
}
BILL_ERRORS = ("bill_not_issued", "bill_twice", "payment_wrong_account", "power_factor_misread")


@lru_cache(maxsize=16)
def known(end: date = LAST) -> Facts:
    """Facts by a date, with errors."""
    return facts(people(), end, RATES)


@lru_cache(maxsize=16)
def frames(end: date = LAST) -> dict[str, pd.DataFrame]:
    """The CIS's tables by a date; times are local."""
    return {name: local(rows) for name, rows in cis.rows(known(end)).items()}


@lru_cache(maxsize=1)
def larger() -> dict[str, pd.DataFrame]:
    """The tables of a larger utility without errors, in which rarer things happen."""
    return {name: local(rows) for name, rows in cis.rows(facts(people(1000), LAST)).items()}


def local(rows: pa.Table) -> pd.DataFrame:
    """A table as pandas; times without a zone, in Shanghai's."""
    frame = rows.to_pandas(date_as_object=False)
    for name, kind in zip(rows.schema.names, rows.schema.types, strict=True):
        if pa.types.is_timestamp(kind):
            frame[name] = frame[name].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
        elif pa.types.is_decimal(kind):
            frame[name] = frame[name].astype(float)
    return frame


def test_tables_are_as_declared_and_in_the_order_of_their_keys() -> None:
    found = cis.rows(known())
    assert list(found) == list(cis.TABLES)
    for name, table in cis.TABLES.items():
        assert found[name].schema.names == list(table.columns), name
        assert list(table.columns)[-1] == "upd_time"
        frame = frames()[name]
        keys = frame[list(table.key)]
        assert len(keys) and not keys.duplicated().any() and keys.notna().all(axis=None), name
        assert keys.equals(keys.sort_values(list(table.key), ignore_index=True)), name
        for column, kind in table.columns.items():
            given = found[name].schema.field(column).type
            if kind.startswith("numeric"):
                assert kind == f"numeric({given.precision},{given.scale})", column


def test_the_same_facts_give_the_same_rows() -> None:
    again = cis.rows(facts(people(), LAST, RATES))
    assert all(again[name].equals(rows) for name, rows in cis.rows(known()).items())


def test_added_days_change_only_what_they_bring() -> None:
    day = date(2026, 8, 31)
    steps = (2, 3, 22)  # issue, second bills and debits, due date and reminders
    changed_tables = set()
    for step in steps:
        before, day = day, day + timedelta(days=step)
        until = pd.Timestamp(day)
        for name, table in cis.TABLES.items():
            old, new = (frames(end)[name].set_index(list(table.key)) for end in (before, day))
            assert (new["upd_time"] < until + DAY).all(), name
            for column in new.columns[new.dtypes.astype(str).str.startswith("datetime")].drop(
                "due_date", errors="ignore"
            ):
                assert not (new[column] >= until + DAY).any(), (name, column)
            assert old.index.isin(new.index).all(), name
            same = new.loc[old.index]
            differs = ((same != old) & ~(same.isna() & old.isna())).any(axis=1)
            touched = pd.concat([new[~new.index.isin(old.index)], same[differs.to_numpy()]])
            assert (touched["upd_time"] >= pd.Timestamp(before) + DAY).all(), name
            if len(touched):
                changed_tables.add(name)
    assert {"e_bill", "e_bill_det", "a_pay_flow", "a_urge", "i_inspect"} <= changed_tables


def test_accounts_come_and_go() -> None:
    made, found = people(), frames()
    accounts, contracts = found["c_cons"], found["c_contract"]
    assert len(accounts) == len(made.accounts) == made.accounts["account_no"].nunique()
    gone = accounts[accounts["status_code"].eq("9")].set_index("cons_no")
    truth = made.accounts[made.accounts["closed_date"].notna()].set_index("account_no")["closed_date"]
    known_by_now = truth[truth < LAST]
    assert len(known_by_now) and set(gone.index) == set(known_by_now.index)
    assert (gone["cancel_date"] - pd.to_datetime(known_by_now)[gone.index]).eq(DAY).all()
    last = contracts.groupby("cons_id").tail(1).set_index("cons_id")["exp_date"]
    assert last[gone["cons_id"]].to_numpy().tolist() == gone["cancel_date"].to_numpy().tolist()
    before = frames(date(2026, 4, 30))
    opened = made.accounts["opened_date"]
    assert set(before["c_cons"]["cons_no"]) == set(made.accounts.loc[opened <= date(2026, 4, 30), "account_no"])
    assert before["c_mp"]["cons_no"].dropna().isin(before["c_cons"]["cons_no"]).all()
    assert before["c_meter"]["mp_id"].isin(before["c_mp"]["mp_id"]).all()
    assert before["c_cons"]["cust_id"].isin(before["c_cust"]["cust_id"]).all()
    assert found["c_cust"]["cust_no"].nunique() == made.accounts["customer_no"].nunique()


def test_contracts_follow_each_other_and_bills_their_capacity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cis_applications.RATES, "large_industrial", 0.5)
    made = people(1000)
    found = {name: local(rows) for name, rows in cis.rows(facts(made, LAST)).items()}
    number = found["c_cons"].set_index("cons_id")["cons_no"]
    contracts = found["c_contract"].assign(cons_no=found["c_contract"]["cons_id"].map(number))
    assert contracts["contract_no"].is_unique
    several = contracts[contracts.duplicated("cons_no", keep=False)]
    assert several["cons_no"].nunique() >= 5
    for _, versions in several.groupby("cons_no"):
        assert (versions["exp_date"].iloc[:-1].to_numpy() == versions["eff_date"].iloc[1:].to_numpy()).all()
        assert versions["eff_date"].iloc[1:].dt.day.eq(1).all()
        assert versions["contract_cap"].diff().iloc[1:].ne(0).all() and pd.isna(versions["exp_date"].iloc[-1])
    charged = found["e_bill_det"][found["e_bill_det"]["item_code"].eq("02")]
    charged = charged.merge(found["e_bill"][["calc_id", "cons_no", "bill_ym"]])
    both = charged.merge(contracts, on="cons_no")
    month = pd.to_datetime(both["bill_ym"], format="%Y%m")
    is_first = ~both.duplicated(["calc_id"])  # holds from the opening on, which may be within the month
    both = both[((both["eff_date"] <= month) | is_first) & ~(both["exp_date"] <= month)]
    assert len(both) == len(charged) and (both["qty"] == both["contract_cap"]).all()
    amounts = charged[charged["cons_no"].isin(several["cons_no"])].groupby("cons_no")["qty"].nunique()
    assert amounts.max() > 1


def test_a_swapped_meter_ends_and_another_begins() -> None:
    swaps = known().drawn("meter_swap")
    meters = frames()["c_meter"].merge(frames()["c_mp"][["mp_id", "mp_no"]])
    assert len(swaps) > 2 and not set(meters.loc[meters["rmv_date"].notna(), "mp_no"]) - set(swaps["point_no"])
    for swap in swaps.itertuples():
        pair = meters[meters["mp_no"].eq(swap.point_no)]
        assert pair["rmv_date"].iloc[0] == pair["inst_date"].iloc[1] == pd.Timestamp(swap.from_date)
        assert pair["rmv_read"].iloc[0] == 123.45 and pair["inst_read"].iloc[1] == 0 and len(pair) == 2
    day = max(swaps["from_date"]) - timedelta(days=1)
    earlier = {name: local(rows) for name, rows in cis.rows(known(day)).items()}["c_meter"]
    assert len(earlier) < len(meters) and not (earlier["inst_date"] > pd.Timestamp(day)).any()


def test_bills_are_the_sum_of_their_lines_and_the_money_is_whole() -> None:
    found = frames()
    bills, lines, payments = found["e_bill"], found["e_bill_det"], found["a_pay_flow"]
    summed = lines.groupby("calc_id")["amt"].sum().round(2)
    assert (summed[bills["calc_id"]].to_numpy() == bills["t_amt"].to_numpy()).all()
    energy = lines[lines["item_code"].eq("01")].groupby("calc_id")["qty"].sum().reindex(bills["calc_id"]).fillna(0)
    assert np.allclose(energy.to_numpy(), bills["t_pq"].to_numpy())
    assert payments["calc_id"].isin(bills["calc_id"]).all() and payments["rcv_amt"].gt(0).all()
    issued = bills.set_index("calc_id")["issue_date"][payments["calc_id"]].to_numpy()
    assert (payments["charge_time"] > issued).all()
    received = payments.groupby("calc_id")["rcv_amt"].sum().reindex(bills["calc_id"]).fillna(0).to_numpy()
    assert (bills["settle_flag"].eq("1").to_numpy() == (received >= bills["t_amt"].to_numpy())).all()
    place = bills.merge(found["c_cons"][["cons_no", "org_no", "elec_type_code"]])
    groups = (
        place.assign(received=received).groupby(["bill_ym", "org_no", "elec_type_code"])[["received", "t_amt"]].sum()
    )
    assert (groups["received"] <= groups["t_amt"] + 1e-6).all()  # recovery is a share, whatever was posted wrongly
    owner = bills.set_index("calc_id")["cons_no"][payments["calc_id"]].to_numpy()
    assert (owner == payments["cons_no"].to_numpy()).all()


def test_a_debit_that_failed_moved_no_money_and_the_bill_was_paid_another_way_or_not() -> None:
    found = larger()
    failed, payments = found["a_pay_fail"], found["a_pay_flow"]
    assert len(failed) > 5 and set(failed["fail_code"]) == {"01", "02"} and failed["pay_mode"].eq("05").all()
    bills = found["e_bill"].set_index("calc_id")
    assert (bills["t_amt"][failed["calc_id"]].to_numpy() == failed["try_amt"].to_numpy()).all()
    paid = payments[payments["calc_id"].isin(failed["calc_id"])]
    assert len(paid) and paid["pay_mode"].ne("05").all()
    debited = payments[payments["pay_mode"].eq("05")]
    assert failed["cons_no"].isin(debited["cons_no"]).mean() > 0.8  # they have agreed to it


def test_who_is_under_prepaid_control_pays_promptly_and_stays_so() -> None:
    found, people_of = larger(), people(1000).accounts.set_index("account_no")
    number = found["c_cons"].set_index("cons_id")["cons_no"]
    flags = found["c_contract"].assign(cons_no=found["c_contract"]["cons_id"].map(number)).groupby("cons_no")
    assert flags["fee_ctl_flag"].nunique().eq(1).all()
    of = flags["fee_ctl_flag"].first()
    prepaid = people_of.loc[of.index[of.eq("1")]]
    assert 0.05 < len(prepaid) / len(of) < 0.5 and prepaid["payment_habit"].eq("prompt").all()
    assert set(prepaid["usage_category"]) == {"residential", "commercial"}


def test_a_large_family_pays_by_its_own_tiers_from_the_month_of_its_registration() -> None:
    found = larger()
    number = found["c_cons"].set_index("cons_id")["cons_no"]
    families = found["c_household"].assign(cons_no=found["c_household"]["cons_id"].map(number))
    assert families["person_num"].ge(5).all() and families["hh_type_code"].eq("01").all()
    homes = found["c_cons"][found["c_cons"]["elec_type_code"].eq("200")]
    assert families["cons_id"].isin(homes["cons_id"]).all() and 0.02 < len(families) / len(homes) < 0.12
    bills = found["e_bill"][found["e_bill"]["cons_no"].isin(homes["cons_no"])]
    since = bills["cons_no"].map(families.set_index("cons_no")["eff_date"]).dt.to_period("M")
    is_large = since.le(pd.PeriodIndex(bills["bill_ym"], freq="M")) & since.notna()
    assert is_large.any() and (since.notna() & ~is_large).any()
    first = found["e_bill_det"].query("item_seq == 1").set_index("calc_id")["qty"]
    most = first[bills["calc_id"]].groupby(is_large.to_numpy()).max()
    assert most.to_dict() == {False: 170.0, True: 270.0}


def test_a_bill_that_was_not_issued_is_nowhere() -> None:
    missing = known().drawn("bill_not_issued")
    missing = missing[missing["from_date"].lt(date(2026, 8, 1))]
    assert len(missing) > 5
    for name in ("e_bill", "e_bill_det", "a_pay_flow", "a_urge"):
        assert not frames()[name]["calc_id"].isin(missing["entity_no"]).any()
    plain = local(cis.rows(facts(people(), LAST))["e_bill"])
    assert missing["entity_no"].isin(plain["calc_id"]).all()


def test_a_second_bill_has_a_number_of_its_own() -> None:
    twice = known().drawn("bill_twice")
    twice = twice[twice["from_date"].lt(date(2026, 8, 1))]
    bills, lines = frames()["e_bill"].set_index("calc_id"), frames()["e_bill_det"]
    paid = set(frames()["a_pay_flow"]["calc_id"])
    assert len(twice) > 5 and set(bills.index[bills.index.str.endswith("-2")]) >= set(twice["entity_no"])
    debited = 0
    for number, detail in zip(twice["entity_no"], twice["detail"], strict=True):
        said = json.loads(detail)
        second, first = bills.loc[number], bills.loc[said["first_bill_no"]]
        assert second["t_amt"] == first["t_amt"] and second["bill_ym"] == first["bill_ym"]
        assert second["issue_date"] == first["issue_date"] + 3 * DAY == pd.Timestamp(said["seen_from"])
        parts = [lines[lines["calc_id"].eq(no)].drop(columns=["calc_id", "upd_time"]) for no in (number, first.name)]
        assert parts[0].to_numpy().tolist() == parts[1].to_numpy().tolist()
        assert (number in paid) == said["is_debited"] == (second["settle_flag"] == "1")
        debited += said["is_debited"]
    assert 0 < debited < len(twice)


def test_a_payment_posted_wrongly_leaves_one_bill_open_and_pays_another_twice() -> None:
    found = frames()
    wrong = known().drawn("payment_wrong_account")
    wrong = wrong[wrong["from_date"].lt(date(2026, 8, 1))]
    payments = found["a_pay_flow"].set_index("charge_id")
    bills, urged = found["e_bill"].set_index("calc_id"), set(found["a_urge"]["calc_id"])
    category = people().accounts.set_index("account_no")[["org_no", "usage_category"]]
    assert len(wrong) > 5
    for row in wrong.itertuples():
        said = json.loads(row.detail)
        payment = payments.loc[row.entity_no]
        assert payment["calc_id"] == said["credited_bill_no"] and payment["cons_no"] == said["credited_account_no"]
        assert str(payment["charge_time"].date()) == said["seen_from"]
        own, other = bills.loc[said["bill_no"]], bills.loc[said["credited_bill_no"]]
        assert payment["rcv_amt"] == own["t_amt"] and own["cons_no"] == row.account_no
        assert own["settle_flag"] == "0" and said["bill_no"] in urged
        received = found["a_pay_flow"].loc[found["a_pay_flow"]["calc_id"].eq(other.name), "rcv_amt"]
        assert len(received) == 2 and np.isclose(received.sum(), other["t_amt"] + own["t_amt"])
        assert category.loc[row.account_no].equals(category.loc[other["cons_no"]])


def charged(account_no: str, month: date, tariff: str, ct: tuple[int, int] = (1, 1), kvarh_tenths: int = 10) -> int:
    """Cents of an account's bill as it should be by what the CIS believes."""
    made = people()
    use = uses(made, LAST)
    use = use[use["account_no"].eq(account_no) & use["month"].eq(pd.Timestamp(month))].reset_index(drop=True)
    for name in (*PERIOD_WH, "import_varh", HIGHEST):
        use[name] = billing.half_up(use[name].to_numpy() * ct[0], ct[1])
    use["import_varh"] = billing.half_up(use["import_varh"].to_numpy() * kvarh_tenths, 10)
    capacity = made.accounts.set_index("account_no").loc[account_no, "capacity_kva"]
    use = use.assign(tariff_code=tariff, capacity=round(capacity * 100))
    return int(billing.charge(use).amounts(1)[0])


def test_bills_follow_what_the_cis_believes() -> None:
    bills = frames()["e_bill"].set_index("calc_id")["t_amt"].mul(100).round().astype(int)
    tariff = dict(zip(people().accounts["account_no"], billing.tariffs(people()), strict=True))
    month, number = date(2026, 5, 1), 202605
    ratios = {row.account_no: json.loads(row.detail) for row in known().drawn("wrong_ct_ratio").itertuples()}
    assert ratios
    other = {
        row.account_no
        for name in ("tariff_misapplied", "power_factor_misread")
        for row in known().drawn(name).itertuples()
    }
    points = people().points.set_index("point_no")
    meters = frames()["c_meter"].merge(frames()["c_mp"][["mp_id", "mp_no", "cons_no"]])
    for account, said in ratios.items():
        ct = (said["believed_ct_ratio"], said["true_ct_ratio"])
        here = meters[meters["cons_no"].eq(account)]
        assert here["t_ct"].eq(ct[0]).all() and points.loc[here["mp_no"], "ct_ratio"].eq(ct[1]).all() and ct[0] != ct[1]
        if account not in other:
            right, wrong = charged(account, month, tariff[account]), charged(account, month, tariff[account], ct)
            assert bills[billing.bill_no(number, account)] == wrong != right

    misread = [row for row in known().drawn("power_factor_misread").itertuples() if row.from_date < date(2026, 8, 1)]
    assert misread
    for row in misread:
        tenths = json.loads(row.detail)["kvarh_tenths"]
        ratio = ratios.get(row.account_no, {"believed_ct_ratio": 1, "true_ct_ratio": 1})
        ct = (ratio["believed_ct_ratio"], ratio["true_ct_ratio"])
        expected = charged(row.account_no, row.from_date, tariff[row.account_no], ct, tenths)
        assert bills[row.entity_no] == expected and row.factor == tenths / 10

    spells = list(known().drawn("tariff_misapplied").itertuples())
    assert spells
    for row in spells:
        said = json.loads(row.detail)
        assert said["right_tariff_code"] == tariff[row.account_no] != said["tariff_code"]
        assert row.account_no not in ratios
        for issued in (no for no in said["bill_nos"] if no in bills.index):
            at = date(int(issued[:4]), int(issued[4:6]), 1)
            assert bills[issued] == charged(row.account_no, at, said["tariff_code"])
        after = row.to_date + timedelta(days=1)
        next_bill = billing.bill_no(after.year * 100 + after.month, row.account_no)
        if next_bill in bills.index:
            assert bills[next_bill] == charged(row.account_no, after, said["right_tariff_code"])


def test_disconnections_and_notices_are_those_of_the_collection() -> None:
    found = frames()
    stops, rows = found["r_stop_restore"], known().collection
    cut = rows[rows["disconnected_at"] < pd.Timestamp(LAST) + DAY].set_index("account_no")
    assert len(stops) and set(stops["cons_no"]) <= set(cut.index)
    assert stops["stop_time"].isin(cut["disconnected_at"]).all()
    back = stops["restore_time"].notna()
    assert stops["status_code"].eq("1").eq(back).all() and (stops["restore_time"] > stops["stop_time"])[back].all()
    notices = found["a_urge"][found["a_urge"]["urge_mode"].eq("03")]
    assert set(stops["calc_id"]) <= set(notices["calc_id"])


def test_personal_data_stand_in_one_table() -> None:
    customers = people().accounts
    names = {*customers["customer_name"], *customers["phone"], *customers["id_number"], *customers["address"]}
    for name, frame in frames().items():
        for column in frame.columns[frame.dtypes.eq(object)]:
            has_some = bool(names & set(frame[column].dropna()))
            assert has_some == (name == "c_cust" and column in ("cust_name", "mobile", "cert_no", "addr")), (
                name,
                column,
            )


def test_applications_go_through_their_stages() -> None:
    made, found = people(1000), larger()
    applications, stages = found["s_app"], found["s_app_stage"]
    new = made.accounts[made.accounts["opened_date"].ge(FIRST)].set_index("account_no")["opened_date"]
    connected = applications[applications["app_type_code"].str.startswith("1")].set_index("cons_no")
    assert len(new) and set(connected.index) == set(new.index) and connected["status_code"].eq("1").all()
    assert (connected["end_time"].dt.date == new[connected.index]).all()
    assert set(applications["status_code"]) == {"0", "1", "9"}
    assert stages["app_id"].isin(applications["app_id"]).all()
    follows = stages["app_id"].eq(stages["app_id"].shift())
    assert (stages["begin_time"][follows] == stages["end_time"].shift()[follows]).all()
    assert (stages["end_time"] > stages["begin_time"]).eq(stages["end_time"].notna()).all()
    ended = stages[stages["end_time"].notna()]
    holiday = np.array(["2026-05-01", "2026-05-04", "2026-05-05", "2026-06-19"], "datetime64[D]")
    begin, end = (ended[name].to_numpy("datetime64[D]") for name in ("begin_time", "end_time"))
    late = np.busday_count(begin, end, holidays=holiday) > ended["limit_days"].to_numpy()
    assert 0.04 < late.mean() < 0.25
    running = frames(date(2026, 4, 30))["s_app"]
    running = running[running["status_code"].eq("0")]
    assert len(running) and running["end_time"].isna().all() and running["cons_no"].isna().any()
    done = applications[applications["status_code"].eq("1")].set_index("app_id")["end_time"]
    assert (stages[stages["app_id"].isin(done.index)].groupby("app_id")["end_time"].max() == done.sort_index()).all()


def test_some_thieves_are_found_late_in_the_history() -> None:
    made = people(1000)
    thieves = made.accounts["account_no"].to_numpy()[200:600]
    since = date(2026, 4, 1)
    theft = instances(theft_bypass.FAULT, account_no=thieves, from_date=[since] * len(thieves))
    by = {end: facts(made, end, more={"theft_bypass": theft}) for end in (LAST, date(2026, 7, 1))}
    found = local(cis.rows(by[LAST])["i_inspect"])
    caught = found[found["result_code"].eq("3")]
    assert caught["cons_no"].isin(thieves).all() and caught["finding"].str.contains("窃电").all()
    assert 0.2 < len(caught) / len(thieves) < 0.4
    assert (caught["inspect_time"] > pd.Timestamp(2026, 7, 1)).all()
    assert not local(cis.rows(by[date(2026, 7, 1)])["i_inspect"])["result_code"].eq("3").any()
    assert found["inspect_type_code"].eq("01").sum() > len(made.accounts) // 200


def test_subscriptions_suit_their_accounts() -> None:
    made, found = people(1000), larger()
    subscribed = found["p_subscr"].merge(found["p_product"][["prod_id", "prod_code"]])
    archetype = made.accounts.set_index("account_no")["archetype"]
    solar = subscribed.loc[subscribed["prod_code"].eq("GFYW"), "cons_no"]
    assert len(solar) and archetype[solar].eq("pv").all()
    assert not subscribed.duplicated(["prod_id", "cons_no"]).any()


def test_errors_of_bills_do_not_move_when_days_are_added() -> None:
    made = people()
    rates = tuple((name, RATES[name]) for name in BILL_ERRORS)
    short, long = (
        faults.draw(made.seed, made, rates, FIRST, end, (FIRST, LAST)) for end in (date(2026, 7, 10), date(2026, 12, 5))
    )
    for name in BILL_ERRORS:
        assert 0 < len(short[name]) < len(long[name])
        assert long[name].head(len(short[name])).equals(short[name])
        assert short[name]["from_date"].ge(date(2026, 3, 1)).all()  # February has no bill
        assert short[name]["instance"].is_unique


def test_an_account_meets_one_kind_of_error_and_each_kind_occurs() -> None:
    first, last = date(2025, 6, 1), date(2026, 7, 5)
    made = population.build(1000, first, last, 3)
    names = (*BILL_ERRORS, "tariff_misapplied", "wrong_ct_ratio", "missing_in_crm", "missing_in_network")
    rates = tuple((name, dict(faults.default_rates())[name]) for name in sorted(names))
    drawn = faults.draw(made.seed, made, rates, first, last, (first, last))
    assert all(len(drawn[name]) for name in names)
    hit = [set(drawn[name]["account_no"]) for name in (*BILL_ERRORS, "tariff_misapplied")]
    assert sum(map(len, hit)) == len(set.union(*hit))
    assert all(len(rows) < 30 for rows in drawn.values())
    tiny = population.build(20, first, last, 3)
    for rates_of in (rates, tuple((name, 1.0) for name, _ in rates)):
        faults.draw(tiny.seed, tiny, rates_of, first, last, (first, last))
    one = (date(2026, 7, 5),) * 2
    assert not len(faults.draw(3, population.build(20, *one, 3), rates, *one, one)["tariff_misapplied"])


def test_one_day_is_a_utility_too() -> None:
    day = date(2026, 9, 20)
    made = population.build(50, day, day, 3)
    timeline = collection.timeline(made, day, day)
    found = cis.rows(facts(made, day, {}, {"meter_swap": instances(meter_swap.FAULT)}))
    assert timeline.empty and found["e_bill"].num_rows == found["a_urge"].num_rows == 0
    assert found["c_cons"].num_rows == 50 and found["e_bill"].schema.names == list(cis.TABLES["e_bill"].columns)
