-- Small candidate marts that meet every publication suite, and the raw tables that the suites reconcile with.
create table raw_cis.c_cust (cust_id bigint, cust_name text);
create table raw_cis.c_cons (cons_no text, cust_id bigint);
create table raw_cis.e_bill (calc_id text, t_amt numeric(18, 2));
create table raw_cis.a_pay_flow (charge_id text, calc_id text, rcv_amt numeric(18, 2));
insert into raw_cis.c_cust values (1, '张三丰');
insert into raw_cis.c_cons values ('0000000001', 1);
insert into raw_cis.e_bill values ('B1', 100.10), ('B2', 50.00);
insert into raw_cis.a_pay_flow values ('Y1', 'B1', 60.10), ('Y2', 'B2', 50.00);

create table marts_candidate.dim_date as
select d::date as business_date, 'workday'::text as day_type from generate_series(date '2025-11-01', '2026-11-01', '1 day') d;
create table marts_candidate.dim_organisation as
select * from (values ('1400', '公司', 'company'), ('1400101', '一所', 'station')) as t (org_no, org_name_zh, org_type);
create table marts_candidate.dim_account as select 'K1'::text as account_key, '0000000001'::text as account_no,
    '1400101'::text as org_no, true as is_current, '张**'::text as customer_name_masked;
create table marts_candidate.dim_metering_point as
select 'M1'::text as point_key, 'P000000001'::text as point_no, 1 as multiplier, true as is_current;
create table marts_candidate.dim_transformer as
select 'T0001'::text as transformer_no, 'F001'::text as feeder_no, 400::numeric as rated_kva;
create table marts_candidate.customer_360 as select '0000000001'::text as account_no, 0.2 as valley_share,
    0.4 as load_factor, 0.0 as estimated_share_30d, 1.0 as on_time_payment_share, 40.00::numeric(18, 2) as arrears_yuan,
    10::numeric(18, 3) as energy_30d_kwh;
create table marts_candidate.fct_point_day as
select 'P000000001'::text as point_no, d::date as business_date, 'customer'::text as point_kind,
    '0000000001'::text as account_no, 10::numeric(18, 3) as import_kwh, 1::numeric(18, 3) as import_kvarh, 0::numeric(18, 3) as sharp_kwh,
    4::numeric(18, 3) as peak_kwh, 3::numeric(18, 3) as flat_kwh, 3::numeric(18, 3) as valley_kwh,
    0::numeric(18, 3) as deep_valley_kwh, 96 as intervals_due, 95 as intervals_actual, 1 as intervals_estimated,
    timestamptz '2026-11-01' as built_at
from generate_series(date '2026-10-29', '2026-10-31', '1 day') d;
create index on marts_candidate.fct_point_day (business_date);
create table marts_candidate.fct_transformer_load_hour as select 'T0001'::text as transformer_no,
    timestamptz '2026-10-31' as hour_start_at, date '2026-10-31' as business_date, 5.0 as load_kw, 0.01 as load_rate,
    now() as built_at;
create table marts_candidate.fct_feeder_load_hour as select 'F001'::text as feeder_no,
    timestamptz '2026-10-31' as hour_start_at, date '2026-10-31' as business_date, 5.0 as load_kw, now() as built_at;
create table marts_candidate.fct_weather_hour as
select '14001'::text as station_code, timestamptz '2026-10-31' as hour_start_at, 12.5 as temperature_c;
create table marts_candidate.fct_collection_day as select date '2026-10-31' as business_date, 'T0001'::text as transformer_no,
    1 as points_due, 1 as points_read, 1 as points_complete, 96 as intervals_due, now() as built_at;
create table marts_candidate.fct_bill as
select * from (values ('B1', '0000000001', date '2026-10-01', 100.10::numeric(18, 2), 60.10::numeric(18, 2), 40.00::numeric(18, 2),
    0.00::numeric(18, 2)), ('B2', '0000000001', '2026-09-01', 50.00, 50.00, 0.00, 0.00))
    as t (bill_no, account_no, bill_month, receivable_yuan, received_yuan, outstanding_yuan, overpaid_yuan);
