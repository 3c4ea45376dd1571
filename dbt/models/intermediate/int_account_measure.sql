{{ config(materialized="view") }}

with accounts as (
    select * from {{ ref("dim_account") }} where is_current
),

use_of_account as (
    select * from {{ ref("int_account_use") }}
),

billing as (
    select * from {{ ref("int_account_billing") }}
),

service as (
    select * from {{ ref("int_account_service") }}
),

payments as (
    select * from {{ ref("fct_payment") }}
),

points as (
    select * from {{ ref("int_metering_point_span") }}
),

health as (
    select * from {{ ref("fct_device_health") }}
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

-- the last thirty days of the area's transformer
lowest as (
    select
        health.transformer_no,
        min(health.lowest_v) as lowest_v
    from health
    inner join as_of on health.business_date > as_of.settled_as_of - 30
    group by health.transformer_no
),

placed as (
    select
        points.account_no,
        bool_or(points.has_generation) as has_generation,
        min(lowest.lowest_v) as lowest_v
    from points
    left join lowest on points.transformer_no = lowest.transformer_no
    where points.account_no is not null and points.valid_to is null
    group by points.account_no
),

-- how the last bills were paid: three months, so that no day reads all payments ever made
paid as (
    select distinct on (payments.account_no)
        payments.account_no,
        payments.channel_code
    from payments
    cross join as_of
    where payments.paid_date > as_of.settled_as_of - 92
    order by payments.account_no asc, payments.paid_at desc, payments.payment_no desc
),

-- among those of its category that use anything: 0 the smallest, 1 the largest
ranked as (
    select
        accounts.account_no,
        percent_rank() over (
            partition by accounts.usage_category order by use_of_account.energy_30d_kwh
        ) as energy_rank
    from accounts
    inner join use_of_account on accounts.account_no = use_of_account.account_no
    where use_of_account.energy_30d_kwh > 0
),

measured as (
    select
        accounts.account_no,
        measures.measure_code,
        measures.measure_value
    from accounts
    cross join as_of
    left join use_of_account on accounts.account_no = use_of_account.account_no
    left join billing on accounts.account_no = billing.account_no
    left join service on accounts.account_no = service.account_no
    left join placed on accounts.account_no = placed.account_no
    left join paid on accounts.account_no = paid.account_no
    left join ranked on accounts.account_no = ranked.account_no
    cross join lateral (
        values
        ('energy_rank', ranked.energy_rank::numeric),
        ('energy_30d_kwh', use_of_account.energy_30d_kwh),
        ('energy_growth', use_of_account.energy_growth::numeric),
        ('evening_share', use_of_account.evening_share::numeric),
        ('valley_share', use_of_account.valley_share::numeric),
        ('capacity_share', (use_of_account.peak_kw_30d / nullif(accounts.contract_capacity_kva, 0))::numeric),
        ('estimated_share', use_of_account.estimated_share_30d::numeric),
        ('on_time_payment_share', billing.on_time_payment_share::numeric),
        ('arrears_yuan', billing.arrears_yuan),
        ('arrears_days', billing.arrears_days::numeric),
        ('pays_by_auto_debit', (paid.channel_code = 'auto_debit')::integer::numeric),
        ('is_prepaid', accounts.is_prepaid::integer::numeric),
        ('has_generation', placed.has_generation::integer::numeric),
        ('lowest_v', placed.lowest_v::numeric),
        ('account_age_days', (as_of.settled_as_of - accounts.opened_date)::numeric),
        ('interactions_12m', service.interactions_12m::numeric),
        ('complaints_90d', service.complaints_90d::numeric),
        ('open_service_orders', service.open_service_orders::numeric),
        ('last_score', service.last_score::numeric),
        ('consents', service.consents::numeric),
        ('products', service.products::numeric),
        ('campaigns_accepted', service.campaigns_accepted::numeric)
    ) as measures (measure_code, measure_value)
),

final as (
    select
        account_no,
        measure_code::text as measure_code,
        measure_value
    from measured
    where measure_value is not null
)

select * from final
