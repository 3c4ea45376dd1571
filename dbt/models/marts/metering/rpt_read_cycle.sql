{{ built_by_month([{"columns": ["read_month"]}], month="read_month") }}

-- not materialized: each use reads its own dates by the index
with days as not materialized (
    select * from {{ ref("fct_point_day") }} where account_no is not null and intervals_due > 0
),

dates as (
    select * from {{ ref("int_date_version") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

-- the last date of a month that has readings: no other day of the month is read
reading_days as (
    select
        date_trunc('month', dates.business_date)::date as read_month,
        max(dates.business_date) as reading_date
    from dates
    where
        exists (select 1 from days where days.business_date = dates.business_date)
        {{ and_in_changed_months("dates.business_date") }}
    group by date_trunc('month', dates.business_date)::date
),

accounts as (
    select
        reading_days.read_month,
        reading_days.reading_date,
        days.account_no,
        max(days.org_no) as org_no,
        max(days.usage_category) as usage_category,
        bool_and(days.intervals_actual > 0) as is_read
    from days
    inner join reading_days on days.business_date = reading_days.reading_date
    group by reading_days.read_month, reading_days.reading_date, days.account_no
),

final as (
    select
        accounts.read_month,
        coalesce(accounts.org_no, '')::text as org_no,
        coalesce(accounts.usage_category, '')::text as usage_category,
        max(organisations.station_name_zh) as station_name_zh,
        max(organisations.district_name_zh) as district_name_zh,
        max(accounts.reading_date) as reading_date,
        count(*) as accounts_due,
        count(*) filter (where accounts.is_read) as accounts_read,
        (count(*) filter (where accounts.is_read)::numeric / count(*))::numeric(12, 6) as read_rate,
        current_timestamp as built_at
    from accounts
    left join organisations on accounts.org_no = organisations.org_no
    group by accounts.read_month, coalesce(accounts.org_no, ''), coalesce(accounts.usage_category, '')
)

select * from final
