{{ built_by_date([{"columns": ["org_no", "business_date"]}]) }}

with days as (
    select * from {{ source("ami", "collection_day") }}
    {{ where_changed() }}
),

transformers as (
    select * from {{ ref("dim_transformer") }}
),

-- feeder boundaries, and points that the network knows at no transformer, have no station here: they count in the
-- company's total only
final as (
    select
        days.business_date,
        days.transformer_no,
        transformers.org_no,
        transformers.station_name_zh,
        transformers.district_name_zh,
        days.points_due,
        days.points_read,
        days.points_complete,
        days.intervals_due,
        days.intervals_actual,
        days.intervals_estimated,
        current_timestamp as built_at
    from days
    left join transformers on days.transformer_no = transformers.transformer_no
)

select * from final
