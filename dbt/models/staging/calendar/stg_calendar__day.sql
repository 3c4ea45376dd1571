with source as (
    select * from {{ source("calendar", "day") }}
),

final as (
    select
        business_date::date as business_date,
        day_type::text as day_type,
        is_workday::boolean as is_workday,
        is_holiday::boolean as is_holiday,
        is_festival::boolean as is_festival,
        holiday_name_zh::text as holiday_name_zh,
        holiday_name_en::text as holiday_name_en
    from source
)

select * from final