create table marts_candidate.fct_payment as
select * from (values ('Y1', 60.10::numeric(18, 2)), ('Y2', 50.00)) as t (payment_no, amount_yuan);
create table marts_candidate.fct_energy_balance_day as
select l.level_code, l.level_no, d::date as business_date, 105::numeric(18, 3) as supplied_kwh,
    100::numeric(18, 3) as sold_kwh, 5::numeric(18, 3) as loss_kwh, 0.0476 as loss_rate, 'normal'::text as balance_class,
    now() as built_at
from generate_series(date '2026-10-29', '2026-10-31', '1 day') d
cross join (values ('company', '1400'), ('station', '1400101'), ('feeder', 'F001'), ('transformer', 'T0001'))
    as l (level_code, level_no);
create table marts_candidate.rpt_recovery_month as select date '2026-10-01' as bill_month, '1400101'::text as org_no,
    'residential'::text as usage_category, 100.10::numeric(18, 2) as receivable_yuan, 60.10::numeric(18, 2) as received_yuan,
    40.00::numeric(18, 2) as outstanding_yuan, 0.00::numeric(18, 2) as overpaid_yuan, 0.6004 as recovery_rate;
create table marts_candidate.rpt_sales_month as select date '2026-10-01' as sales_month, '1400101'::text as org_no,
    'residential'::text as usage_category, 'A00'::text as industry_code, '0.4kV'::text as voltage_code, 200::numeric(18, 3) as energy_kwh, 0.5 as average_price_yuan, 100.00::numeric(18, 2) as revenue_yuan;
create table marts_candidate.fct_load_forecast_hour as select 'company'::text as level_code, '1400'::text as level_no,
    timestamptz '2026-11-01' as hour_start_at, 4.0 as p10_kw, 5.0 as p50_kw, 6.0 as p90_kw;
create table marts_candidate.rpt_forecast_accuracy as select 'load'::text as task, 'v1'::text as model_version,
    'company'::text as level_code, 'wape'::text as metric, 0.2 as improvement_share, true as is_champion;
create table marts_candidate.rpt_segment as select 'flat'::text as segment_code, 1 as accounts;
create table marts_candidate.fct_quarantine as select 'negative'::text as rule_code, 'value below zero'::text as reason;
create table marts_candidate.fct_file as select 'f1'::text as file_id, 'accepted'::text as status;
create table marts_candidate.dim_campaign as select 'C1'::text as campaign_no, 0.1 as holdout_share;
create table marts_candidate.fct_campaign_exposure as select 'T1'::text as target_id, 'target'::text as group_code,
    10::numeric(18, 3) as energy_before_kwh, 9::numeric(18, 3) as energy_after_kwh;
create table marts_candidate.rpt_campaign_uplift as select 'C1'::text as campaign_no, 0.2 as target_rate, 0.1 as holdout_rate,
    0.02 as uplift_low, 0.18 as uplift_high;
create table marts_candidate.fct_channel_funnel_hour as select timestamptz '2026-10-01' as hour_start_at,
    'app'::text as channel_code, 'contact'::text as step_code, 3 as steps;
create table marts_candidate.fct_feedback as select 1 as feedback_id, 5 as score;
create table marts_candidate.fct_interaction as select 'I1'::text as interaction_no, 2.5 as hours_to_finish,
    date '2026-10-31' as business_date, '投诉'::text as topic_zh, 'app'::text as channel_code, 'S1'::text as order_no,
    'dispatched'::text as order_status_code, true as is_open_order;
create table marts_candidate.rpt_product_portfolio as select 'P1'::text as product_code, date '2026-10-01' as portfolio_month,
    2 as subscriptions, 20::numeric(18, 2) as revenue_yuan, 1.0 as subscription_share;
create table marts_candidate.customer_tag as select '0000000001'::text as account_no, 'in_arrears'::text as tag_code,
    '欠费'::text as tag_zh, 40::numeric(18, 4) as evidence_value, 'at_least'::text as comparison,
    0.01::numeric(18, 4) as threshold;
create table marts_candidate.rpt_customer_tag as select 'in_arrears'::text as tag_code, '1400101'::text as org_no,
    'residential'::text as usage_category, '欠费'::text as tag_zh, 'In arrears'::text as tag_en, '有逾期金额'::text as why_zh,
    'Any overdue amount'::text as why_en, 1::bigint as accounts, 1::bigint as accounts_tagged,
    date '2026-10-31' as tagged_date;
