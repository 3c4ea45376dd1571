-- Marts with plausible made-up data: 3 stations, 5 feeders, 30 transformer areas, 13 months to 2026-10-31.
-- Columns are those of the published marts. Deterministic: md5 of the key stands in for chance.
set local timezone = 'UTC';

create or replace function pg_temp.chance(key text) returns float8 language sql immutable as
$$ select ('x' || substr(md5(key), 1, 8))::bit(32)::bigint::float8 / 4294967296.0 $$;

drop table if exists marts.dim_organisation, marts.dim_transformer, marts.customer_360, marts.fct_collection_day,
    marts.fct_bill, marts.fct_energy_balance_day, marts.rpt_recovery_month, marts.rpt_sales_month,
    marts.fct_load_forecast_hour, marts.rpt_forecast_accuracy, marts.fct_quality_result, marts.fct_quarantine,
    marts.fct_file, marts.fct_receivable, marts.fct_dunning, marts.rpt_payment_channel, marts.rpt_campaign_uplift,
    marts.fct_channel_funnel_hour, marts.fct_feedback, marts.rpt_product_portfolio, marts.fct_application_stage,
    marts.rpt_reliability_month, marts.fct_outage, marts.fct_repair, marts.fct_device_health,
    marts.fct_spot_price_hour, marts.rpt_purchase_sale_margin, marts.fct_contract_position_month,
    marts.fct_trade_settlement_day, marts.fct_demand_response, marts.fct_bill_difference,
    marts.rpt_billing_error_month, marts.rpt_tariff_impact, marts.rpt_silo_scorecard, marts.fct_exception,
    marts.rpt_collection_station_day, marts.rpt_collection_area_month, marts.rpt_loss_station_day,
    marts.rpt_loss_area_month, marts.fct_collection_task, marts.fct_collection_failure, marts.rpt_read_cycle,
    marts.rpt_meter_event_day, marts.rpt_customer_tag, marts.fct_interaction cascade;
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

create table marts.fct_receivable as
with bill as (
    select
        'B' || a.account_no || to_char(m, 'YYYYMM') as bill_no, a.account_no, a.org_no, a.station_name_zh,
        a.district_name_zh, a.usage_category, a.usage_category_zh, m::date as bill_month,
        (m + interval '1 month 4 days')::date as issued_date, (m + interval '1 month 24 days')::date as due_date,
        (a.energy_30d_kwh * 0.6)::numeric(18, 2) as receivable_yuan, o.outstanding as outstanding_yuan,
        o.outstanding > 0 and m < '2026-09-01' as is_overdue
    from marts.customer_360 as a
    cross join generate_series(date '2025-10-01', date '2026-10-01', interval '1 month') as m
    cross join lateral (select case
        when pg_temp.chance(a.account_no || m) < case when m = '2026-10-01' then 0.4 else 0.03 end
            then (a.energy_30d_kwh * 0.6)::numeric(18, 2) else 0 end as outstanding) as o
)
select
    'bill'::text as kind_code, bill_no as reference_no, bill.*, receivable_yuan - outstanding_yuan as received_yuan,
    0::numeric(18, 2) as overpaid_yuan, 0::numeric(18, 2) as unallocated_yuan, d.overdue_days,
    case when not is_overdue then null when d.overdue_days <= 30 then '1_30' when d.overdue_days <= 90 then '31_90'
        when d.overdue_days <= 180 then '91_180' when d.overdue_days <= 365 then '181_365' else 'over_365'
    end as ageing_code,
    (outstanding_yuan * d.overdue_days * 0.001)::numeric(18, 2) as late_fee_yuan, now() as built_at
from bill
cross join lateral (select case when is_overdue then date '2026-10-31' - due_date else 0 end as overdue_days) as d;

