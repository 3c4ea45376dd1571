-- Marts with plausible made-up data: 3 stations, 5 feeders, 30 transformer areas, 13 months to 2026-10-31.
-- Columns are those of the published marts. Deterministic: md5 of the key stands in for chance.
set local timezone = 'UTC';

create or replace function pg_temp.chance(key text) returns float8 language sql immutable as
$$ select ('x' || substr(md5(key), 1, 8))::bit(32)::bigint::float8 / 4294967296.0 $$;

drop table if exists marts.dim_organisation, marts.dim_transformer, marts.customer_360, marts.fct_collection_day,
    marts.fct_bill, marts.fct_energy_balance_day, marts.rpt_recovery_month, marts.rpt_sales_month,
    marts.fct_load_forecast_hour, marts.rpt_forecast_accuracy, marts.fct_quality_result, marts.fct_quarantine,
    marts.fct_file cascade;
drop view if exists marts.rpt_publication;

create table marts.dim_organisation as
select
    '140010' || s as org_no, n.zh as org_name_zh, n.en as org_name_en, 'station'::text as org_type,
    n.district_no, n.district_zh as district_name_zh, '140010' || s as station_no, n.zh as station_name_zh,
    '1400'::text as company_no
from (values
    (1, '城关供电所', 'Chengguan', '14001', '东城供电分公司'),
    (2, '河西供电所', 'Hexi', '14001', '东城供电分公司'),
    (3, '南郊供电所', 'Nanjiao', '14002', '西山供电分公司')
) as n (s, zh, en, district_no, district_zh);

create temporary table category on commit drop as
select * from (values
    ('residential', '居民', 0.42, 0.53, 0.955), ('commercial', '一般工商业', 0.22, 0.78, 0.93),
    ('large_industrial', '大工业', 0.31, 0.64, 0.90), ('agricultural', '农业', 0.05, 0.48, 0.97)
) as c (usage_category, usage_category_zh, share, price, recovery);

create table marts.dim_transformer as
select
    't' || i as transformer_key, 'T' || lpad(i::text, 4, '0') as transformer_no,
    case when i % 6 = 0 then '专变' else '公变' end || lpad(i::text, 2, '0') as transformer_name,
    'F00' || (1 + (i - 1) % 5) as feeder_no, '线路' || (1 + (i - 1) % 5) as feeder_name,
    o.org_no, o.station_name_zh, o.district_name_zh,
    (array[200, 315, 400, 630, 800])[1 + i % 5]::numeric as rated_kva,
    case when i % 6 = 0 then 'dedicated' else 'public' end as ownership_code
from generate_series(1, 30) as i
inner join marts.dim_organisation as o on o.org_no = '140010' || (1 + (i - 1) % 5 % 3);
alter table marts.dim_transformer drop column transformer_key;

create table marts.rpt_sales_month as
select
    m::date as sales_month, o.org_no, c.usage_category, o.station_name_zh, o.district_name_zh, c.usage_category_zh,
    e.energy_kwh, (e.energy_kwh * c.price)::numeric(18, 2) as revenue_yuan,
    (c.price * (0.98 + 0.04 * pg_temp.chance(m::text)))::numeric(12, 6) as average_price_yuan,
    (80 + 60 * c.share)::bigint as accounts, now() as built_at
from generate_series(date '2025-10-01', date '2026-10-01', interval '1 month') as m
cross join marts.dim_organisation as o
cross join category as c
cross join lateral (select (
    2.4e6 * c.share * (1.25 - 0.3 * right(o.org_no, 1)::int * 0.5)
    * (1 + 0.22 * cos((extract(month from m) - 1) * pi() / 3) * (c.usage_category != 'large_industrial')::int)
    * (0.95 + 0.1 * pg_temp.chance(m::text || o.org_no || c.usage_category))
)::numeric(18, 3) as energy_kwh) as e;

create table marts.rpt_recovery_month as
select
    s.sales_month as bill_month, s.org_no, s.usage_category, s.station_name_zh, s.district_name_zh,
    s.usage_category_zh, s.accounts as bills, s.revenue_yuan as receivable_yuan, r.received_yuan,
    s.revenue_yuan - r.received_yuan as outstanding_yuan,
    round(r.received_yuan / nullif(s.revenue_yuan, 0), 6) as recovery_rate, now() as built_at
from marts.rpt_sales_month as s
inner join category as c using (usage_category)
cross join lateral (select (s.revenue_yuan * least(1, case
    when s.sales_month = '2026-10-01' then 0.55 else c.recovery end
    + 0.06 * pg_temp.chance('r' || s.sales_month || s.org_no || s.usage_category)
))::numeric(18, 2) as received_yuan) as r;

