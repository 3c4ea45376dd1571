{{ config(indexes=[{"columns": ["business_date"], "unique": true}], post_hook="analyze {{ this }}") }}

with told as (
    select
        business_date,
        count(*) as told_rows,
        max(arrived_at) as arrived_at
    from {{ source("ami", "collection_task") }}
    group by business_date
),

-- few, and part of every row
named as (
    select row(o.*)::text as content from {{ ref("dim_organisation") }} as o
    union all
    select row(t.*)::text from {{ ref("collection_task") }} as t
    union all
    select row(r.*)::text from {{ ref("collection_result") }} as r
),

names as (
    select md5(string_agg(content, '' order by content)) as version from named
),

final as (
    select
        told.business_date,
        md5(concat_ws('|', told.told_rows, extract(epoch from told.arrived_at), names.version)) as version
    from told
    cross join names
)

select * from final
