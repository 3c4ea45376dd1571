{{ config(indexes=[{"columns": ["business_date"], "unique": true}], post_hook="analyze {{ this }}") }}

with collected as (
    select * from {{ source("ami", "collection_day") }}
),

network as (
    select row(t.*)::text as content from {{ ref("dim_transformer") }} as t
    union all
    select row(f.*)::text from {{ ref("stg_network__feeder") }} as f
    union all
    select row(o.*)::text from {{ ref("dim_organisation") }} as o
),

-- without valid_to in the hash: closing a span must not change the dates inside it
hashed as (
    select
        valid_from,
        valid_to,
        hashtextextended(
            row(point_no, account_no, point_kind, transformer_no, feeder_no, org_no, usage_category)::text, 0
        ) as hash
    from {{ ref("int_metering_point_span") }}
    union all
    select date '0001-01-01', null, hashtextextended(content, 0) from network
),

registers as (
    {{ running_hash("hashed") }}
),

-- replaced as a whole per date, in the transaction of all roll-ups of that date
loads as (
    select
        business_date,
        concat_ws('|', count(*), extract(epoch from max(loaded_at)), max(lake_snapshot_id)) as load_version
    from collected
    group by business_date
),

final as (
    select
        loads.business_date,
        loads.load_version,
        md5(concat_ws(
            '|',
            loads.load_version,
            registers.hash,
            -- a changed limit changes what was built with it
            '{{ var("high_loss_limit") | tojson }}',
            '{{ var("estimate_error_share") }}',
            '{{ var("planning_power_factor") }}'
        )) as version
    from loads
    left join registers
        on
            loads.business_date >= registers.valid_from
            and (registers.valid_to is null or loads.business_date < registers.valid_to)
)

select * from final