create table marts.customer_360 as
select
    lpad((1400000000 + i)::text, 10, '0') as account_no, c.usage_category, c.usage_category_zh, o.org_no,
    o.station_name_zh, o.district_name_zh, (10 + 400 * p.x ^ 4)::numeric(12, 2) as contract_capacity_kva,
    (180 + 9000 * p.x ^ 5)::numeric(18, 3) as energy_30d_kwh, (2200 + 110000 * p.x ^ 5)::numeric(18, 3) as energy_365d_kwh,
    (2 + 80 * p.x ^ 5)::float8 as peak_kw_30d, (0.2 + 0.2 * p.x)::float8 as valley_share,
    (0.2 + 0.4 * p.x)::float8 as load_factor, (0.01 * p.x)::float8 as estimated_share_30d,
    date '2026-10-01' as last_bill_month, (1000 + 60000 * p.x ^ 5)::numeric(18, 2) as billed_12m_yuan,
    case when p.y > 0.93 then 100 + 4000 * p.x else 0 end::numeric(18, 2) as arrears_yuan,
    case when p.y > 0.93 then (5 + 120 * p.x)::int else 0 end as arrears_days,
    (0.9 + 0.1 * p.y)::float8 as on_time_payment_share, s.code as segment_code, s.zh as segment_name_zh,
    s.en as segment_name_en, date '2026-10-31' as data_as_of,
    (6 * p.x)::bigint as interactions_12m, date '2026-10-31' - (300 * p.x)::int as last_contact_date,
    (p.x > 0.9)::int::bigint as complaints_12m, (p.x > 0.97)::int::bigint as open_service_orders,
    case when p.y > 0.8 then '峰谷用电' end as products_zh, p.x < 0.7 as has_consent,
    case when p.y > 0.93 then '欠费' end as tags_zh
from generate_series(1, 1000) as i
cross join lateral (select pg_temp.chance('x' || i) as x, pg_temp.chance('y' || i) as y) as p
inner join lateral (select * from category offset (case when p.y < 0.75 then 0 when p.y < 0.9 then 1
    when p.y < 0.95 then 2 else 3 end) limit 1) as c on true
inner join marts.dim_organisation as o on o.org_no = '140010' || (1 + i % 3)
inner join (values (0, 'evening_peak', '晚峰型', 'Evening peak'), (1, 'daytime', '日间型', 'Daytime'),
    (2, 'flat', '平稳型', 'Flat round the clock'), (3, 'night', '夜间型', 'Night valley'),
    (4, 'two_peaks', '双峰型', 'Two peaks')) as s (n, code, zh, en)
    on s.n = case when p.y < 0.45 then 0 when p.y < 0.65 then 4 when p.y < 0.8 then 1 when p.y < 0.92 then 2 else 3 end;

create table marts.fct_bill as
select
    'B' || a.account_no || to_char(m, 'YYYYMM') as bill_no, a.account_no, a.org_no, a.station_name_zh,
    a.district_name_zh, a.usage_category, a.usage_category_zh, m::date as bill_month,
    (m + interval '1 month 4 days')::date as issued_date, (m + interval '1 month 24 days')::date as due_date,
    a.energy_30d_kwh as energy_kwh, (a.energy_30d_kwh * 0.6)::numeric(18, 2) as receivable_yuan,
    ((a.energy_30d_kwh * 0.6)::numeric(18, 2) - o.outstanding)::numeric(18, 2) as received_yuan,
    o.outstanding as outstanding_yuan, o.outstanding > 0 and m < '2026-10-01' as is_overdue,
    case when o.outstanding > 0 then greatest(0, date '2026-10-31' - (m + interval '1 month 24 days')::date) else 0 end
        as overdue_days, now() as built_at
from marts.customer_360 as a
cross join generate_series(date '2025-10-01', date '2026-10-01', interval '1 month') as m
cross join lateral (select case
    when pg_temp.chance(a.account_no || m) < case when m = '2026-10-01' then 0.4 else 0.03 end
        then (a.energy_30d_kwh * 0.6)::numeric(18, 2) else 0 end as outstanding) as o;