create table marts.fct_dunning as
select
    'U' || row_number() over (order by bill_no, n) as action_no, due_date + 7 * n as business_date, account_no, org_no,
    station_name_zh, district_name_zh, usage_category, bill_no,
    (array['sms', 'letter', 'notice', 'disconnection'])[n] as channel_code, outstanding_yuan as claimed_yuan,
    outstanding_yuan as unpaid_yuan,
    case when p.x > 0.6 then outstanding_yuan else 0 end::numeric(18, 2) as paid_7d_yuan,
    case when p.x > 0.05 then p.x > 0.6 end as is_paid_in_7_days, now() as built_at
from marts.fct_receivable
cross join generate_series(1, 4) as n
cross join lateral (select pg_temp.chance('u' || bill_no || n) as x) as p
where is_overdue and overdue_days >= 7 * n and p.x < 1.2 - 0.2 * n;

create table marts.rpt_payment_channel as
select
    m::date as report_month, c.channel_code, (c.share * (900 + 100 * p.x))::bigint as payments,
    (c.share * 900000 * (1 + 0.2 * p.x))::numeric(18, 2) as amount_yuan, c.share as amount_share, c.share as payment_share,
    (c.share * 900)::bigint as accounts, (c.days + 2 * p.x)::numeric(8, 2) as days_to_pay,
    (p.x * 2)::bigint as unallocated_payments, (p.x * 900)::numeric(18, 2) as unallocated_yuan, now() as built_at
from generate_series(date '2025-10-01', date '2026-10-01', interval '1 month') as m
cross join (values ('app', 0.45, 11), ('bank', 0.2, 14), ('counter', 0.15, 13), ('agent', 0.05, 8), ('auto_debit', 0.15, 5))
    as c (channel_code, share, days)
cross join lateral (select pg_temp.chance('p' || m || c.channel_code) as x) as p;

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

create table marts.rpt_loss_station_day as
select
    business_date, org_no, level_code, station_name_zh, district_name_zh, count(*) as members,
    count(loss_kwh) as members_measured, sum(supplied_kwh) as supplied_kwh,
    sum(sold_kwh) filter (where loss_kwh is not null) as sold_kwh, sum(loss_kwh) as loss_kwh, now() as built_at
from marts.fct_energy_balance_day
where level_code in ('station', 'feeder', 'transformer')
group by 1, 2, 3, 4, 5;

create table marts.rpt_loss_area_month as
select
    date_trunc('month', business_date)::date as loss_month, level_no as transformer_no, org_no, station_name_zh,
    district_name_zh, sum(supplied_kwh) as supplied_kwh, sum(sold_kwh) filter (where loss_kwh is not null) as sold_kwh,
    sum(loss_kwh) as loss_kwh, count(loss_kwh) as days_measured,
    count(*) filter (where balance_class in ('high_loss', 'negative_loss')) as days_abnormal, now() as built_at
from marts.fct_energy_balance_day
where level_code = 'transformer'
group by 1, 2, 3, 4, 5;

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

create table marts.rpt_collection_station_day as
select
    business_date, org_no, station_name_zh, district_name_zh, sum(points_due) as points_due, sum(points_read) as points_read,
    sum(points_complete) as points_complete, sum(intervals_due) as intervals_due, sum(intervals_actual) as intervals_actual,
    sum(intervals_estimated) as intervals_estimated, now() as built_at
from marts.fct_collection_day
group by 1, 2, 3, 4;

create table marts.rpt_collection_area_month as
select
    date_trunc('month', business_date)::date as collection_month, transformer_no, org_no, station_name_zh, district_name_zh,
    sum(points_due) as points_due, sum(points_read) as points_read, count(*) filter (where points_read < points_due) as days_missed,
    sum(intervals_due) as intervals_due, sum(intervals_actual) as intervals_actual,
    sum(intervals_estimated) as intervals_estimated, now() as built_at
from marts.fct_collection_day
group by 1, 2, 3, 4, 5;

create table marts.fct_collection_task as
select
    s.business_date, s.org_no, s.station_name_zh, s.district_name_zh, t.task_code, t.task_zh, t.task_en,
    (s.business_date + t.at) at time zone 'Asia/Shanghai' as planned_at, s.points_due as points_asked,
    (s.points_read * 0.975)::bigint as points_read_first, s.points_read, s.points_due - s.points_read as points_failed,
    3 as tries, now() as built_at
