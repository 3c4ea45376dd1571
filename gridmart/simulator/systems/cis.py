"""The marketing system (CIS): customers, contracts, meters, bills, collection, applications, products, inspections.

Names, codes and keys are its own, in the style of the marketing systems of Chinese utilities. Nothing later than today
is in it; `upd_time` is the moment of a row's last change, so that a day's changes are what was updated on that day.

| code | values |
|---|---|
| c_cons.elec_type_code | 100 large industrial, 200 residential, 300 agricultural, 400 commercial |
| c_cons.status_code | 0 active, 9 cancelled (cancel_date: the first day without supply) |
| c_cons.mkt_flag | 1 takes part in the market, 0 does not |
| c_contract.ba_calc_mode | 0 none, 1 capacity, 2 demand; pf_std_code: 0 none, 1 0.90, 2 0.85, 3 0.80 |
| c_contract.exp_date | the first day on which it no longer holds |
| c_contract.fee_ctl_flag | 1 under prepaid control, 0 not |
| c_household.hh_type_code | 01 five people or more, 02 of low income; exp_date as of c_contract |
| c_mp.mp_attr_code | 01 customer, 02 transformer boundary, 03 feeder boundary |
| e_bill.settle_flag | 0 open, 1 paid |
| e_bill_det.item_code | 01 energy, 02 capacity, 03 demand, 04 power factor, 05 levies |
| e_bill_det.prd_code | 0 total, 1 sharp, 2 peak, 3 flat, 4 valley, 5 deep valley |
| a_pay_flow.pay_mode | 01 app, 02 bank, 03 counter, 04 agent, 05 auto debit |
| a_pay_fail.fail_code | 01 balance too low, 02 no agreement with the bank; no money moved |
| a_urge.urge_mode | 01 SMS, 02 letter, 03 notice of disconnection |
| r_stop_restore.status_code | 0 disconnected, 1 reconnected |
| s_app.app_type_code | new: 101 household, 102 low, 103 high voltage; 201 increase, 202 decrease, 301 suspension |
| s_app.status_code | 0 in progress, 1 finished, 9 withdrawn |
| p_product.prod_type_code | 01 works, 02 operation, 03 consulting and monitoring |
| p_subscr.status_code | 1 active, 0 ended |
| i_inspect.inspect_type_code | 01 routine, 02 targeted |
| i_inspect.result_code | 0 nothing, 1 meter fault, 2 breach of contract, 3 theft, 4 hazard |
"""

import pyarrow as pa

from gridmart.simulator.systems import (
    cis_applications,
    cis_arrears,
    cis_bills,
    cis_inspections,
    cis_products,
    cis_register,
)
from gridmart.simulator.systems.model import Facts, Table

NAME = "cis"
TABLES: dict[str, Table] = (
    cis_register.TABLES
    | cis_bills.TABLES
    | cis_arrears.TABLES
    | cis_applications.TABLES
    | cis_products.TABLES
    | cis_inspections.TABLES
)


def rows(facts: Facts) -> dict[str, pa.Table]:
    """Rows of every table of TABLES, ordered by key, as the CIS holds them at the end of `facts.today`."""
    register = cis_register.Register.of(facts.population, facts.today)
    points = cis_register.Points.of(facts, register)
    applied = cis_applications.draw(facts.population, register, facts.plan.first, facts.today)
    versions = cis_register.versions(facts, register, cis_applications.changes(applied))
    bills = cis_bills.bills(facts, register, versions)
    found = {
        "c_cust": cis_register.customers(facts, register),
        "c_cons": cis_register.accounts(facts, register),
        "c_contract": cis_register.contracts(facts, register, versions),
        "c_household": cis_register.households(facts, register),
        "c_mp": cis_register.points(facts, points),
        "c_meter": cis_register.meters(facts, points),
    }
    found |= cis_bills.tables(facts, register, bills) | cis_arrears.tables(facts, register, bills)
    found |= cis_applications.tables(facts, register, applied) | cis_products.tables(facts, register)
    return found | cis_inspections.tables(facts, register)
