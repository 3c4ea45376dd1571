{{ config(indexes=[{"columns": ["business_date"], "unique": true}], post_hook="analyze {{ this }}") }}

with hours as (
    select
        (part || '+00')::timestamptz as hour_start_at,
        hash
    from ({{ tally_of("raw_network.dms_telemetry") }}) as telemetry
),

told as (
    select
        {{ local_date("hour_start_at") }} as business_date,
        md5(string_agg(hash::text, '|' order by hour_start_at)) as hours_version
    from hours
    group by {{ local_date("hour_start_at") }}
),

-- order-free: the sum of the hashes of the rows
alarms as (
    select
        {{ local_date("occurred_at") }} as business_date,
        count(*) as alarms,
        sum({{ row_hash("transformer_no") }}) as hash
    from {{ ref("stg_network__fault") }}
    where transformer_no is not null
    group by {{ local_date("occurred_at") }}
),

-- few, and part of every row
named as (
    select row(t.*)::text as content from {{ ref("dim_transformer") }} as t
    union all
    select row(p.psr_id, p.tran_code)::text from {{ source("network", "pms_transformer") }} as p
),

names as (
    select md5(string_agg(content, '' order by content)) as version from named
),

final as (
    select
        told.business_date,
        md5(concat_ws(
            '|',
            told.hours_version,
            'alarms',
            alarms.alarms,
            alarms.hash,
            names.version,
            -- a changed limit changes what was built with it
            '{{ var("hot_oil_c") }}'
        )) as version
    from told
    cross join names
    left join alarms on told.business_date = alarms.business_date
)

select * from final