from marts.rpt_collection_station_day as s
cross join (values
    ('curve', '负荷曲线采集', 'Load curve', interval '6 hours'), ('curve', '负荷曲线采集', 'Load curve', interval '12 hours'),
    ('frozen', '日冻结示数采集', 'Daily frozen registers', interval '24 hours 30 minutes')) as t (task_code, task_zh, task_en, at);

create table marts.fct_collection_failure as
select
    t.business_date, t.org_no, t.station_name_zh, t.district_name_zh, t.task_code, t.task_zh, t.task_en, r.reason_code,
    r.reason_zh, r.reason_en, count(*) as tasks, sum(t.points_failed)::bigint as points_failed, now() as built_at
from marts.fct_collection_task as t
inner join (values
    ('terminal_offline', '终端离线', 'Terminal offline', 0), ('no_response', '电能表无应答', 'Meter does not answer', 1),
    ('incomplete', '数据不完整', 'Data incomplete', 2)) as r (reason_code, reason_zh, reason_en, n)
    on r.n = extract(day from t.business_date)::integer % 3
where t.points_failed > 0
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

create table marts.rpt_read_cycle as
select
    m::date as read_month, o.org_no, c.usage_category, o.station_name_zh, o.district_name_zh,
    (m + interval '1 month - 1 day')::date as reading_date, a.due as accounts_due, a.due - a.missed as accounts_read,
    ((a.due - a.missed)::numeric / a.due)::numeric(12, 6) as read_rate, now() as built_at
from generate_series(date '2025-10-01', date '2026-10-01', interval '1 month') as m
cross join marts.dim_organisation as o
cross join category as c
cross join lateral (select
    (330 * c.share)::bigint as due, (5 * pg_temp.chance('q' || m || o.org_no || c.usage_category) ^ 3)::bigint as missed) as a;

create table marts.rpt_meter_event_day as
select
    d::date as business_date, o.org_no, o.station_name_zh, o.district_name_zh, k.event_code, k.event_zh, k.event_en, k.is_end,
    n.events, (n.events - n.open) * (k.ends)::integer as events_ended, n.open as events_open,
    (case when k.ends and n.events > n.open then 1.5 * n.events end)::numeric(18, 3) as duration_hours, now() as built_at
from generate_series(date '2026-07-01', date '2026-10-31', interval '1 day') as d
cross join marts.dim_organisation as o
cross join (values
    ('power_off', '电能表停电', 'power off', false, true, 9), ('power_on', '电能表上电', 'power on', true, false, 9),
    ('cover_open', '电能表开表盖', 'meter cover opened', false, true, 1), ('clock_fault', '电能表时钟超差', 'clock is off', false, true, 3),
    ('magnetic_field', '恒定磁场干扰', 'magnetic field', false, false, 1)) as k (event_code, event_zh, event_en, is_end, ends, size)
cross join lateral (select pg_temp.chance('v' || d || o.org_no || k.event_code) as x) as p
cross join lateral (select (k.size * p.x)::bigint as events, (k.ends and p.x > 0.9 and d > '2026-10-01')::int::bigint as open) as n
where n.events > 0;

create table marts.rpt_customer_tag as
select
    t.tag_code, o.org_no, c.usage_category, o.station_name_zh, o.district_name_zh, c.usage_category_zh, t.tag_zh, t.tag_en,
    t.tag_group, t.measure_code, t.comparison, t.threshold::numeric(18, 4) as threshold, t.why_zh, t.why_en,
    (330 * c.share)::bigint as accounts,
    (330 * c.share * t.share * (0.7 + 0.6 * pg_temp.chance('z' || t.tag_code || o.org_no || c.usage_category)))::bigint
        as accounts_tagged,
    date '2026-10-31' as tagged_date, now() as built_at
