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
    '0000000001'::text as account_no, 10::numeric(18, 3) as import_kwh, 0::numeric(18, 3) as sharp_kwh,
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
    1 as points_due, 1 as points_read, 1 as points_complete, now() as built_at;
create table marts_candidate.fct_bill as
select * from (values ('B1', '0000000001', date '2026-10-01', 100.10::numeric(18, 2), 60.10::numeric(18, 2), 40.00::numeric(18, 2),
    0.00::numeric(18, 2)), ('B2', '0000000001', '2026-09-01', 50.00, 50.00, 0.00, 0.00))
    as t (bill_no, account_no, bill_month, receivable_yuan, received_yuan, outstanding_yuan, overpaid_yuan);
create table marts_candidate.fct_payment as
select * from (values ('Y1', 60.10::numeric(18, 2)), ('Y2', 50.00)) as t (payment_no, amount_yuan);
create table marts_candidate.fct_energy_balance_day as
select 'company'::text as level_code, '1400'::text as level_no, d::date as business_date, 105::numeric(18, 3) as supplied_kwh,
    100::numeric(18, 3) as sold_kwh, 5::numeric(18, 3) as loss_kwh, 0.0476 as loss_rate, 'normal'::text as balance_class,
    now() as built_at
from generate_series(date '2026-10-29', '2026-10-31', '1 day') d;
create table marts_candidate.rpt_recovery_month as select date '2026-10-01' as bill_month, '1400101'::text as org_no,
    'residential'::text as usage_category, 100.10::numeric(18, 2) as receivable_yuan, 60.10::numeric(18, 2) as received_yuan,
    40.00::numeric(18, 2) as outstanding_yuan, 0.00::numeric(18, 2) as overpaid_yuan, 0.6004 as recovery_rate;
create table marts_candidate.rpt_sales_month as select date '2026-10-01' as sales_month, '1400101'::text as org_no,
    'residential'::text as usage_category, 'A00'::text as industry_code, '0.4kV'::text as voltage_code, 200::numeric(18, 3) as energy_kwh, 0.5 as average_price_yuan;
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
create table marts_candidate.fct_interaction as select 'I1'::text as interaction_no, 2.5 as hours_to_finish;
create table marts_candidate.rpt_product_portfolio as select 'P1'::text as product_code, date '2026-10-01' as portfolio_month,
    2 as subscriptions, 20::numeric(18, 2) as revenue_yuan, 1.0 as subscription_share;
create table marts_candidate.customer_tag as select '0000000001'::text as account_no, 'in_arrears'::text as tag_code;
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
create table marts_candidate.fct_shadow_bill as select date '2026-10-01' as bill_month, 0.10::numeric(18, 2) as difference_yuan;
create table marts_candidate.fct_bill_difference as select '0000000001'::text as account_no, date '2026-10-01' as bill_month,
    'B1'::text as bill_no, 'levy'::text as cause_code, 0.10::numeric(18, 2) as difference_yuan,
    0.05::numeric(18, 2) as tolerance_yuan, true as is_wrong;
create table marts_candidate.rpt_billing_error_month as select date '2026-10-01' as bill_month, '1400101'::text as org_no,
    'residential'::text as usage_category, 2::bigint as bills_issued, 0::bigint as bills_wrong, 0::bigint as bills_missing,
    0.0 as billing_error_rate;
create table marts_candidate.dim_identity as select 'account/cis/1/1'::text as identity_key, 'same_key'::text as rule_code,
    1.0 as confidence;
create view marts_candidate.fct_quality_result as select * from supervision.quality_result;
