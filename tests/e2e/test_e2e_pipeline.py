"""The whole path on real parts: nothing lost on the way, late and bad data treated as promised."""

import io
import json
import threading
import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest
from browser import browser
from rich.console import Console

from gridmart.lake import tables
from gridmart.orchestration import run
from gridmart.orchestration.airflow_api import ENDED, Airflow
from gridmart.orchestration.run import CHAIN, EXIT_GATE, EXIT_SOURCE_STOPPED
from gridmart.secrets import secret
from gridmart.settings import Settings
from gridmart.stack import processes
from gridmart.warehouse.database import connect
from ml.evaluation import truth
from tests.e2e.conftest import Stack

HEADER = "point,channel,unit,date,interval_minutes,version,register_start,register_end," + ",".join(
    f"i{k + 1}" for k in range(96)
)
LATE, BAD = (date(2026, 9, 15), date(2026, 10, 24)), date(2026, 10, 30)


def one(query: str, *parameters: object, role: str = "auditor") -> tuple:
    """First row of a query."""
    with connect(role) as connection:
        row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row


def checksum(table: str, where: str = "true") -> tuple:
    """Rows and a sum over their content, without what says when they were made."""
    return one(
        f"select count(*), sum(hashtextextended((to_jsonb(t) - 'built_at' - 'lake_snapshot_id')::text, 0)::numeric)"
        f" from {table} t where {where}"
    )


def runs(dag_id: str) -> list[dict]:
    return Airflow().get(f"/dags/{dag_id}/dagRuns", limit=100)["dag_runs"]


def deliver(settings: Settings, name: str, point: str, day: date, version: int, values: list[float]) -> None:
    """A gridmart CSV file with one row in the drop folder."""
    row = f"{point},import_kwh,kWh,{day},15,{version},,," + ",".join(f"{value:.3f}" for value in values)
    partial = settings.inbox / f".{name}"
    partial.write_text(f"{HEADER}\n{row}\n")
    partial.replace(settings.inbox / name)


def kill_task(stack: Stack, command: str) -> None:
    """Wait for a task of Airflow that runs `gridmart <command>`; SIGKILL it with the process that holds it."""
    wanted, deadline = f"-m gridmart {command}", time.monotonic() + 300
    while time.monotonic() < deadline:
        for process in processes.of_installation(stack.settings):
            try:
                if wanted in " ".join(process.cmdline()):
                    holder = process.parents()[0]
                    assert holder.cmdline()[0].startswith("airflow worker"), holder
                    holder.kill()
                    process.kill()
                    return
            except (psutil.NoSuchProcess, IndexError):
                continue
        time.sleep(0.1)


def ranged(stack: Stack, first: date, last: date) -> int:
    """`gridmart run` of a range; its exit code."""
    done = stack.run("run", "--from", str(first), "--to", str(last), timeout_s=900, check=False)
    print(done.stderr[-6000:])
    return done.returncode


def test_every_dag_of_the_chain_ran_well(pipeline: Settings) -> None:
    for dag_id in ("extract_systems", *CHAIN):
        ended = {run["state"] for run in runs(dag_id) if run["end_date"]}  # a scheduled one may just be under way
        assert ended == {"success"}, dag_id
    # assets start them: on a busy machine Airflow may forget one event, no more
    by_asset = [dag_id for dag_id in CHAIN[1:] if "asset_triggered" in {run["run_type"] for run in runs(dag_id)}]
    assert len(by_asset) >= len(CHAIN) - 2, by_asset


def test_nothing_delivered_is_lost_or_doubled(pipeline: Settings) -> None:
    files = tables.load("file").scan().to_arrow().to_pylist()
    sent = [*Path(pipeline.inbox).iterdir()]
    for kind in ("events_*", "frozen_*", "collection_*"):
        sent += pipeline.head_end_inbox.glob(kind)
    assert any(path.name.startswith("again_") for path in sent), "the demo delivers one file twice"
    # files of one content are one file: those delivered again, and those of stations without an event
    assert {file["file_id"] for file in files} == {sha256(path.read_bytes()).hexdigest() for path in sent}
    assert len(files) == len({file["file_id"] for file in files})
    for file in files:
        assert file["delivered_records"] == file["accepted_records"] + file["quarantined_records"], file["name"]
        assert file["status"] == "accepted", file
    readings, energy = one("select count(*) * 96, sum(import_kwh) from marts.fct_point_day", role="bi_reader")
    clean = tables.load("reading").scan(row_filter="channel = 'import_kwh'").to_arrow()
    assert clean.num_rows == readings
    assert abs(Decimal(sum(clean["value"].to_pylist())) - energy) < Decimal("0.001") * readings / 96