from marts.dim_organisation as o
cross join category as c
cross join (values
    ('high_use', '用电大户', 'High use', 'use', 'energy_rank', 'at_least', 0.9, '近30天电量居本类别前一成', 'The top tenth', 0.1),
    ('no_use', '零电量', 'No use', 'use', 'energy_30d_kwh', 'at_most', 1, '空置或漏计', 'Empty or not metered', 0.03),
    ('in_arrears', '欠费', 'In arrears', 'payment', 'arrears_yuan', 'at_least', 0.01, '有任何逾期金额', 'Any overdue amount', 0.07),
    ('open_order', '工单在途', 'Order open', 'service', 'open_service_orders', 'at_least', 1, '办结之前不宜打扰', 'Do not disturb', 0.02),
    ('has_consent', '可触达', 'May be contacted', 'marketing', 'consents', 'at_least', 1, '至少同意一个渠道', 'A consent', 0.65)
) as t (tag_code, tag_zh, tag_en, tag_group, measure_code, comparison, threshold, why_zh, why_en, share);

create table marts.fct_interaction as
select
    'C' || n as interaction_no, d.date as business_date, o.org_no, o.station_name_zh, o.district_name_zh,
    'residential'::text as usage_category, k.channel_code, k.topic_code, k.topic_zh, k.topic_en,
    k.topic_code = 'complaint' as is_complaint, k.channel_code = 'hotline' and d.date > '2026-10-27' as is_open_order,
    (case when k.channel_code = 'hotline' then 40 * p.x end)::numeric(10, 2) as hours_to_finish, now() as built_at
from generate_series(1, 2000) as n
cross join lateral (select pg_temp.chance('i' || n) as x, pg_temp.chance('j' || n) as y) as p
cross join lateral (select date '2026-10-31' - (395 * p.y)::int as date) as d
inner join marts.dim_organisation as o on o.org_no = '140010' || (1 + n % 3)
inner join (values
    (0, 'app', 'bill_query', '查询电费', 'Bill looked up'), (1, 'app', 'online_payment', '在线缴费', 'Payment online'),
    (2, 'hotline', 'outage', '停电报修', 'Outage'), (3, 'hotline', 'complaint', '投诉', 'Complaint'),
    (4, 'counter', 'cash_payment', '现金缴费', 'Payment in cash'), (5, 'web', 'bill_download', '下载账单', 'Bill downloaded')
) as k (number, channel_code, topic_code, topic_zh, topic_en) on k.number = (6 * p.x)::int % 6;

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

create table marts.rpt_campaign_uplift as
select
    c.campaign_no, c.name_zh, c.name_en, c.product_code, c.channel_code, c.start_date, c.start_date + 27 as end_date,
    'ended'::text as status_code, true as is_final, 20000::numeric(18, 2) as budget_yuan, 300::bigint as targets,
    100::bigint as holdouts, 280::bigint as targets_contacted, 0::bigint as holdouts_contacted,
    2::bigint as contacted_without_consent, (300 * (0.05 + c.uplift))::bigint as targets_subscribed,
    5::bigint as holdouts_subscribed, 1::bigint as subscribed_unlisted, (0.05 + c.uplift)::numeric(12, 6) as target_rate,
    0.05::numeric(12, 6) as holdout_rate, c.uplift::numeric(12, 6) as uplift, (c.uplift - 0.05)::numeric(12, 6) as uplift_low,
    (c.uplift + 0.05)::numeric(12, 6) as uplift_high, c.uplift > 0.05 as is_significant,
    case when c.uplift > 0.05 then 'better' else 'not_shown' end as verdict_code,
    (300 * c.uplift)::numeric(18, 2) as additional_subscriptions,
    case when c.uplift > 0.05 then 20000 / (300 * c.uplift) end::numeric(18, 2) as cost_per_additional_yuan,
    now() as built_at
from (values
    ('CP1', '峰谷电价推广', 'Time of use', 'tou', 'app', date '2026-03-02', 0.12),
    ('CP2', '绿电套餐', 'Green power', 'green_power', 'phone', date '2026-05-04', 0.03),
    ('CP3', '节能诊断', 'Energy audit', 'audit', 'sms', date '2026-09-07', 0.07)
) as c (campaign_no, name_zh, name_en, product_code, channel_code, start_date, uplift);

