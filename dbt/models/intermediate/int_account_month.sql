{{ built_by_month([{"columns": ["use_month"]}], month="use_month") }}

with days as (
    select * from {{ ref("fct_point_day") }}
    where
        account_no is not null
        {{ and_in_changed_months() }}
),

final as (
    select
        account_no,
        date_trunc('month', business_date::timestamp)::date as use_month,
        sum(import_kwh) as import_kwh,
        array_agg(business_date order by business_date) as dates,
        array_agg(import_kwh order by business_date) as daily_kwh
    from days
    group by account_no, date_trunc('month', business_date::timestamp)::date
)

select * from final
