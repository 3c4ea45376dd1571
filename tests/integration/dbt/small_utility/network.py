"""The small utility in its network systems: equipment, telemetry, faults, outages."""

from datetime import date

import psycopg

from tests.integration.dbt.small_utility.shared import feeder, local, point, put, transformer

TABLES = {
    "pms_dept": "dept_id bigint primary key, dept_code text, dept_name text, dept_name_en text, "
    "dept_level bigint, parent_id bigint",
    "pms_substation": "sub_id bigint primary key, sub_code text, sub_name text, dept_id bigint, volt_kv bigint",
    "pms_line": "line_id bigint primary key, line_code text, line_name text, sub_id bigint, dept_id bigint",
    "pms_transformer": "psr_id text primary key, tran_code text, tran_name text, line_id bigint, "
    "dept_id bigint, cap_kva numeric(12,2), asset_nature text, run_date date",
    "pms_tran_point": "rel_id bigint primary key, psr_id text, mp_code text, start_date date, end_date date",
    "dms_telemetry": "psr_id text, meas_time timestamptz, ua_v numeric(6,1), ub_v numeric(6,1), uc_v numeric(6,1), "
    "ia_a numeric(9,1), ib_a numeric(9,1), ic_a numeric(9,1), pf numeric(4,3), oil_temp_c numeric(5,1), "
    "primary key (psr_id, meas_time)",
    "dms_substation": "sub_id bigint, meas_time timestamptz, out_kwh numeric(14,3), in_kwh numeric(14,3), "
    "primary key (sub_id, meas_time)",
    "oms_fault": "fault_id bigint primary key, fault_no text, equip_type text, psr_id text, line_id bigint, "
    "is_outage bigint, cause_code text, cause_desc text, weather_code text, fault_time timestamptz, "
    "report_time timestamptz, recover_time timestamptz",
    "oms_repair_order": "order_id bigint primary key, order_no text, fault_id bigint, dept_id bigint, "
    "crew_name text, status_code text, report_time timestamptz, dispatch_time timestamptz, "
    "arrive_time timestamptz, finish_time timestamptz, result_desc text",
    "oms_outage": "outage_id bigint primary key, outage_no text, outage_type text, equip_type text, psr_id text, "
    "line_id bigint, fault_id bigint, cause_code text, cause_desc text, cons_num bigint, plan_start timestamptz, "
    "plan_end timestamptz, start_time timestamptz, end_time timestamptz, status_code text",
}


def _network(connection: psycopg.Connection) -> None:
    put(
        connection, "raw_network", "pms_dept",
        [
            (1, "1400", "晋北电力公司", "Jinbei Power", 1, None),
            (2, "14001", "城东分公司", "East", 2, 1),
            (3, "1400101", "城关供电所", "Chengguan", 3, 2),
            (4, "1400102", "河西供电所", "Hexi", 3, 2),
        ],
        "dept_id,dept_code,dept_name,dept_name_en,dept_level,parent_id",
    )  # fmt: skip
    put(connection, "raw_network", "pms_substation", [(1, "S01", "城东变电站", 2, 110)],
        "sub_id,sub_code,sub_name,dept_id,volt_kv")  # fmt: skip
    put(connection, "raw_network", "pms_line", [(n, f"F00{n}", f"线路{n}", 1, 2 + n) for n in (1, 2)],
        "line_id,line_code,line_name,sub_id,dept_id")  # fmt: skip
    put(
        connection, "raw_network", "pms_transformer",
        [
            (f"PSR-{n}", f"T000{n}", f"公变{n}", int(feeder(n)[-1]), 2 + int(feeder(n)[-1]), 200, "01",
             date(2015, 1, 1))
            for n in range(1, 5)
        ],
        "psr_id,tran_code,tran_name,line_id,dept_id,cap_kva,asset_nature,run_date",
    )  # fmt: skip
    places = [(n, f"PSR-{transformer(n)}", f"MP-{point(n)}", date(2020, 1, 1), None) for n in range(1, 13)]
    places += [(100 + n, f"PSR-{n}", f"MP-P0000010{n:02}", date(2020, 1, 1), None) for n in range(1, 5)]
    put(connection, "raw_network", "pms_tran_point", places, "rel_id,psr_id,mp_code,start_date,end_date")


def _operation(connection: psycopg.Connection) -> None:
    """Telemetry of one day, an alarm, a fault with its repair, a planned outage, one over the end of a month."""
    put(
        connection, "raw_network", "dms_telemetry",
        [("PSR-1", local(5, hour), 230, 230, 230, 100, 100, 50 + hour, 0.95, 60 + hour) for hour in range(24)]
        + [
            ("PSR-2", local(5, 0), 0, 0, 0, 0, 0, 0, None, 20),
            ("PSR-2", local(5, 1), 230, 228, 226, 300, 300, 300, 0.9, 70),
        ],
        "psr_id,meas_time,ua_v,ub_v,uc_v,ia_a,ib_a,ic_a,pf,oil_temp_c",
    )  # fmt: skip
    put(connection, "raw_network", "dms_substation", [(1, local(5, hour), 98, 100) for hour in range(24)],
        "sub_id,meas_time,out_kwh,in_kwh")  # fmt: skip
    put(
        connection, "raw_network", "oms_fault",
        [
            (1, "GZ1", "1", "PSR-1", 1, 1, "21", "低压过负荷", "normal", local(10, 8), local(10, 8.5),
             local(10, 11)),
            (2, "GZ2", "1", "PSR-1", 1, 0, "41", "油温高告警", "normal", local(5, 14), local(5, 14), local(5, 15)),
        ],
        "fault_id,fault_no,equip_type,psr_id,line_id,is_outage,cause_code,cause_desc,weather_code,fault_time,"
        "report_time,recover_time",
    )  # fmt: skip
    put(
        connection, "raw_network", "oms_repair_order",
        [
            (1, "QX1", 1, 3, "城关抢修一班", "40", local(10, 8.5), local(10, 8.75), local(10, 9.5), local(10, 11),
             "更换熔丝"),
        ],
        "order_id,order_no,fault_id,dept_id,crew_name,status_code,report_time,dispatch_time,arrive_time,finish_time,"
        "result_desc",
    )  # fmt: skip
    put(
        connection, "raw_network", "oms_outage",
        [
            (1, "TD1", "2", "1", "PSR-1", 1, 1, "21", "低压过负荷", 3, None, None, local(10, 8), local(10, 11), "2"),
            (2, "TD2", "1", "2", None, 2, None, "51", "计划检修", 6, local(30, 20), local(1, 3, 10), local(30, 20),
             local(1, 4, 10), "2"),
            (3, "TD3", "1", "2", None, 1, None, "51", "计划检修", 6, local(20, 9, 10), local(20, 12, 10), None, None,
             "0"),
        ],
        "outage_id,outage_no,outage_type,equip_type,psr_id,line_id,fault_id,cause_code,cause_desc,cons_num,plan_start,"
        "plan_end,start_time,end_time,status_code",
    )  # fmt: skip


def load(connection: psycopg.Connection) -> None:
    """Everything that the network systems hold."""
    _network(connection)
    _operation(connection)
