{{ config(indexes=[{"columns": ["account_no"], "unique": true}]) }}

with days as (
    select * from {{ ref("fct_point_day") }} where account_no is not null
),

-- not materialized: each use reads its own months by the index
months as not materialized (
    select * from {{ ref("int_account_month") }}
),

-- the 365 days are those left of their first month, and the months after it; dates and months as an array, so that
-- their index is used
as_of as (
    select
        data_as_of,
        data_as_of - 364 as first_date,
        (date_trunc('month', (data_as_of - 364)::timestamp) + interval '1 month')::date as first_month
    from {{ ref("int_as_of") }}
),

-- of the first month, and of the 30 days before it
days_of_year_before as not materialized (
    select
        months.account_no,
        of_day.business_date,
        of_day.import_kwh
    from months
    cross join lateral unnest(months.dates, months.daily_kwh) as of_day (business_date, import_kwh)
    where
        months.use_month = any(array(
            select
                generate_series(
                    date_trunc('month', (as_of.first_date - 30)::timestamp), as_of.first_date, interval '1 month'
                )::date
            from as_of
        ))
),

year as (
    select
        account_no,
        sum(import_kwh) as energy_365d_kwh
    from (
        select
            account_no,
            import_kwh
        from months
        where use_month >= (select as_of.first_month from as_of)
        union all
        select
            account_no,
            import_kwh
        from days_of_year_before
        where business_date >= (select as_of.first_date from as_of)
    ) as parts
    group by account_no
),

-- days are counted by one bit a day, which needs no sorting
recent as (
    select
        account_no,
        sum(import_kwh) as energy_30d_kwh,
        sum(valley_kwh + deep_valley_kwh) as valley_30d_kwh,
        -- 18:00 to 22:00
        sum(
            coalesce(hourly_kwh[19], 0) + coalesce(hourly_kwh[20], 0)
            + coalesce(hourly_kwh[21], 0) + coalesce(hourly_kwh[22], 0)
        ) as evening_30d_kwh,
        max(peak_kw) as peak_kw_30d,
        bit_count(
            bit_or(1 << ((select as_of.data_as_of from as_of) - business_date))::bit(30)
        ) as days_30d,
        sum(intervals_estimated) as estimated_30d,
        sum(intervals_actual + intervals_estimated) as intervals_30d
    from days
    where
        business_date = any(array(
            select generate_series(as_of.data_as_of - 29, as_of.data_as_of, interval '1 day')::date from as_of
        ))
    group by account_no
),

-- the same 30 days of the year before
year_before as (
    select
        account_no,
        sum(import_kwh) as energy_kwh,
        bit_count(
            bit_or(1 << ((select as_of.data_as_of - 365 from as_of) - business_date))::bit(30)
        ) as days
    from days_of_year_before
    where
        business_date between (select as_of.first_date - 30 from as_of) and (select as_of.first_date - 1 from as_of)
    group by account_no
),

final as (
    select
        year.account_no,
        coalesce(recent.energy_30d_kwh, 0) as energy_30d_kwh,
        year.energy_365d_kwh,
        recent.peak_kw_30d,
        (recent.valley_30d_kwh / nullif(recent.energy_30d_kwh, 0))::double precision as valley_share,
        (recent.energy_30d_kwh / nullif(recent.days_30d * 24, 0))::double precision / nullif(recent.peak_kw_30d, 0)
            as load_factor,
        recent.evening_30d_kwh::double precision / nullif(recent.energy_30d_kwh, 0)::double precision as evening_share,
        case
            when recent.days_30d = 30 and year_before.days = 30
                then (recent.energy_30d_kwh / nullif(year_before.energy_kwh, 0))::double precision - 1
        end as energy_growth,
        recent.estimated_30d::double precision / nullif(recent.intervals_30d, 0) as estimated_share_30d
    from year
    left join recent on year.account_no = recent.account_no
    left join year_before on year.account_no = year_before.account_no
)

select * from final