create table marts.fct_channel_funnel_hour as
select
    h as hour_start_at, c as channel_code, s.step_code, (h at time zone 'Asia/Shanghai')::date as business_date,
    extract(hour from h at time zone 'Asia/Shanghai')::int as hour_of_day,
    (20 * s.share * pg_temp.chance(h || c))::bigint as steps, now() as built_at
from generate_series('2026-09-07 00:00Z'::timestamptz, '2026-09-11 14:00Z'::timestamptz, interval '1 hour') as h
cross join unnest(array['app', 'sms', 'phone']) as c
cross join (values ('contacted', 1.0), ('opened', 0.5), ('clicked', 0.25), ('subscribed', 0.1), ('unasked', 0.05)) as s (step_code, share);

create table marts.fct_feedback as
select
    'F' || n as feedback_id, date '2025-10-01' + (n % 395) as business_date, o.org_no, o.station_name_zh, o.district_name_zh,
    k.score, k.score >= 4 as is_satisfied, k.class_code, k.class_zh, k.class_en, k.tone_code, now() as built_at
from generate_series(1, 400) as n
inner join marts.dim_organisation as o on o.org_no = '140010' || (1 + n % 3)
cross join lateral (select * from (values
    (5, 'praise', '服务表扬', 'Praise', 'positive'), (4, 'fast', '处理及时', 'Fast', 'positive'),
    (3, 'indifferent', '评价一般', 'Indifferent', 'neutral'), (1, 'slow', '处理时效', 'Slow', 'negative')
) as v (score, class_code, class_zh, class_en, tone_code) offset (pg_temp.chance('f' || n) ^ 2 * 4)::int % 4 limit 1) as k;

create table marts.rpt_product_portfolio as
select
    p.product_code, p.zh as product_name_zh, p.en as product_name_en, m::date as portfolio_month,
    (p.size + 3 * extract(month from age(m, '2025-10-01')))::bigint as subscriptions, 4::bigint as new_subscriptions,
    1::bigint as ended_subscriptions, p.size::bigint as accounts, (300 * p.size)::numeric(18, 3) as energy_kwh,
    (p.size * p.price)::numeric(18, 2) as revenue_yuan, 0.25::numeric(12, 6) as subscription_share, now() as built_at
from generate_series(date '2025-10-01', date '2026-10-01', interval '1 month') as m
cross join (values ('audit', '节能诊断', 'Energy audit', 12, 2000), ('charging', '智能充电桩', 'Smart charging', 40, 30),
    ('pv', '光伏代运维', 'PV operation', 25, 120)) as p (product_code, zh, en, size, price);

create table marts.fct_application_stage as
select
    'A' || n as application_no, s.number as stage_number, 'new_low_voltage'::text as kind_code, o.org_no,
    o.station_name_zh, o.district_name_zh, s.code as stage_code, s.zh as stage_name_zh,
    date '2025-10-10' + n + 4 * s.number as business_date, s.days as limit_days, w.days as working_days,
    w.days > s.days as is_late, n > 370 and s.number = 5 as is_open, 'done'::text as status_code, now() as built_at
from generate_series(1, 380, 4) as n
inner join marts.dim_organisation as o on o.org_no = '140010' || (1 + n % 3)
cross join (values (1, '10', '受理申请', 1), (2, '20', '现场勘查', 3), (3, '30', '答复供电方案', 3), (4, '60', '装表接电', 5),
    (5, '70', '资料归档', 2)) as s (number, code, zh, days)
cross join lateral (select ceil(s.days * 1.15 * pg_temp.chance('s' || n || s.code) ^ 0.5)::bigint as days) as w;

