{{
    config(
        indexes=[{"columns": ["entity_code", "system_code", "source_key"], "unique": true}],
        post_hook="analyze {{ this }}",
    )
}}

-- keys as the systems write them, which staging no longer shows; of daily tables those of the last week: of points as
-- an array, so that an index on the date is used, of hours by their own time, which is in the index of the key
with recent as (
    select
        {{ local_midnight("as_of.data_as_of - 6") }} as from_at,
        {{ local_midnight("as_of.data_as_of + 1") }} as until_at,
        array(
            select generate_series(as_of.data_as_of - 6, as_of.data_as_of, interval '1 day')::date
        ) as dates
    from {{ ref("int_as_of") }} as as_of
),

-- each branch is another entity or system, so that a key may occur twice within one alone
keys as (
    select distinct
        'account' as entity_code,
        'cis' as system_code,
        cons_no::text as source_key
    from {{ source("cis", "c_cons") }}
    union all
    select distinct 'account', 'crm', acct_ref::text from {{ source("crm", "profile") }}
    union all
    select distinct 'account', 'market', cons_ref::text from {{ source("market", "mkt_member") }}
    union all
    select distinct 'point', 'cis', mp_no::text from {{ source("cis", "c_mp") }}
    union all
    select distinct 'point', 'network', mp_code::text from {{ source("network", "pms_tran_point") }}
    union all
    select distinct 'point', 'ami', p.point_no
    from {{ source("ami", "point_day") }} as p
    where p.business_date = any((select recent.dates from recent)::date[])
    union all
    select distinct 'transformer', 'network', tran_code::text from {{ source("network", "pms_transformer") }}
    union all
    select distinct 'transformer', 'telemetry', t.psr_id::text
    from {{ source("network", "dms_telemetry") }} as t
    where t.meas_time > (select max(m.meas_time) from {{ source("network", "dms_telemetry") }} as m) - interval '7 days'
    union all
    select distinct 'transformer', 'ami', h.transformer_no
    from {{ source("ami", "transformer_hour") }} as h
    where
        h.hour_start >= (select recent.from_at from recent)
        and h.hour_start < (select recent.until_at from recent)
    union all
    select distinct 'organisation', 'network', dept_code::text from {{ source("network", "pms_dept") }}
    union all
    select distinct 'organisation', 'cis', org_no::text from {{ source("cis", "c_cons") }}
    union all
    select distinct 'organisation', 'crm', org_code::text from {{ source("crm", "service_order") }}
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
