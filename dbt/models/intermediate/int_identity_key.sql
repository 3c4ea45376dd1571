{{
    config(
        indexes=[{"columns": ["entity_code", "system_code"]}],
        post_hook="analyze {{ this }}",
    )
}}

-- keys as the systems write them, which staging no longer shows; of daily tables those of the last week, as an array,
-- so that the index on the date is used
with recent as (
    select
        array(
            select generate_series(as_of.data_as_of - 6, as_of.data_as_of, interval '1 day')::date
        ) as dates
    from {{ ref("int_as_of") }} as as_of
),

keys as (
    select
        'account' as entity_code,
        'cis' as system_code,
        cons_no::text as source_key
    from {{ source("cis", "c_cons") }}
    union
    select 'account', 'crm', acct_ref::text from {{ source("crm", "profile") }}
    union
    select 'account', 'market', cons_ref::text from {{ source("market", "mkt_member") }} where cons_ref is not null
    union
    select 'point', 'cis', mp_no::text from {{ source("cis", "c_mp") }}
    union
    select 'point', 'network', mp_code::text from {{ source("network", "pms_tran_point") }}
    union
    select 'point', 'ami', p.point_no
    from {{ source("ami", "point_day") }} as p
    where p.business_date = any((select recent.dates from recent)::date[])
    union
    select 'transformer', 'network', tran_code::text from {{ source("network", "pms_transformer") }}
    union
    select 'transformer', 'telemetry', t.psr_id::text
    from {{ source("network", "dms_telemetry") }} as t
    where t.meas_time > (select max(m.meas_time) from {{ source("network", "dms_telemetry") }} as m) - interval '7 days'
    union
    select 'transformer', 'ami', h.transformer_no
    from {{ source("ami", "transformer_hour") }} as h
    where h.business_date = any((select recent.dates from recent)::date[])
    union
    select 'organisation', 'network', dept_code::text from {{ source("network", "pms_dept") }}
    union
    select 'organisation', 'cis', org_no::text from {{ source("cis", "c_cons") }}
    union
    select 'organisation', 'crm', org_code::text from {{ source("crm", "service_order") }}
),

final as (
    select
        entity_code,
        system_code,
        source_key
    from keys
    where source_key is not null
)

select * from final