create table marts_candidate.fct_receivable as
select * from (values
    ('bill', 'B1', 'B1', date '2026-10-20', 100.10::numeric(18, 2), 60.10::numeric(18, 2), 40.00::numeric(18, 2),
        0.00::numeric(18, 2), 0.00::numeric(18, 2), true, 11, '1_30', 0.44::numeric(18, 2)),
    ('bill', 'B2', 'B2', '2026-09-20', 50.00, 50.00, 0.00, 0.00, 0.00, false, 0, null, 0.00))
    as t (kind_code, reference_no, bill_no, due_date, receivable_yuan, received_yuan, outstanding_yuan, overpaid_yuan,
        unallocated_yuan, is_overdue, overdue_days, ageing_code, late_fee_yuan);
create table marts_candidate.fct_arrears_day as select d::date as business_date, 'B1'::text as bill_no,
    40.00::numeric(18, 2) as unpaid_yuan, d::date - date '2026-10-20' as overdue_days, '1_30'::text as ageing_code,
    0.44::numeric(18, 2) as late_fee_yuan
from generate_series(date '2026-10-30', '2026-10-31', '1 day') d;
create table marts_candidate.fct_dunning as select 'U1'::text as action_no, date '2026-10-25' as business_date,
    'sms'::text as channel_code, timestamptz '2026-10-25' as acted_at, 40.00::numeric(18, 2) as unpaid_yuan,
    0.00::numeric(18, 2) as paid_7d_yuan, false as is_paid_in_7_days, null::timestamptz as reconnected_at;
create table marts_candidate.rpt_payment_channel as select date '2026-10-01' as report_month, 'app'::text as channel_code,
    2::bigint as payments, 110.10::numeric(18, 2) as amount_yuan, 1.0 as amount_share, 1.0 as payment_share,
    0.00::numeric(18, 2) as unallocated_yuan;
create table marts_candidate.fct_exception (rule_code text, entity_no text, detail_no text, name_zh text,
    next_step_zh text, name_en text, next_step_en text, source_table text, business_date date);
create table marts_candidate.rpt_silo_scorecard as select date '2026-10-31' as business_date, 'account'::text as entity_code,
    'cis'::text as reference_system, 'ami'::text as other_system, 'keys'::text as unit, 20::numeric as reference_value,
    20::numeric as other_value, 0::numeric as difference, 0::bigint as only_reference, 0::bigint as only_other,
    'a'::text as reference_hash, 'a'::text as other_hash, 'agree'::text as verdict_code;
create table marts_candidate.fct_shadow_bill as select '0000000001'::text as account_no, date '2026-10-01' as bill_month,
    'calculated'::text as status_code, 0::numeric(18, 2) as capacity_yuan, 0::numeric(18, 2) as demand_yuan,
    95::numeric(18, 2) as energy_yuan, 0::numeric(18, 2) as power_factor_yuan, 5::numeric(18, 2) as levies_yuan,
    0::numeric(18, 2) as minimum_yuan, 0::numeric(18, 2) as rounding_yuan, 100::numeric(18, 2) as shadow_yuan,
    100.10::numeric(18, 2) as issued_yuan, 0.10::numeric(18, 2) as difference_yuan, now() as built_at;
create table marts_candidate.fct_shadow_bill_line as
select '0000000001'::text as account_no, date '2026-10-01' as bill_month, l.*
from (values (1, 'energy', 95::numeric(18, 2)), (2, 'levies', 5)) as l (line_no, line_kind_code, amount_yuan);
create table marts_candidate.fct_bill_line as
select * from (values ('B1', 1, date '2026-10-01', 100.10::numeric(18, 2)), ('B2', 1, '2026-09-01', 50.00))
    as l (bill_no, line_no, bill_month, amount_yuan);
create table marts_candidate.fct_bill_difference as select '0000000001'::text as account_no, date '2026-10-01' as bill_month,
    'B1'::text as bill_no, 'levy'::text as cause_code, 0.10::numeric(18, 2) as difference_yuan,
    0.05::numeric(18, 2) as tolerance_yuan, true as is_wrong;