create table marts.fct_energy_balance_day as
with transformer as (
    select
        'transformer'::text as level_code, t.transformer_no as level_no, d::date as business_date, t.org_no,
        t.station_name_zh, t.district_name_zh, t.feeder_no,
        (t.rated_kva * 5.2 * (1 + 0.25 * cos((extract(doy from d)) * 4 * pi() / 365))
            * (0.92 + 0.16 * pg_temp.chance(t.transformer_no || d)))::numeric(18, 3) as supplied_kwh,
        case when t.transformer_no = 'T0007' and d > '2026-03-01' then 0.19 when t.transformer_no = 'T0019' then -0.03
            else 0.018 + 0.03 * pg_temp.chance('l' || t.transformer_no) + 0.008 * pg_temp.chance(t.transformer_no || d || 'l')
        end as rate
    from marts.dim_transformer as t
    cross join generate_series(date '2025-09-27', date '2026-10-31', interval '1 day') as d
    where t.transformer_no != 'T0030'
),
level as (
    select level_code, level_no, business_date, org_no, station_name_zh, district_name_zh, supplied_kwh,
        (supplied_kwh * (1 - rate))::numeric(18, 3) as sold_kwh from transformer
    union all
    select 'feeder', feeder_no, business_date, org_no, station_name_zh, district_name_zh,
        (sum(supplied_kwh) * 1.02)::numeric(18, 3), sum(supplied_kwh * (1 - rate))::numeric(18, 3)
    from transformer group by 2, 3, 4, 5, 6
    union all
    select 'station', org_no, business_date, org_no, station_name_zh, district_name_zh,
        (sum(supplied_kwh) * 1.02)::numeric(18, 3), sum(supplied_kwh * (1 - rate))::numeric(18, 3)
    from transformer group by 2, 3, 4, 5, 6
    union all
    select 'company', '1400', business_date, '1400', null, null,
        (sum(supplied_kwh) * 1.02)::numeric(18, 3), sum(supplied_kwh * (1 - rate))::numeric(18, 3)
    from transformer group by 3
)
select
    level_code, level_no, business_date, org_no, station_name_zh, district_name_zh, supplied_kwh, sold_kwh,
    supplied_kwh - sold_kwh as loss_kwh, round((supplied_kwh - sold_kwh) / supplied_kwh, 6) as loss_rate,
    round((supplied_kwh - sold_kwh) / supplied_kwh - 0.006, 6) as loss_rate_low,
    round((supplied_kwh - sold_kwh) / supplied_kwh + 0.006, 6) as loss_rate_high,
    (sold_kwh * 0.004)::numeric(18, 3) as estimated_kwh,
    case when (supplied_kwh - sold_kwh) / supplied_kwh > 0.1 then 'high_loss'
        when sold_kwh > supplied_kwh * 1.006 then 'negative_loss' else 'normal' end as balance_class,
    now() as built_at
from level
union all
select 'transformer', 'T0030', d::date, org_no, station_name_zh, district_name_zh, null, 812.4, null, null, null, null,
    3.2, 'unmeasured', now()
from marts.dim_transformer cross join generate_series(date '2026-10-01', date '2026-10-31', interval '1 day') as d
where transformer_no = 'T0030';

create table marts.fct_load_forecast_hour as
select
    l.level_code, l.level_no, h as hour_start_at, (h at time zone 'Asia/Shanghai')::date as business_date, '1400'::text as org_no,
    case when h < '2026-10-31 16:00Z' then k.kw * (0.97 + 0.06 * pg_temp.chance(h::text)) end as actual_kw,
    case when h >= '2026-10-31 16:00Z' then k.kw * 0.93 end as p10_kw,
    case when h >= '2026-10-31 16:00Z' then k.kw end as p50_kw,
    case when h >= '2026-10-31 16:00Z' then k.kw * 1.07 end as p90_kw,
    '2026.10.31-1'::text as model_version, '2026-10-31'::text as data_snapshot, false as is_fallback, now() as scored_at
from (values ('company', '1400', 1.0), ('feeder', 'F001', 0.2)) as l (level_code, level_no, share)
cross join generate_series('2026-10-17 16:00Z'::timestamptz, '2026-11-07 15:00Z'::timestamptz, interval '1 hour') as h
cross join lateral (select l.share * (2600
    + 900 * sin((extract(hour from h at time zone 'Asia/Shanghai') - 8) * pi() / 12)
    + 500 * sin((extract(hour from h at time zone 'Asia/Shanghai') - 3) * pi() / 6)
    - 350 * (extract(isodow from h at time zone 'Asia/Shanghai') > 5)::int) as kw) as k;

create table marts.rpt_forecast_accuracy as
select 'forecast'::text as task, '2026.10.31-1'::text as model_version, l as level_code, m.metric, m.model_value,
    m.baseline_value, (1 - m.model_value / m.baseline_value) as improvement_share, true as is_champion
from unnest(array['company', 'feeder', 'transformer']) as l
cross join (values ('mape', 0.041::float8, 0.062::float8), ('pinball', 51.0, 83.0)) as m (metric, model_value, baseline_value);

create table marts.fct_collection_day as
select
    d::date as business_date, t.transformer_no, t.org_no, t.station_name_zh, t.district_name_zh, c.due as points_due,
    c.due - c.missed as points_read, c.due - c.missed - (c.missed > 0)::int as points_complete, c.due * 96 as intervals_due,
    c.due * 96 - c.missed * 60 as intervals_actual, c.missed * 60 as intervals_estimated, now() as built_at
