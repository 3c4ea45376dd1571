-- Raw tables of a utility of $accounts accounts, as its sources and its lake would have delivered them; parts between
-- "-- name" lines are run by name. 50 accounts an area, 10 areas a feeder, 20 supply stations; of 50 accounts 40
-- households, 6 shops, 2 farms, a factory by capacity, one by demand.

-- register
insert into raw_network.pms_dept (dept_id, dept_code, dept_name, dept_name_en, dept_level, parent_id)
select 1, '14', '公司', 'Company', 1, null
union all select 1 + d, '14' || d, '分公司' || d, 'District ' || d, 2, 1 from generate_series(1, 4) as d
union all select 100 + s, '1400' || s, '供电所' || s, 'Station ' || s, 3, 2 + s % 4 from generate_series(1, 20) as s;
insert into raw_network.pms_substation (sub_id, sub_code, sub_name, dept_id, volt_kv)
select d, 'S' || d, '变电站' || d, 1 + d, 110 from generate_series(1, 4) as d;
insert into raw_network.pms_line (line_id, line_code, line_name, sub_id, dept_id)
select f, 'F' || f, '线路' || f, 1 + f % 4, 101 + f % 20 from generate_series(1, $feeders) as f;
insert into raw_network.pms_transformer (psr_id, tran_code, tran_name, line_id, dept_id, cap_kva, asset_nature, run_date)
select 'PSR-' || t, 'T' || t, '公变' || t, 1 + t % $feeders, 101 + (1 + t % $feeders) % 20, 400, '01', '2015-01-01'
from generate_series(1, $areas) as t;
insert into raw_network.pms_tran_point (rel_id, psr_id, mp_code, start_date)
select n, 'PSR-' || 1 + n % $areas, 'MP-P' || n, date '2020-01-01' from generate_series(1, $accounts) as n
union all
select 10000000 + t, 'PSR-' || t, 'MP-PT' || t, date '2020-01-01' from generate_series(1, $areas) as t;
insert into raw_cis.c_cust (cust_id, cust_no, cust_name, mobile)
select n, 'C' || n, '某某', '1' from generate_series(1, $accounts) as n;
insert into raw_cis.c_cons (cons_id, cons_no, cust_id, org_no, elec_type_code, trade_code, volt_code, build_date,
    status_code)
select n, lpad(n::text, 10, '0'), n, '1400' || 1 + (1 + (1 + n % $areas) % $feeders) % 20,
    case when n % 50 < 40 then '200' when n % 50 < 46 then '400' when n % 50 < 48 then '300' else '100' end,
    'A00', 'AC03802', '2020-01-01', '0'
from generate_series(1, $accounts) as n;
insert into raw_cis.c_contract (contract_id, contract_no, cons_id, prc_code, contract_cap, ba_calc_mode, pf_std_code,
    eff_date)
select n, n::text, n,
    case when n % 50 < 40 then 'RES_TIER' when n % 50 < 46 then 'COM_TOU' when n % 50 < 48 then 'AGR'
        when n % 50 = 48 then 'IND_TOU_CAP' else 'IND_TOU_DEM' end,
    500, case n % 50 when 48 then '1' when 49 then '2' else '0' end, case when n % 50 > 47 then '1' else '0' end,
    '2020-01-01'
from generate_series(1, $accounts) as n;
insert into raw_cis.c_mp (mp_id, mp_no, cons_no, mp_attr_code, line_code, intv_min, gen_flag)
select n, 'P' || n, lpad(n::text, 10, '0'), '01', 'F' || 1 + (1 + n % $areas) % $feeders, 15, '0'
from generate_series(1, $accounts) as n
union all
select 10000000 + t, 'PT' || t, null, '02', 'F' || 1 + t % $feeders, 15, '0' from generate_series(1, $areas) as t;
insert into raw_cis.c_meter (meter_id, asset_no, mp_id, t_ct, t_pt, digits, inst_date, inst_read)
select mp_id, 'M' || mp_no, mp_id, 1, 1, 8, '2020-01-01', 0 from raw_cis.c_mp;
insert into raw_calendar.day (business_date, day_type, is_workday, is_holiday, is_festival, _extracted_at)
select d::date, case when extract(isodow from d) > 5 then 'weekend' else 'workday' end,
    extract(isodow from d) < 6, false, false, now()
from generate_series(date '2025-01-01', date '2026-12-31', '1 day') as d;
insert into ml.account_segment (account_no, segment_code, segment_name_zh, segment_name_en, distance, model_version,
    data_snapshot, is_fallback, scored_at)
select lpad(n::text, 10, '0'), 's' || n % 6, '分群' || n % 6, 'Segment ' || n % 6, 0.1, 'v1', 's1', false, now()
from generate_series(1, $accounts) as n;
insert into ml.load_forecast_hour (level_code, level_no, hour_start, p10_kw, p50_kw, p90_kw, horizon_h, model_version,
    data_snapshot, is_fallback, scored_at)
