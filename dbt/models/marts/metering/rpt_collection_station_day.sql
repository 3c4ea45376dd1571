{{ built_by_date([]) }}

with days as (
    select * from {{ ref("fct_collection_day") }}
    {{ where_changed() }}
),

final as (
    select
        business_date,
        coalesce(org_no, '') as org_no,
        station_name_zh,
        district_name_zh,
        sum(points_due) as points_due,
        sum(points_read) as points_read,
        sum(points_complete) as points_complete,
        sum(intervals_due) as intervals_due,
        sum(intervals_actual) as intervals_actual,
        sum(intervals_estimated) as intervals_estimated,
        current_timestamp as built_at
    from days
    group by business_date, coalesce(org_no, ''), station_name_zh, district_name_zh
)

select * from final