create table marts_candidate.rpt_billing_error_month as select date '2026-10-01' as bill_month, '1400101'::text as org_no,
    'residential'::text as usage_category, 2::bigint as bills_issued, 0::bigint as bills_wrong, 0::bigint as bills_missing,
    0.0 as billing_error_rate;
create table marts_candidate.dim_identity as select 'account/cis/1/1'::text as identity_key, 'same_key'::text as rule_code,
    1.0 as confidence;
create table marts_candidate.dim_feeder as select 'F001'::text as feeder_no, 1::bigint as transformers, 400::numeric as rated_kva;
create table marts_candidate.dim_kpi as select 'read_rate'::text as kpi_code, '抄表率'::text as name_zh, 'Read rate'::text as name_en,
    '实抄 / 应抄'::text as formula_zh, 'Read / due'::text as formula_en, 'rpt_read_cycle'::text as mart, 'sum(1)'::text as expression;
create table marts_candidate.dim_point_transformer as select 'P000000001'::text as point_no, 'T0001'::text as transformer_no,
    date '2020-01-01' as valid_from, null::date as valid_to, true as is_current;
create table marts_candidate.dim_tariff as select 'A-20200101'::text as tariff_key, 'A'::text as tariff_code, true as is_current,
    0.5 as flat_price_yuan_per_kwh, 'surcharge'::text as tier_price_kind;
create table marts_candidate.fct_register_day as select 'P000000001'::text as point_no, date '2026-10-31' as business_date,
    'agrees'::text as status_code, 10::numeric(18, 3) as register_total_kwh, 0::numeric(18, 3) as register_sharp_kwh,
    4::numeric(18, 3) as register_peak_kwh, 3::numeric(18, 3) as register_flat_kwh, 3::numeric(18, 3) as register_valley_kwh,
    0::numeric(18, 3) as register_deep_valley_kwh, 0::numeric(18, 3) as sum_difference_kwh, now() as built_at;
create table marts_candidate.rpt_collection_station_day as select business_date, '1400101'::text as org_no, points_due, points_read,
    points_complete, intervals_due, 95 as intervals_actual, 1 as intervals_estimated, now() as built_at
from marts_candidate.fct_collection_day;
create table marts_candidate.rpt_collection_area_month as select date '2026-10-01' as collection_month, transformer_no, points_due,
    points_read, 0::bigint as days_missed, intervals_due, 95 as intervals_actual, 1 as intervals_estimated
from marts_candidate.fct_collection_day;
create table marts_candidate.rpt_loss_station_day as select business_date, '1400101'::text as org_no, level_code, 1::bigint as members,
    1::bigint as members_measured, supplied_kwh, sold_kwh, loss_kwh, now() as built_at
from marts_candidate.fct_energy_balance_day
where level_code <> 'company';
create table marts_candidate.rpt_loss_area_month as select date '2026-10-01' as loss_month, level_no as transformer_no,
    sum(supplied_kwh) as supplied_kwh, sum(sold_kwh) as sold_kwh, sum(loss_kwh) as loss_kwh, count(*) as days_measured,
    0::bigint as days_abnormal
from marts_candidate.fct_energy_balance_day
where level_code = 'transformer'
group by 2;
create table marts_candidate.fct_collection_task as select date '2026-10-31' as business_date, '1400101'::text as org_no,
    'curve'::text as task_code, '负荷曲线采集'::text as task_zh, timestamptz '2026-10-31' as planned_at, 9::bigint as points_asked,
    7::bigint as points_read_first, 8::bigint as points_read, 1::bigint as points_failed, now() as built_at;
create table marts_candidate.fct_collection_failure as select business_date, org_no, task_code, 'no_response'::text as reason_code,
    '电能表无应答'::text as reason_zh, points_failed, now() as built_at
from marts_candidate.fct_collection_task;
create table marts_candidate.fct_meter_event as select 'P000000001'::text as point_no, 'M1'::text as meter_no, 'power_off'::text as event_code,
    '电能表停电'::text as event_zh, timestamptz '2026-10-31' as occurred_at, date '2026-10-31' as business_date,
    timestamptz '2026-10-31 02:00' as ended_at, 2::numeric(12, 3) as duration_hours;
create table marts_candidate.rpt_meter_event_day as select business_date, '1400101'::text as org_no, event_code, false as is_end,
    1::bigint as events, 1::bigint as events_ended, 0::bigint as events_open