select l.level_code, l.level_no, h, 90, 100, 110, 24, 'v1', 's1', false, now()
from (
    select 'company' as level_code, '14' as level_no
    union all select 'feeder', 'F' || f from generate_series(1, $feeders) as f
    union all select 'transformer', 'T' || t from generate_series(1, $areas) as t
) as l
cross join generate_series(date '$last' - 14, date '$last' + 7, interval '1 hour') as h;
analyze;

-- readings
insert into raw_ami.point_day (point_no, business_date, import_kwh, export_kwh, import_kvarh, sharp_kwh, peak_kwh,
    flat_kwh, valley_kwh, deep_valley_kwh, peak_kw, peak_at, hourly_kwh, intervals_due, intervals_actual,
    intervals_estimated, rule_bits, lake_snapshot_id, loaded_at)
select 'P' || n, d, size * 10, 0, size * 4, 0, case when is_tou then size * 3 else 0 end,
    case when is_tou then size * 4 else size * 10 end, case when is_tou then size * 3 else 0 end, 0, size,
    d + interval '11 hours', array_fill((size * 10 / 24)::real, array[24]), 96, 96 - late, late, 0, 1,
    d + interval '30 hours'
from (
    select d::date as d from generate_series(date '$from', date '$to', '1 day') as d
) as days
cross join generate_series(1, $accounts) as n
cross join lateral (
    select round((0.3 + (n * 7919 + (d - date '2020-01-01') * 104729) % 1000 / 700.0)
            * case when n % 50 > 47 then 40 else 1 end, 3)::float8 as size,
         n % 50 >= 40 and n % 50 not in (46, 47) as is_tou,
        case when (n + (d - date '2020-01-01')) % 100 = 0 then 4 else 0 end as late
) as s;
insert into raw_ami.point_day (point_no, business_date, import_kwh, export_kwh, import_kvarh, sharp_kwh, peak_kwh,
    flat_kwh, valley_kwh, deep_valley_kwh, peak_kw, hourly_kwh, intervals_due, intervals_actual, intervals_estimated,
    rule_bits, lake_snapshot_id, loaded_at)
select 'PT' || t, d, 600, 0, 100, 0, 200, 200, 200, 0, 60, array_fill(25::real, array[24]), 96, 96, 0, 0, 1,
    d + interval '30 hours'
from generate_series(1, $areas) as t, generate_series(date '$from', date '$to', '1 day') as d;

-- areas
insert into raw_ami.transformer_hour (transformer_no, hour_start, business_date, supplied_kwh, sold_kwh, generation_kwh,
    supplied_estimated_kwh, sold_estimated_kwh, points, lake_snapshot_id, loaded_at)
select 'T' || t, (d::date + h * interval '1 hour') at time zone '$zone', d, round(sold / (0.9 + (t + h) % 13 / 130.0), 3),
    sold, 0, 0, 0, 50, 1, d + interval '30 hours'
from generate_series(date '$from', date '$to', '1 day') as d, generate_series(0, 23) as h,
    generate_series(1, $areas) as t
cross join lateral (select 20 + (t * 31 + h * 7 + extract(day from d)::integer * 13) % 100 / 10.0 as sold) as s;
insert into raw_ami.feeder_hour (feeder_no, hour_start, business_date, supplied_kwh, sold_kwh, generation_kwh,
    supplied_estimated_kwh, sold_estimated_kwh, points, lake_snapshot_id, loaded_at)
select 'F' || f, (d::date + h * interval '1 hour') at time zone '$zone', d, round(sold / 0.95, 3), sold, 0, 0, 0, 500, 1,
    d + interval '30 hours'
from generate_series(date '$from', date '$to', '1 day') as d, generate_series(0, 23) as h,
    generate_series(1, $feeders) as f
cross join lateral (select 200 + (f * 31 + h * 7 + extract(day from d)::integer * 13) % 100 as sold) as s;
insert into raw_ami.collection_day (business_date, transformer_no, points_due, points_read, points_complete,
    intervals_due, intervals_actual, intervals_estimated, lake_snapshot_id, loaded_at)
select d, 'T' || t, 50, 50 - (t + extract(day from d)::integer) % 2, 49, 4800, 4790, 10, 1, d + interval '30 hours'
from generate_series(date '$from', date '$to', '1 day') as d, generate_series(1, $areas) as t
union all
select d, '', 200, 200, 200, 19200, 19200, 0, 1, d + interval '30 hours'
from generate_series(date '$from', date '$to', '1 day') as d;
insert into raw_ami.collection_task (org_no, business_date, task_code, planned_at, result_code, tries, points, arrived_at,
    file_id, row_number)
select '1400' || s, d, t.code, d + t.at, r.code, r.tries, $accounts / 20 * r.share, d + interval '26 hours', d::text || s,
    10 * t.n + r.n
from generate_series(date '$from', date '$to', '1 day') as d, generate_series(1, 20) as s,
    (values (1, 'curve', interval '6 hours'), (2, 'curve', interval '12 hours'), (3, 'curve', interval '18 hours'),
        (4, 'curve', interval '24 hours'), (5, 'frozen', interval '25 hours')) as t (n, code, at),
    (values (1, 'read', 1, 0.95), (2, 'read', 2, 0.03), (3, 'no_response', 3, 0.02)) as r (n, code, tries, share);