from marts.dim_transformer as t
cross join generate_series(date '2025-09-27', date '2026-10-31', interval '1 day') as d
cross join lateral (select 33 as due, case when d::date = '2026-05-17' and right(t.org_no, 1) = '3' then 14
    when pg_temp.chance('c' || d || t.transformer_no) > 0.86 then (4 * pg_temp.chance('m' || d || t.transformer_no))::int
    else 0 end as missed) as c;

create table marts.fct_quality_result as
select
    row_number() over (order by checked_at, e.expectation)::bigint as result_id, 'run-' || r as run_id, e.gate, e.suite, e.source, e.table_name,
    e.column_name, e.expectation, e.severity, not (e.fails and r = 12) as is_success,
    case when e.fails and r = 12 then e.observed else 'ok' end as observed,
    case when e.fails and r = 12 then 17 else 0 end::bigint as unexpected_count, '{}'::jsonb as details,
    date '2025-09-27' as range_from, date '2026-10-31' as range_to, e2.checked_at, r = 12 as is_latest
from generate_series(1, 12) as r
cross join lateral (select '2026-10-20 06:00Z'::timestamptz + r * interval '1 day' as checked_at) as e2
cross join (values
    ('arrival', 'cis', 'cis', 'bill', 'bill_no', 'expect_column_values_to_be_unique', 'critical', false, ''),
    ('arrival', 'cis', 'cis', 'payment', 'amount_yuan', 'expect_column_values_to_be_between', 'warning', true, '17 payments of zero yuan'),
    ('arrival', 'weather', 'weather', 'hourly', 'temperature_c', 'expect_column_values_to_be_between', 'warning', false, ''),
    ('between_layers', 'dbt', null, 'fct_bill', 'bill_no', 'unique', 'critical', false, ''),
    ('between_layers', 'dbt', null, 'fct_energy_balance_day', null, 'energy_in_equals_out_plus_loss', 'critical', false, ''),
    ('publication', 'marts', null, 'rpt_recovery_month', 'recovery_rate', 'expect_column_values_to_be_between', 'critical', false, ''),
    ('publication', 'marts', null, 'fct_collection_day', 'points_read', 'expect_collection_success_at_least', 'warning', true, '0.981 < 0.985'),
    ('publication', 'scores', null, 'fct_load_forecast_hour', 'p50_kw', 'expect_p10_below_p90', 'critical', false, '')
) as e (gate, suite, source, table_name, column_name, expectation, severity, fails, observed);

create table marts.fct_file as
select
    md5(d::text || f) as file_id, f || '_' || to_char(d, 'YYYYMMDD') || '.csv' as name, f as format,
    case when pg_temp.chance('f' || d || f) > 0.97 then 'refused' when pg_temp.chance('f' || d || f) > 0.85 then 'partly'
        else 'accepted' end as status, 1000::bigint as delivered_records,
    case when pg_temp.chance('f' || d || f) > 0.97 then 0 when pg_temp.chance('f' || d || f) > 0.85 then 990 else 1000 end::bigint as accepted_records,
    case when pg_temp.chance('f' || d || f) > 0.97 then 1 when pg_temp.chance('f' || d || f) > 0.85 then 10 else 0 end::bigint as quarantined_records,
    96000::bigint as readings, 1200000::bigint as size_bytes, d as first_at, d + interval '1 day' as last_at,
    null::text as message, d + interval '1 day 3 hours' as arrived_at
from generate_series('2026-10-01'::timestamptz, '2026-10-30'::timestamptz, interval '1 day') as d
cross join unnest(array['gridmart_csv', 'nem12']) as f;

create table marts.fct_quarantine as
select
    f.file_id, f.name as file_name, n as row_number, r.rule_code, r.reason, r.next_step,
    'P' || lpad((n * 37 % 1000)::text, 9, '0') as point_no, f.first_at::date as business_date, f.arrived_at::date as arrived_date
from marts.fct_file as f
cross join lateral generate_series(1, f.quarantined_records) as n
inner join lateral (select * from (values
    ('unknown_point', 'point is not in the register', 'register the point in CIS, then validate the date again'),
    ('negative', 'import energy below zero', 'ask the head-end for a new version of the reading'),
    ('future', 'timestamp lies ahead of arrival', 'correct the clock of the meter'),
    ('interval_mismatch', '48 values where 96 are due', 'check the interval length of the point')
) as v (rule_code, reason, next_step) offset (pg_temp.chance(f.file_id || n) ^ 2 * 4)::int % 4 limit 1) as r on true;

create view marts.rpt_publication as
select
    'amber'::text as status_code, '🟡 有警告 Warnings'::text as badge, '2 warnings: payment, fct_collection_day'::text as reason,
    date '2026-10-31' as data_as_of, '2026-11-01 06:12Z'::timestamptz as published_at, '2026-11-01 06:12Z'::timestamptz as checked_at;
