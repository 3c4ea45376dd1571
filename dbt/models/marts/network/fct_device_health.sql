{{ built_by_date([{"columns": ["business_date"]}], versions="int_telemetry_date_version") }}

with dates as (
    select
        array_agg(business_date) as those,
        {{ local_midnight("min(business_date)") }} as from_at,
        {{ local_midnight("max(business_date) + 1") }} as until_at
    from {{ ref("int_telemetry_date_version") }}
    {{ where_changed(versions="int_telemetry_date_version") }}
),

-- first by time as it is stored, since a local date of each row costs more than reading it
telemetry as (
    select
        *,
        {{ local_date("hour_start_at") }} as business_date
    from {{ ref("stg_network__telemetry") }}
    where
        hour_start_at >= (select dates.from_at from dates)
        and hour_start_at < (select dates.until_at from dates)
),

transformers as (
    select * from {{ ref("dim_transformer") }}
),

faults as (
    select * from {{ ref("stg_network__fault") }}
),

hours as (
    select
        *,
        (
            coalesce(voltage_a_v * current_a_a, 0)
            + coalesce(voltage_b_v * current_b_a, 0)
            + coalesce(voltage_c_v * current_c_a, 0)
        ) / 1000 as load_kva,
        greatest(current_a_a, current_b_a, current_c_a) as highest_a,
        least(current_a_a, current_b_a, current_c_a) as lowest_a
    from telemetry
    where business_date = any((select dates.those from dates)::date[])
),

days as (
    select
        transformer_no,
        business_date,
        count(*) as hours_observed,
        max(load_kva) as peak_kva,
        max(oil_temperature_c) as peak_oil_c,
        sum(highest_a - lowest_a) / nullif(sum(highest_a), 0) as imbalance_share,
        sum(load_kva * power_factor) / nullif(sum(load_kva) filter (where power_factor is not null), 0) as power_factor,
        min(least(voltage_a_v, voltage_b_v, voltage_c_v)) filter (where highest_a > 0) as lowest_v,
        max(greatest(voltage_a_v, voltage_b_v, voltage_c_v)) as highest_v
    from hours
    group by transformer_no, business_date
),

alarms as (
    select
        transformer_no,
        {{ local_date("occurred_at") }} as business_date,
        count(*) as alarms
    from faults
    where transformer_no is not null
    group by transformer_no, {{ local_date("occurred_at") }}
),

final as (
    select
        days.transformer_no,
        days.business_date,
        transformers.feeder_no,
        transformers.org_no,
        transformers.station_name_zh,
        transformers.district_name_zh,
        transformers.rated_kva,
        days.hours_observed,
        days.peak_kva::numeric(12, 3) as peak_kva,
        (days.peak_kva / nullif(transformers.rated_kva, 0))::numeric(12, 6) as load_factor,
        days.imbalance_share::numeric(12, 6) as imbalance_share,
        days.power_factor::numeric(12, 6) as power_factor,
        days.lowest_v::numeric(6, 1) as lowest_v,
        days.highest_v::numeric(6, 1) as highest_v,
        days.peak_oil_c::numeric(5, 1) as peak_oil_c,
        coalesce(alarms.alarms, 0) as alarms,
        case
            when days.peak_kva >= transformers.rated_kva then 'overloaded'
            when days.peak_oil_c >= {{ var("hot_oil_c") }} then 'hot'
            when days.peak_kva >= 0.8 * transformers.rated_kva then 'heavy'
            when coalesce(alarms.alarms, 0) > 0 then 'alarm'
            else 'normal'
        end as health_class,
        current_timestamp as built_at
    from days
    left join transformers on days.transformer_no = transformers.transformer_no
    left join alarms on days.transformer_no = alarms.transformer_no and days.business_date = alarms.business_date
)

select * from final
