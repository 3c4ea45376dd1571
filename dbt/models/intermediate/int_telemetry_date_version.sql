{{ config(indexes=[{"columns": ["business_date"], "unique": true}]) }}

-- whatever arrives, new or corrected, is extracted later than all before it; by hour first, since a local date of each
-- row costs more than the rest
with hours as (
    select
        meas_time,
        count(*) as told_rows,
        max(_extracted_at) as extracted_at
    from {{ source("network", "dms_telemetry") }}
    group by meas_time
),

told as (
    select
        {{ local_date("meas_time") }} as business_date,
        sum(told_rows) as told_rows,
        max(extracted_at) as extracted_at
    from hours
    group by {{ local_date("meas_time") }}
),

-- order-free: the sum of the hashes of the rows
alarms as (
    select
        {{ local_date("occurred_at") }} as business_date,
        count(*) as alarms,
        sum(hash_record_extended(row(transformer_no), 0)) as hash
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
            told.told_rows,
            extract(epoch from told.extracted_at),
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
