with days as (
    select * from {{ ref("stg_calendar__day") }}
),

final as (
    select
        business_date,
        date_trunc('month', business_date)::date as month_start,
        day_type,
        is_workday,
        is_holiday,
        holiday_name_zh,
        holiday_name_en
    from days
)

select * from final