def test_marts_say_how_far_they_can_be_trusted(pipeline: Settings) -> None:
    status, as_of = one("select status_code, data_as_of from marts.rpt_publication", role="bi_reader")
    assert status in ("green", "amber")
    assert as_of == pipeline.demo_to
    gates = one("select array_agg(distinct gate order by gate) from marts.fct_quality_result", role="bi_reader")[0]
    assert gates == ["arrival", "between_layers", "publication"]
    planted = truth.faults()
    stopped = {
        (row.entity_no, row.from_date + timedelta(days=k))
        for row in planted[planted["fault"].eq("feed_stop")].itertuples()
        for k in range((row.to_date - row.from_date).days + 1)
    }
    # what falls on a day on which its station sent nothing was never delivered
    unknown = {
        row.point_no
        for row in planted[planted["fault"].eq("unknown_meter")].itertuples()
        if (row.entity_no, row.from_date) not in stopped
    }
    with connect("bi_reader") as connection:
        found = connection.execute(
            "select point_no from marts.fct_quarantine where rule_code = 'unknown_point'"
        ).fetchall()
    assert unknown and {point for (point,) in found} == unknown


def test_the_forecast_reaches_a_week_ahead_at_every_level(pipeline: Settings) -> None:
    with connect("bi_reader") as connection:
        rows = connection.execute(
            "select level_code, count(distinct level_no), min(hour_start_at), max(hour_start_at), count(*)"
            " from marts.fct_load_forecast_hour where p50_kw is not null group by 1"
        ).fetchall()
    levels = {code: count for code, count, *_ in rows}
    assert levels.keys() == {"company", "feeder", "transformer"} and levels["company"] == 1 and levels["feeder"] == 5
    midnight = datetime.combine(pipeline.demo_to + timedelta(days=1), datetime.min.time(), ZoneInfo(pipeline.timezone))
    for _, series, first, last, count in rows:
        assert (first, last, count) == (midnight, midnight + timedelta(hours=167), series * 168)


def test_a_bill_worked_out_again_from_the_lake_is_the_published_one(stack: Stack, pipeline: Settings) -> None:
    bill, lines = one(
        "select bill_no, count(*) from marts.fct_shadow_bill"
        " join marts.fct_shadow_bill_line using (account_no, bill_month)"
        " where status_code = 'calculated' and bill_no is not null group by bill_no, bill_month"
        " order by bill_month desc, count(*) desc, bill_no limit 1"
    )
    prove = ("lake", "prove", "--bill", bill, "--json")
    found = json.loads(stack.run(*prove, timeout_s=300).stdout)
    assert found["equal"] and found["tables"]["fct_shadow_bill_line"]["rows"] == lines > 1
    # an amount that is not quantity times price is refused by the table itself
    changed = "update marts.fct_shadow_bill_line set line_no = line_no {} 1000 where (account_no, bill_month) = "
    changed += "(select account_no, bill_month from marts.fct_shadow_bill where bill_no = %s)"
    with connect("builder") as connection:
        connection.execute(changed.format("+").encode(), (bill,))
    try:
        done = stack.run(*prove, timeout_s=300, check=False)
    finally:
        with connect("builder") as connection:
            connection.execute(changed.format("-").encode(), (bill,))
    differ = [name for name, one in json.loads(done.stdout)["tables"].items() if one["sha256"] != one["sha256_again"]]
    assert (done.returncode, differ) == (3, ["fct_shadow_bill_line"])


def test_kpis_as_published_now_are_the_published_ones(stack: Stack, pipeline: Settings) -> None:
    month = ("kpi", "--month", "2026-09", "--json")
    now = json.loads(stack.run(*month).stdout)["kpis"]
    at = json.loads(stack.run(*month, "--at", datetime.now(ZoneInfo(pipeline.timezone)).isoformat()).stdout)["kpis"]
    assert at == pytest.approx(now) and sum(value is not None for value in now.values()) > 15


def test_up_again_does_nothing_again(stack: Stack, pipeline: Settings) -> None:
    before = {dag_id: len(runs(dag_id)) for dag_id in CHAIN[1:]}
    stack.run("up", timeout_s=120)
    assert {dag_id: len(runs(dag_id)) for dag_id in CHAIN[1:]} == before


@pytest.fixture(scope="module")
def disturbed(stack: Stack, pipeline: Settings) -> dict:
    """A late file arrives while the CIS delivers a payment that cannot be: one run, its exit code, states around."""
    point, late = one(
        "select point_no, business_date from marts.fct_point_day where business_date between %s and %s"
        " and point_kind = 'customer' and intervals_estimated > 0 order by business_date desc, point_no limit 1",
        *LATE,
    )
    before = {
        "point": point,
        "date": late,
        "earlier": checksum("marts.fct_point_day", f"business_date < '{late}'"),
        "payments": checksum("raw_cis.a_pay_flow"),
    }
    deliver(pipeline, "late.csv", point, late, 1, [0.25] * 96)
    with connect("cis_owner", "demo_cis") as connection:
        connection.execute(
            "update a_pay_flow set rcv_amt = -rcv_amt, upd_time = now()"
            " where charge_id = (select min(charge_id) from a_pay_flow)"
        )
    return before | {"exit": ranged(stack, late, late)}


