{{ config(indexes=[{"columns": ["business_date"], "unique": true}]) }}

with collected as (
    select * from {{ source("ami", "collection_day") }}
),

spans as (
    -- without valid_to: closing a span must not change the dates inside it
    select
        valid_from,
        valid_to,
        hashtextextended(
            row(point_no, account_no, point_kind, transformer_no, feeder_no, org_no, usage_category)::text, 0
        )::numeric as hash
    from {{ ref("int_metering_point_span") }}
),

network as (
    select row(t.*)::text as content from {{ ref("dim_transformer") }} as t
    union all
    select row(f.*)::text from {{ ref("stg_network__feeder") }} as f
    union all
    select row(o.*)::text from {{ ref("dim_organisation") }} as o
),

-- replaced as a whole per date, in the transaction of all roll-ups of that date
loads as (
    select
        business_date,
        count(*) as load_rows,
        max(loaded_at) as loaded_at,
        max(lake_snapshot_id) as lake_snapshot_id
    from collected
    group by business_date
),

-- the register as valid on a date, as a running sum of the hashes of its rows: each adds from valid_from on
-- and leaves at valid_to
steps as (
    select valid_from as step_date, hash from spans
    union all
    select valid_to, -hash from spans where valid_to is not null
    union all
    select date '0001-01-01', hashtextextended(content, 0)::numeric from network
),

registers as (
    select
        step_date,
        sum(sum(hash)) over (order by step_date) as register_hash,
        lead(step_date) over (order by step_date) as next_step_date
    from steps
    group by step_date
),

final as (
    select
        loads.business_date,
        md5(concat_ws(
            '|',
            loads.load_rows,
            extract(epoch from loads.loaded_at),
            loads.lake_snapshot_id,
            registers.register_hash,
            -- a changed limit changes what was built with it
            '{{ var("high_loss_limit") | tojson }}',
            '{{ var("estimate_error_share") }}',
            '{{ var("planning_power_factor") }}'
        )) as version
    from loads
    left join registers
        on
            loads.business_date >= registers.step_date
            and (registers.next_step_date is null or loads.business_date < registers.next_step_date)
)

select * from final
