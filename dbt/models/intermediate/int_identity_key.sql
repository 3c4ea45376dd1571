{{ config(indexes=[{"columns": ["entity_code", "system_code"]}]) }}

-- keys as the systems write them, which staging no longer shows; of daily tables those of the last month
with as_of as (
    select data_as_of from {{ ref("int_as_of") }}
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
    cross join as_of
    where p.business_date > as_of.data_as_of - 31
    union
    select 'transformer', 'network', tran_code::text from {{ source("network", "pms_transformer") }}
    union
    select 'transformer', 'telemetry', t.psr_id::text
    from {{ source("network", "dms_telemetry") }} as t
    union
    select 'transformer', 'ami', h.transformer_no
    from {{ source("ami", "transformer_hour") }} as h
    cross join as_of
    where h.business_date > as_of.data_as_of - 31
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
