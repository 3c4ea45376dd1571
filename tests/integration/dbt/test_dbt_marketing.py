"""Campaigns, products, contacts and what is known of a customer, on the small utility."""

from datetime import date
from decimal import Decimal

from tests.integration.dbt import small_utility
from tests.integration.dbt.dbt_run import failed, query, run

ACCOUNT = {n: small_utility.account(n) for n in range(1, 13)}
STRANGER = small_utility.STRANGERS_ACCOUNT


def test_an_exposure_says_who_was_reached_and_with_what_consent(built: dict[str, str]) -> None:
    rows = query(
        "select target_id::int, account_no, group_code, has_consent, is_contacted, is_responded, is_subscribed "
        "from marts_candidate.fct_campaign_exposure order by 1"
    )
    assert rows == [
        (1, ACCOUNT[1], "target", True, True, True, True),
        (2, ACCOUNT[2], "target", True, True, True, False),
        (3, ACCOUNT[3], "target", True, True, False, False),  # withdrawn later
        (4, ACCOUNT[4], "target", False, False, False, False),
        (5, ACCOUNT[5], "target", False, True, False, False),  # withdrawn before
        (6, ACCOUNT[6], "holdout", False, False, True, True),  # unasked
        (7, ACCOUNT[7], "holdout", False, True, False, False),
        (8, STRANGER, "target", False, True, False, False),
        (9, None, "target", False, True, False, False),
        (10, ACCOUNT[1], "target", True, True, False, False),
        (11, ACCOUNT[9], "target", False, True, False, False),  # granted the day after
    ]


def test_energy_of_an_exposure_is_that_of_two_whole_weeks(built: dict[str, str]) -> None:
    def energy(first: date) -> Decimal:
        days = [date.fromordinal(first.toordinal() + n) for n in range(14)]
        return sum((Decimal(str(round(sum(small_utility.hourly(1, day)), 3))) for day in days), Decimal(0))

    found = "select energy_before_kwh, energy_after_kwh from marts_candidate.fct_campaign_exposure where target_id = %s"
    assert query(found, "1") == [(energy(date(2026, 9, 2)), energy(date(2026, 9, 26)))]
    ((before, after),) = query(found, "10")  # CP2 still runs
    assert before == energy(date(2026, 9, 21)) and after is None


def test_a_campaign_is_judged_only_where_something_can_be_said(built: dict[str, str]) -> None:
    rows = query(
        "select campaign_no, targets, holdouts, targets_contacted, holdouts_contacted, contacted_without_consent, "
        "targets_subscribed, holdouts_subscribed, subscribed_unlisted, round(uplift, 4), is_significant, verdict_code, "
        "is_final from marts_candidate.rpt_campaign_uplift order by 1"
    )
    assert rows == [
        # of seven targets one took it, of two held out one
        ("CP1", 7, 2, 6, 1, 4, 1, 1, 1, Decimal("-0.3571"), None, "too_few", True),
        ("CP2", 2, 0, 2, 0, 1, 0, 0, 0, None, None, "no_holdout", False),
        ("CP3", 0, 0, 0, 0, 0, 0, 0, 0, None, None, "no_target", False),
        ("CP9", 0, 0, 0, 0, 0, 0, 0, 1, None, None, "no_target", False),
    ]


def test_the_funnel_holds_every_step_and_what_was_unasked(built: dict[str, str]) -> None:
    rows = query(
        "select channel_code, step_code, business_date, hour_of_day, steps "
        "from marts_candidate.fct_channel_funnel_hour where business_date < '2026-10-01' order by 3, 4, 1, 2"
    )
    asked = date(2026, 9, 16)
    assert rows == [
        ("app", "clicked", asked, 10, 1),
        ("app", "contacted", asked, 10, 7),
        ("app", "opened", asked, 10, 1),
        ("app", "opened", asked, 11, 1),
        ("app", "subscribed", date(2026, 9, 17), 9, 1),
        ("app", "unasked", date(2026, 9, 20), 9, 1),
        ("", "unasked", date(2026, 9, 21), 9, 1),  # of a campaign that never arrived
        ("app", "unasked", date(2026, 9, 21), 9, 1),  # not on the list
    ]


def test_a_comment_becomes_a_class_and_stays_behind(built: dict[str, str]) -> None:
    rows = query(
        "select feedback_id::int, account_no, category_code, score, class_code, tone_code "
        "from marts_candidate.fct_feedback order by 1"
    )
    assert rows == [
        (1, ACCOUNT[1], "bill_question", 5, "fast", "positive"),
        (2, ACCOUNT[2], "complaint", 1, "attitude", "negative"),
        (3, STRANGER, "drone", 3, "no_comment", None),
        (4, ACCOUNT[3], "outage", 4, "unclassified", None),
        (5, ACCOUNT[4], None, 2, "dissatisfied", "negative"),
    ]