from marts_candidate.fct_meter_event;
create table marts_candidate.rpt_read_cycle as select date '2026-10-01' as read_month, '1400101'::text as org_no,
    'residential'::text as usage_category, date '2026-10-31' as reading_date, 4::bigint as accounts_due, 3::bigint as accounts_read,
    0.75::numeric(12, 6) as read_rate;
create table marts_candidate.fct_application_stage as select 'A1'::text as application_no, 1 as stage_number,
    timestamptz '2026-10-26' as began_at, null::timestamptz as ended_at, date '2026-10-26' as business_date, 2 as limit_days,
    4::bigint as working_days, true as is_late, true as is_open, 'running'::text as status_code;
create table marts_candidate.fct_contract_position_month as select date '2026-12-01' as delivery_month, 'annual'::text as contract_kind,
    1::bigint as contracts, 100::numeric(18, 3) as energy_mwh, 37000::numeric(18, 2) as amount_yuan,
    370::numeric(12, 2) as average_price_yuan_mwh;
create table marts_candidate.fct_demand_response as select 'DR1'::text as event_no, 'M1'::text as participant_code,
    date '2026-10-31' as business_date, 'accepted'::text as reply_code, 100::numeric as bid_kw, 500::numeric(18, 2) as settled_yuan;
create table marts_candidate.fct_device_health as select 'T0001'::text as transformer_no, date '2026-10-31' as business_date,
    24::bigint as hours_observed, 330::numeric as peak_kva, 0.825 as load_factor, 0.1 as imbalance_share, 0::bigint as alarms,
    'heavy'::text as health_class;
create table marts_candidate.fct_outage as select 'O1'::text as outage_no, 'fault'::text as outage_kind, 30 as customers,
    timestamptz '2026-10-31 02:00' as start_at, timestamptz '2026-10-31 04:00' as end_at, date '2026-10-31' as business_date,
    2::numeric(12, 4) as outage_hours, 60::numeric(18, 4) as customer_hours_lost;
create table marts_candidate.fct_repair as select 'R1'::text as order_no, date '2026-10-31' as business_date,
    5::numeric(12, 2) as dispatch_minutes, 30::numeric(12, 2) as arrival_minutes, 120::numeric(12, 2) as repair_minutes,
    'repaired'::text as status_code;
create table marts_candidate.fct_spot_price_hour as select timestamptz '2026-10-31' as hour_start_at, date '2026-10-31' as business_date,
    300::numeric as day_ahead_yuan_mwh, null::numeric as real_time_yuan_mwh;
create table marts_candidate.fct_trade_settlement_day as select date '2026-10-31' as business_date, 1::numeric as contract_mwh,
    1.2 as actual_mwh, 0.2 as deviation_mwh, 60.00 as contract_yuan, 9.00 as spot_yuan, 1.00 as deviation_fee_yuan,
    70.00 as total_yuan, 'confirmed'::text as status_code;
create table marts_candidate.rpt_purchase_sale_margin as select date '2026-10-01' as report_month, 1 as days_settled,
    1200::numeric as purchased_kwh, 70.00 as purchase_yuan, 200::numeric as sold_kwh, 100.00 as revenue_yuan, 30.00 as margin_yuan;
create table marts_candidate.rpt_reliability_month as
select date '2026-10-01' as report_month, o.org_no, o.org_type, 30::bigint as customers, 22320::numeric as customer_hours,
    60::numeric as customer_hours_lost, 60::numeric as customer_hours_lost_by_fault, 1::bigint as outages, 1::bigint as faults,
    0.99731183 as reliability_rate, 2::numeric as saidi_hours, 30::bigint as interruptions
from marts_candidate.dim_organisation as o;
create table marts_candidate.rpt_tariff_impact as
select 'flat'::text as proposal_code, l.level_code, l.level_no, 1 as accounts, 2 as bills, 150.10 as present_yuan, 151.10 as proposed_yuan,
    1.00 as change_yuan, 1 as accounts_paying_more
from (values ('account', '0000000001'), ('usage_category', 'residential'), ('company', '')) as l (level_code, level_no);
create view marts_candidate.fct_quality_result as
select *, checked_at = max(checked_at) over (partition by gate, suite, source) as is_latest from supervision.quality_result;
