{{ config(indexes=[{"columns": ["account_no"], "unique": true}]) }}

with days as (
    select * from {{ ref("fct_point_day") }} where account_no is not null
),

months as (
    select * from {{ ref("int_account_month") }}
),

-- months that hold the 365 days and the thirty before them
as_of as (
    select
        data_as_of,
        data_as_of - 364 as first_date,
        date_trunc('month', (data_as_of - 394)::timestamp)::date as first_month
    from {{ ref("int_as_of") }}
),

-- how many days of a month had been read before the 365 days, and before the thirty days ahead of them
counted as (
    select
        months.account_no,
        months.import_kwh,
        months.until_kwh,
        cardinality(months.dates) as days,
        width_bucket(as_of.first_date - 1, months.dates) as days_before,
        width_bucket(as_of.first_date - 31, months.dates) as days_long_before
    from months
    cross join as_of
    where months.use_month >= (select of_now.first_month from as_of as of_now)
),

-- the 365 days, and the same thirty days of the year before
year as (
    select
        account_no,
        sum(import_kwh - coalesce(until_kwh[days_before], 0)) filter (where days > days_before) as energy_365d_kwh,
        sum(until_kwh[days_before] - coalesce(until_kwh[days_long_before], 0)) as before_kwh,
        sum(days_before - days_long_before) as before_days
    from counted
    group by account_no
    having bool_or(days > days_before)
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
            when recent.days_30d = 30 and year.before_days = 30
                then (recent.energy_30d_kwh / nullif(year.before_kwh, 0))::double precision - 1
        end as energy_growth,
        recent.estimated_30d::double precision / nullif(recent.intervals_30d, 0) as estimated_share_30d
    from year
    left join recent on year.account_no = recent.account_no
)

select * from final