def test_products_are_counted_month_by_month(built: dict[str, str]) -> None:
    rows = query(
        "select product_code, portfolio_month, subscriptions, new_subscriptions, ended_subscriptions, accounts, "
        "energy_kwh, revenue_yuan from marts_candidate.rpt_product_portfolio where product_code != 'DNTD' order by 1, 2"
    )
    august, september, october = (date(2026, month, 1) for month in (8, 9, 10))
    assert rows == [
        ("", august, 0, 0, 0, 0, None, None),
        ("", september, 1, 1, 0, 1, 540, None),  # a product that is not on the list has no price
        ("", october, 1, 0, 0, 1, None, None),
        ("GFYW", august, 2, 2, 0, 2, 740 + 560, 40),
        ("GFYW", september, 2, 0, 0, 2, 740 + 560, 40),
        ("GFYW", october, 2, 1, 1, 2, None, 60),  # who left on the fifth pays for October
        ("JNZD", august, 0, 0, 0, 0, None, 0),
        ("JNZD", september, 1, 1, 0, 1, 520, 2000),
        ("JNZD", october, 1, 0, 0, 1, None, 0),
    ]
    shares = "select portfolio_month, sum(subscription_share) from marts_candidate.rpt_product_portfolio group by 1"
    assert {round(total, 4) for _, total in query(shares)} == {1}


def test_a_contact_has_its_order_and_an_order_without_one_stays(built: dict[str, str]) -> None:
    rows = query(
        "select interaction_no, account_no, topic_code, business_date, is_open_order, hours_to_finish "
        "from marts_candidate.fct_interaction where business_date > '2026-01-01' order by 1"
    )
    assert rows == [
        ("C1", ACCOUNT[1], "bill_query", date(2026, 9, 5), False, None),
        ("C2", ACCOUNT[2], "complaint", date(2026, 9, 20), False, 48),
        ("C3", None, "cash_payment", date(2026, 10, 2), False, None),
        ("C4", ACCOUNT[3], "other", date(2026, 9, 6), False, None),  # the clerk's own words are not shown
        ("C5", ACCOUNT[1], "bill_question", date(2026, 9, 1), False, Decimal("8.5")),
        ("SGD3", ACCOUNT[3], "outage", date(2026, 10, 9), True, None),
        ("SGD4", STRANGER, "other", date(2026, 9, 3), False, 1),
    ]


def test_a_tag_shows_what_earned_it(built: dict[str, str]) -> None:
    tags: dict[str, dict[str, Decimal]] = {number: {} for number in ACCOUNT.values()}
    for number, tag, value in query("select account_no, tag_code, evidence_value from marts_candidate.customer_tag"):
        tags[number][tag] = value
    # what it takes is on no list, yet it takes it
    assert tags[ACCOUNT[2]] == {"complaint_lately": 1, "dissatisfied": 1, "has_consent": 1, "takes_product": 1}
    # its product ended on the fifth
    assert tags[ACCOUNT[3]] == {"no_consent": 0, "open_order": 1, "prepaid_control": 1}
    assert tags[ACCOUNT[4]] == {"in_arrears": 319, "pays_late": 0, "no_consent": 0, "dissatisfied": 2}
    assert tags[ACCOUNT[7]] == {"pays_late": 0, "no_consent": 0}  # late, but paid
    assert tags[ACCOUNT[12]] == {"high_use": 1, "has_pv": 1, "takes_product": 1, "no_consent": 0}


def test_the_library_of_tags_counts_those_who_earned_them_and_those_who_could(built: dict[str, str]) -> None:
    ((accounts,),) = query("select count(*) from marts_candidate.dim_account where is_current")
    rows = query(
        "select t.tag_code, sum(t.accounts), sum(t.accounts_tagged), "
        "(select count(*) from marts_candidate.customer_tag as c where c.tag_code = t.tag_code) "
        "from marts_candidate.rpt_customer_tag as t group by 1"
    )
    assert {row[1] for row in rows} == {accounts}  # a tag of nobody too, so that a share has its whole
    assert [row[0] for row in rows if row[2] != row[3]] == []
    tagged = {row[0]: row[2] for row in rows}
    assert tagged["has_pv"] == 1 and tagged["low_voltage"] == 0
    ((why_zh, why_en),) = query(
        "select distinct why_zh, why_en from marts_candidate.rpt_customer_tag where tag_code = 'has_pv'"
    )
    assert (why_zh, why_en) == ("计量点有上网电量", "The point feeds in")


def test_customer_360_tells_of_contacts_products_and_tags(built: dict[str, str]) -> None:
    rows = query(
        "select account_no, interactions_12m, last_contact_date, complaints_12m, open_service_orders, products_zh, "
        "consent_channels, tags, tag_codes from marts_candidate.customer_360 order by 1 limit 4"
    )
    assert rows == [
        (ACCOUNT[1], 2, date(2026, 9, 5), 0, 0, "节能诊断", "app, sms", 3, "campaign_taker,has_consent,takes_product"),
        (ACCOUNT[2], 1, date(2026, 9, 20), 1, 0, None, "app", 4,
         "complaint_lately,dissatisfied,has_consent,takes_product"),
        (ACCOUNT[3], 2, date(2026, 10, 9), 0, 1, None, None, 3,
         "no_consent,open_order,prepaid_control"),
        (ACCOUNT[4], 0, None, 0, 0, None, None, 4, "dissatisfied,in_arrears,no_consent,pays_late"),
    ]  # fmt: skip


def test_branches_of_marketing_hold_on_made_rows(built: dict[str, str]) -> None:
    statuses = run(
        "test",
        "--select",
        "path:models/marts/marketing,test_type:unit",
        "path:models/marts/customer,test_type:unit",
        "int_account_use",
        "int_account_history",
        "int_account_contract",
    )
    assert len(statuses) >= 9 and failed(statuses) == set()