create table marts.rpt_reliability_month as
select
    m::date as report_month, o.org_no, o.org_type, o.station_name_zh, o.district_name_zh, 333::bigint as customers,
    333 * 720::numeric(18, 4) as customer_hours, (333 * 2 * p.x)::numeric(18, 4) as customer_hours_lost,
    (333 * p.x)::numeric(18, 4) as customer_hours_lost_by_fault, 4::bigint as outages, 2::bigint as faults,
    (333 * 0.6 * p.x)::bigint as interruptions, (1 - 2 * p.x / 720)::numeric(12, 8) as reliability_rate,
    (2 * p.x)::numeric(12, 6) as saidi_hours, (0.6 * p.x)::numeric(12, 6) as saifi, (1 + p.x)::numeric(12, 4) as mttr_hours,
    now() as built_at
from generate_series(date '2025-10-01', date '2026-10-01', interval '1 month') as m
cross join marts.dim_organisation as o
cross join lateral (select pg_temp.chance('r' || m || o.org_no) as x) as p;

create table marts.fct_outage as
select
    'O' || n as outage_no, k.kind as outage_kind, 'transformer'::text as equipment_kind, t.transformer_no, t.feeder_no,
    t.org_no, t.station_name_zh, t.district_name_zh, k.zh as cause_zh, 30 as customers, d.date as business_date,
    (8 * p.x)::numeric(12, 4) as outage_hours, (240 * p.x)::numeric(18, 4) as customer_hours_lost,
    case when k.kind = 'planned' then p.x > 0.8 end as is_overrun, 'restored'::text as status_code, now() as built_at
from generate_series(1, 120) as n
cross join lateral (select pg_temp.chance('o' || n) as x) as p
cross join lateral (select date '2025-10-01' + 3 * n as date) as d
inner join marts.dim_transformer as t on t.transformer_no = 'T' || lpad((1 + n % 30)::text, 4, '0')
inner join (values (0, 'planned', '计划检修'), (1, 'fault', '外力破坏'), (2, 'planned', '业扩接火'), (3, 'fault', '雷击'))
    as k (number, kind, zh) on k.number = n % 4;

create table marts.fct_repair as
select
    'R' || outage_no as order_no, transformer_no, feeder_no, org_no, station_name_zh, district_name_zh, cause_zh,
    business_date, 6::numeric(12, 2) as dispatch_minutes, 30::numeric(12, 2) as arrival_minutes,
    (60 * outage_hours)::numeric(12, 2) + 30 as repair_minutes, 'repaired'::text as status_code, now() as built_at
from marts.fct_outage
where outage_kind = 'fault';

create table marts.fct_device_health as
select
    t.transformer_no, d::date as business_date, t.feeder_no, t.org_no, t.station_name_zh, t.district_name_zh, t.rated_kva,
    24::bigint as hours_observed, (t.rated_kva * p.x)::numeric(12, 3) as peak_kva, p.x::numeric(12, 6) as load_factor,
    (0.3 * p.x)::numeric(12, 6) as imbalance_share, 0.95::numeric(12, 6) as power_factor, (228 - 10 * p.x)::numeric(6, 1) as lowest_v,
    236::numeric(6, 1) as highest_v, (40 + 40 * p.x)::numeric(5, 1) as peak_oil_c, (p.x > 0.98)::int::bigint as alarms,
    case when p.x >= 1 then 'overloaded' when p.x >= 0.8 then 'heavy' else 'normal' end as health_class, now() as built_at
from marts.dim_transformer as t
cross join generate_series(date '2026-08-01', date '2026-10-31', interval '1 day') as d
cross join lateral (select 0.3 + 0.75 * pg_temp.chance('h' || t.transformer_no) ^ 2 * pg_temp.chance('d' || d || t.transformer_no) ^ 0.2 as x) as p;

create table marts.fct_spot_price_hour as
select
    h as hour_start_at, (h at time zone 'Asia/Shanghai')::date as business_date, p.price::numeric(12, 2) as day_ahead_yuan_mwh,
    (p.price * (0.85 + 0.3 * pg_temp.chance('rt' || h)))::numeric(12, 2) as real_time_yuan_mwh, now() as built_at
