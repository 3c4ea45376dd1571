{{ config(indexes=[{"columns": ["account_no"], "unique": true}]) }}

with days as (
    select * from {{ ref("fct_point_day") }} where account_no is not null
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

recent as (
    select
        days.*,
        days.business_date > as_of.data_as_of - 30 as is_30d,
        days.business_date > as_of.data_as_of - 365 as is_365d,
        days.business_date <= as_of.data_as_of - 365 as is_30d_before
    from days
    -- and the same 30 days of the year before
    inner join as_of on days.business_date > as_of.data_as_of - 395 and days.business_date <= as_of.data_as_of
),

summed as (
    select
        account_no,
        coalesce(sum(import_kwh) filter (where is_365d), 0) as energy_365d_kwh,
        coalesce(sum(import_kwh) filter (where is_30d), 0) as energy_30d_kwh,
        sum(valley_kwh + deep_valley_kwh) filter (where is_30d) as valley_30d_kwh,
        -- 18:00 to 22:00
        sum(
            coalesce(hourly_kwh[19], 0) + coalesce(hourly_kwh[20], 0)
            + coalesce(hourly_kwh[21], 0) + coalesce(hourly_kwh[22], 0)
        ) filter (where is_30d) as evening_30d_kwh,
        sum(import_kwh) filter (where is_30d_before) as energy_30d_before_kwh,
        count(distinct business_date) filter (where is_30d_before) as days_30d_before,
        max(peak_kw) filter (where is_30d) as peak_kw_30d,
        count(distinct business_date) filter (where is_30d) as days_30d,
        sum(intervals_estimated) filter (where is_30d) as estimated_30d,
        sum(intervals_actual + intervals_estimated) filter (where is_30d) as intervals_30d
    from recent
    group by account_no
),

final as (
    select
        account_no,
        energy_30d_kwh,
        energy_365d_kwh,
        peak_kw_30d,
        (valley_30d_kwh / nullif(energy_30d_kwh, 0))::double precision as valley_share,
        evening_30d_kwh::double precision / nullif(energy_30d_kwh, 0)::double precision as evening_share,
        case
            when days_30d = 30 and days_30d_before = 30
                then (energy_30d_kwh / nullif(energy_30d_before_kwh, 0))::double precision - 1
        end as energy_growth,
        (energy_30d_kwh / nullif(days_30d * 24, 0))::double precision / nullif(peak_kw_30d, 0) as load_factor,
        estimated_30d::double precision / nullif(intervals_30d, 0) as estimated_share_30d
    from summed
)

select * from final