def test_a_late_file_changes_its_date_and_nothing_earlier(disturbed: dict) -> None:
    row = one(
        "select intervals_actual, intervals_estimated from marts.fct_point_day"
        " where point_no = %s and business_date = %s",
        disturbed["point"],
        disturbed["date"],
    )
    assert row == (96, 0)
    assert checksum("marts.fct_point_day", f"business_date < '{disturbed['date']}'") == disturbed["earlier"]


def test_a_failing_arrival_stops_only_its_source(disturbed: dict) -> None:
    assert disturbed["exit"] == EXIT_SOURCE_STOPPED
    assert checksum("raw_cis.a_pay_flow") == disturbed["payments"], "the last good data stays"
    states = {}
    with connect("auditor") as connection:
        for source, status, reason in connection.execute(
            "select source, status, reason from supervision.source_status"
        ):
            states[source] = (status, reason)
    assert states["cis"][0] == "failed" and "a_pay_flow" in states["cis"][1]
    others = {"ami", "network", "crm", "market", "weather", "calendar"}
    assert {name for name, (status, _) in states.items() if status == "ok"} == others
    status, reason = one("select status_code, reason from marts.rpt_publication", role="bi_reader")
    assert status == "amber" and "cis" in reason


@pytest.fixture(scope="module")
def refused(stack: Stack, pipeline: Settings, disturbed: dict) -> dict:
    """The CIS is repaired, but now posts a payment of fifty million: possible by itself, absurd for its month."""
    with connect("cis_owner", "demo_cis") as connection:
        connection.execute("update a_pay_flow set rcv_amt = -rcv_amt, upd_time = now() where rcv_amt < 0")
        posted = connection.execute(
            "update a_pay_flow set rcv_amt = rcv_amt + 50000000, upd_time = now()"
            " where charge_id = (select max(charge_id) from a_pay_flow) returning charge_id"
        ).fetchone()
    assert posted
    tables_of_marts = ("fct_bill", "fct_payment", "rpt_recovery_month", "fct_point_day")
    before = {name: checksum(f"marts.{name}") for name in tables_of_marts}
    return {"before": before, "exit": ranged(stack, BAD, BAD), "payment": posted[0]}


def test_a_failing_publication_keeps_what_was_published(refused: dict) -> None:
    assert refused["exit"] == EXIT_GATE
    assert {name: checksum(f"marts.{name}") for name in refused["before"]} == refused["before"]


def test_the_badge_turns_red_for_the_manager(refused: dict, pipeline: Settings) -> None:
    status, reason = one("select status_code, reason from marts.rpt_publication", role="bi_reader")
    assert status == "red" and "expect_overpaid_below_receivable" in reason
    with browser(f"http://{pipeline.host}:{pipeline.superset_port}") as manager:
        manager.log_in("superset_manager", secret("web_superset_manager"))
        for slug in ("cockpit", "data_quality"):
            manager.open(slug)
            manager.screenshot(pipeline.var_dir / "screenshots" / f"{slug}_red.png")
            assert "Gate failed" in manager.rows("publication_badge")[0][0]
    failed = one(
        "select count(*) from marts.fct_quality_result where gate = 'publication' and is_latest and not is_success",
        role="bi_reader",
    )
    assert failed[0] >= 1


def test_repaired_data_turns_it_back_also_when_a_task_is_killed(
    stack: Stack, pipeline: Settings, refused: dict
) -> None:
    with connect("cis_owner", "demo_cis") as connection:
        connection.execute(
            "update a_pay_flow set rcv_amt = rcv_amt - 50000000, upd_time = now() where charge_id = %s",
            (refused["payment"],),
        )
    # meanwhile a task dies by its pid, with all that belongs to it: Airflow tries it again
    killer = threading.Thread(target=kill_task, args=(stack, "ml score"))
    killer.start()
    assert ranged(stack, BAD, BAD) == 0
    killer.join()
    tasks = Airflow().tasks("score_models", max(runs("score_models"), key=lambda run: run["start_date"])["dag_run_id"])
    assert [task["try_number"] for task in tasks if task["task_id"] == "score"] == [2]
    assert one("select status_code from marts.rpt_publication", role="bi_reader")[0] in ("green", "amber")
    assert checksum("marts.rpt_recovery_month") == refused["before"]["rpt_recovery_month"]


def test_a_forgotten_event_does_not_end_the_chain(pipeline: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "START_PATIENCE_S", 1.0)
    screen = Console(file=io.StringIO(), width=200)
    chain = run.RangedRun(BAD, BAD, screen)
    followed = chain._next(run.Followed("score_models", "a run without events"))
    assert followed.dag_id == "publish"
    while (made := Airflow().run("publish", followed.run_id))["state"] not in ENDED:
        time.sleep(1)
    assert (made["state"], made["run_type"], made["conf"]) == ("success", "manual", chain.conf)
    assert isinstance(screen.file, io.StringIO) and "did not start publish within" in screen.file.getvalue()