from generate_series('2026-08-31 16:00Z'::timestamptz, '2026-10-31 15:00Z'::timestamptz, interval '1 hour') as h
cross join lateral (select 300 - 120 * cos((extract(hour from h at time zone 'Asia/Shanghai') - 19) * pi() / 12 + pi()) as price) as p;

create table marts.rpt_purchase_sale_margin as
with sold as (
    select sales_month, sum(energy_kwh) as kwh, sum(revenue_yuan) as yuan from marts.rpt_sales_month group by 1
)
select
    sales_month as report_month, 30 as days_settled, (1.04 * kwh)::numeric(18, 3) as purchased_kwh,
    (0.37 * 1.04 * kwh)::numeric(18, 2) as purchase_yuan, kwh as sold_kwh, yuan as revenue_yuan,
    (yuan - 0.37 * 1.04 * kwh)::numeric(18, 2) as margin_yuan, now() as built_at
from sold;

create table marts.fct_contract_position_month as
select
    m::date as delivery_month, k.kind as contract_kind, 2::bigint as contracts, (6000 * k.share)::numeric(18, 3) as energy_mwh,
    (6000 * k.share * k.price)::numeric(18, 2) as amount_yuan, k.price::numeric(12, 2) as average_price_yuan_mwh, now() as built_at
from generate_series(date '2026-01-01', date '2026-12-01', interval '1 month') as m
cross join (values ('annual', 0.6, 372), ('monthly', 0.3, 380), ('green', 0.1, 350)) as k (kind, share, price);

create table marts.fct_trade_settlement_day as
select
    d::date as business_date, 200::numeric(16, 3) as contract_mwh, (200 + p.off)::numeric(16, 3) as actual_mwh,
    p.off::numeric(16, 3) as deviation_mwh, (p.off / 200)::numeric(12, 6) as deviation_share, 74000::numeric(18, 2) as contract_yuan,
    (310 * p.off)::numeric(18, 2) as spot_yuan, greatest(0, abs(p.off) - 20)::numeric(18, 2) as deviation_fee_yuan,
    'confirmed'::text as status_code, now() as built_at
from generate_series(date '2026-01-01', date '2026-10-30', interval '1 day') as d
cross join lateral (select 60 * pg_temp.chance('e' || d) - 25 as off) as p;

create table marts.fct_demand_response as
select
    'DR' || n as event_no, 'M' || c as participant_code, date '2026-07-01' + 5 * n as business_date,
    (array['heat', 'shortage'])[1 + n % 2] as reason_code, '1400101'::text as org_no, r.code as reply_code,
    case when r.code = 'accepted' then 200 end::numeric(12, 1) as bid_kw,
    case when r.code = 'accepted' then 220 * pg_temp.chance('k' || n || c) ^ 0.3 end::numeric(12, 1) as delivered_kw,
    case when r.code = 'accepted' then 500 end::numeric(18, 2) as settled_yuan, 'settled'::text as status_code, now() as built_at
from generate_series(1, 6) as n
cross join generate_series(1, 12) as c
cross join lateral (select (array['accepted', 'accepted', 'declined', 'no_reply'])[1 + (4 * pg_temp.chance('y' || n || c))::int % 4] as code) as r;

create table marts.fct_bill_difference as
select
    r.account_no, r.bill_month, r.bill_no, k.code as cause_code, r.org_no, r.station_name_zh, r.district_name_zh,
    r.usage_category, r.usage_category_zh, (k.yuan * (0.5 + p.x))::numeric(18, 2) as difference_yuan,
    0.05::numeric(18, 2) as tolerance_yuan, abs(k.yuan) > 1 as is_wrong, now() as built_at
from marts.fct_receivable as r
cross join lateral (select pg_temp.chance('w' || r.bill_no) as x) as p
inner join (values (0, 'multiplier', 900), (1, 'tariff_version', 40), (2, 'tier', -25), (3, 'rounding', 0.01), (4, 'duplicate', 210))
    as k (number, code, yuan) on k.number = (10000 * p.x)::int % 5