insert into raw_ami.file (file_id, name, format, status, size_bytes, delivered_records, accepted_records,
    quarantined_records, readings, arrived_at)
select d::text || k, 'f' || k, 'gridmart_csv', 'accepted', 1000000, 1000, 999, 1, 96000, d + interval '26 hours'
from generate_series(date '$from', date '$to', '1 day') as d, generate_series(1, 20) as k;
insert into raw_ami.quarantine (file_id, file_name, row_number, rule, reason, next_step, point_no, business_date,
    arrived_date)
select d::text || k % 20, 'f' || k % 20, k, 'rule_' || k % 5, 'reason', 'ask', 'P' || k, d, d + interval '1 day'
from generate_series(date '$from', date '$to', '1 day') as d, generate_series(1, 100) as k;
insert into supervision.quality_result (run_id, gate, suite, table_name, expectation, severity, is_success, checked_at)
select d::text, (array['arrival', 'between_layers', 'publication'])[1 + k % 3], 'suite_' || k / 20, 'table_' || k / 20,
    'expectation_' || k, 'critical', k % 97 > 0, d + interval '28 hours'
from generate_series(date '$from', date '$to', '1 day') as d, generate_series(1, 600) as k;

-- telemetry
insert into raw_network.dms_telemetry (psr_id, meas_time, ua_v, ub_v, uc_v, ia_a, ib_a, ic_a, pf, oil_temp_c)
select 'PSR-' || t, (d::date + h * interval '1 hour') at time zone '$zone', 230, 229, 228, 100 + h, 100, 90, 0.95, 60
from generate_series(date '$from', date '$to', '1 day') as d, generate_series(0, 23) as h,
    generate_series(1, $areas) as t
on conflict do nothing;

-- bills
create temporary table made as
select l.*, to_char(l.bill_month, 'YYYYMM') || l.account_no as bill_no,
    -- every hundredth bill is wrong by half
    case when l.account_no::integer % 100 = extract(month from l.bill_month) and l.line_no = 1 then 1.5 else 1 end as factor
from marts_candidate.fct_shadow_bill_line as l
where not exists (select from raw_cis.e_bill as b where b.bill_ym = to_char(l.bill_month, 'YYYYMM'));
insert into raw_cis.e_bill_det (calc_id, item_seq, item_code, prd_code, qty, prc, amt)
select bill_no, line_no, coalesce(k.source_code, '99'), coalesce(p.source_code, '0'), quantity * factor,
    unit_price_yuan, round(amount_yuan * factor, 2)
from made
left join seeds.source_code as k
    on k.source_name = 'cis' and k.source_column = 'item_code' and k.contract_code = made.line_kind_code
left join seeds.source_code as p
    on p.source_name = 'cis' and p.source_column = 'prd_code' and p.contract_code = made.period_code;
insert into raw_cis.e_bill (calc_id, cons_no, bill_ym, issue_date, due_date, t_pq, t_amt, settle_flag)
select bill_no, account_no, to_char(bill_month, 'YYYYMM'), bill_month + interval '1 month 1 day',
    bill_month + interval '1 month 20 days', coalesce(sum(quantity * factor) filter (where line_kind_code = 'energy'), 0),
    sum(round(amount_yuan * factor, 2)), '0'
from made
group by bill_no, account_no, bill_month;
drop table made;
analyze;

-- earlier_bills
-- months before the readings: bills as those of the first month that is read
create temporary table earlier as
select to_char(m, 'YYYYMM') as ym, to_char(first_month, 'YYYYMM') as like_ym, first_month - m::date as days
from (select min(to_date(bill_ym, 'YYYYMM')) as first_month from raw_cis.e_bill) as f
cross join generate_series(
    date_trunc('month', date '$from' + interval '1 month' - interval '1 day'), first_month - 1, interval '1 month'
) as m;
insert into raw_cis.e_bill_det (calc_id, item_seq, item_code, prd_code, qty, prc, amt)
select ym || substr(calc_id, 7), item_seq, item_code, prd_code, qty, prc, amt
from raw_cis.e_bill_det inner join earlier on substr(calc_id, 1, 6) = like_ym;
insert into raw_cis.e_bill (calc_id, cons_no, bill_ym, issue_date, due_date, t_pq, t_amt, settle_flag)
select ym || cons_no, cons_no, ym, issue_date - days, due_date - days, t_pq, t_amt, settle_flag
from raw_cis.e_bill inner join earlier on bill_ym = like_ym;
drop table earlier;
analyze;

-- payments
-- who pays at all (48 of 50) pays on one of the 20 days after the bill
insert into raw_cis.a_pay_flow (charge_id, calc_id, cons_no, charge_time, rcv_amt, pay_mode)
select 'Y' || calc_id, calc_id, cons_no, (issue_date + cons_no::integer % 20 + interval '9 hours') at time zone '$zone',
    t_amt, '01'
from raw_cis.e_bill
where cons_no::integer % 50 > 1 and issue_date + cons_no::integer % 20 between date '$from' and date '$to'
on conflict do nothing;
