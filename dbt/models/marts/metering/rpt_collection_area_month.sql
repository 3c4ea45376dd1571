{{ built_by_month([{"columns": ["collection_month"]}], month="collection_month") }}

with days as (
    select * from {{ ref("fct_collection_day") }}
    where
        true
        {{ and_in_changed_months() }}
),

final as (
    select
        date_trunc('month', business_date)::date as collection_month,
        transformer_no,
        coalesce(org_no, '') as org_no,
        station_name_zh,
        district_name_zh,
        sum(points_due) as points_due,
        sum(points_read) as points_read,
        count(*) filter (where points_read < points_due) as days_missed,
        sum(intervals_due) as intervals_due,
        sum(intervals_actual) as intervals_actual,
        sum(intervals_estimated) as intervals_estimated,
        current_timestamp as built_at
    from days
    group by
        date_trunc('month', business_date)::date,
        transformer_no,
        coalesce(org_no, ''),
        station_name_zh,
        district_name_zh
)

select * from final