where p.x < 0.02;

create table marts.rpt_billing_error_month as
select
    r.bill_month, r.org_no, r.usage_category, max(r.station_name_zh) as station_name_zh,
    max(r.district_name_zh) as district_name_zh, count(distinct r.bill_no) as bills_issued,
    count(distinct w.bill_no) as bills_wrong, (r.bill_month = '2026-05-01')::int::bigint as bills_missing,
    coalesce(sum(abs(w.difference_yuan)), 0)::numeric(18, 2) as wrong_yuan,
    (count(distinct w.bill_no)::numeric / count(distinct r.bill_no))::numeric(12, 6) as billing_error_rate, now() as built_at
from marts.fct_receivable as r
left join marts.fct_bill_difference as w on w.bill_no = r.bill_no and w.is_wrong
group by r.bill_month, r.org_no, r.usage_category;

create table marts.rpt_tariff_impact as
select
    'flat_price'::text as proposal_code, '统一电价'::text as proposal_name_zh, l.level_code, l.level_no, 1 as accounts, 12 as bills,
    a.energy_365d_kwh as energy_kwh, a.billed_12m_yuan as present_yuan,
    (a.billed_12m_yuan * (0.9 + 0.3 * a.valley_share))::numeric(18, 2) as proposed_yuan,
    (a.billed_12m_yuan * (0.3 * a.valley_share - 0.1))::numeric(18, 2) as change_yuan, 0.3 * a.valley_share - 0.1 as change_share,
    1 as accounts_paying_more, now() as built_at
from marts.customer_360 as a
cross join lateral (values ('account', a.account_no), ('usage_category', a.usage_category)) as l (level_code, level_no)
where l.level_code = 'account' or a.account_no <= '1400000040';

create table marts.rpt_silo_scorecard as
select
    date '2026-10-31' as business_date, v.entity as entity_code, v.reference as reference_system, v.other as other_system,
    'keys'::text as unit, v.value::numeric(18, 3) as reference_value, (v.value - v.lacking)::numeric(18, 3) as other_value,
    (-v.lacking)::numeric(18, 3) as difference, (-v.lacking / v.value)::numeric(12, 6) as difference_share,
    v.lacking::bigint as only_reference, 0::bigint as only_other,
    case when v.lacking = 0 then 'agree' else 'differ' end as verdict_code, now() as built_at
from (values ('account', 'cis', 'crm', 1000.0, 3), ('point', 'cis', 'ami', 1012.0, 0), ('transformer', 'network', 'ami', 30.0, 1))
    as v (entity, reference, other, value, lacking);

create table marts.fct_exception as
select
    r.rule_code, r.entity_code, 'N' || n as entity_no, ''::text as detail_no, 'cis'::text as source_name, r.source_table,
    date '2026-10-31' - n as business_date, r.name_zh, r.name_en, r.next_step_zh, r.next_step_en, now() as built_at
from generate_series(1, 9) as n
inner join (values
    (0, 'two_contracts', 'account', 'cis.c_contract', '同一户号同时有两份有效合同', 'Two contracts at once', '终止其中一份合同', 'End one of them'),
    (1, 'point_without_transformer', 'point', 'network.pms_tran_point', '在用客户计量点没有台区', 'Point without a transformer',
        '现场核对户变关系并补录', 'Check on site'),
    (2, 'payment_without_bill', 'payment', 'cis.a_pay_flow', '缴费没有对应账单', 'Payment that no bill asks for', '找到所属账单，或退费', 'Find its bill')
) as r (number, rule_code, entity_code, source_table, name_zh, name_en, next_step_zh, next_step_en) on r.number = n % 3;

create view marts.rpt_publication as
select
    'amber'::text as status_code, '🟡 有警告 Warnings'::text as badge, '2 warnings: payment, fct_collection_day'::text as reason,
    date '2026-10-31' as data_as_of, '2026-11-01 06:12Z'::timestamptz as published_at, '2026-11-01 06:12Z'::timestamptz as checked_at;
