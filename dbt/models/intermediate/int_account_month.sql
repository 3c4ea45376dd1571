{{ built_by_month([{"columns": ["use_month", "account_no"], "unique": true}], month="use_month") }}

with days as (
    select * from {{ ref("fct_point_day") }}
    where
        account_no is not null
        {{ and_in_changed_months() }}
),

-- an account may have several points
by_account as (
    select
        account_no,
        date_trunc('month', business_date::timestamp)::date as use_month,
        business_date,
        sum(import_kwh) as import_kwh
    from days
    group by account_no, date_trunc('month', business_date::timestamp)::date, business_date
),

running as (
    select
        account_no,
        use_month,
        business_date,
        sum(import_kwh) over (partition by account_no, use_month order by business_date) as until_kwh
    from by_account
),

final as (
    select
        account_no,
        use_month,
        max(until_kwh) as import_kwh,
        array_agg(business_date order by business_date) as dates,
        array_agg(until_kwh order by business_date) as until_kwh
    from running
    group by account_no, use_month
)

select * from final
