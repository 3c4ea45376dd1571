with hours as (
    select * from {{ ref("stg_weather__hourly") }}
),

-- what was measured replaces what was forecast
ranked as (
    select
        *,
        row_number() over (
            partition by station_code, hour_start_at order by (kind_code = 'actual') desc, issued_at desc
        ) as preference
    from hours
),

final as (
    select
        station_code,
        hour_start_at,
        {{ local_date("hour_start_at") }} as business_date,
        temperature_c,
        humidity_pct,
        kind_code = 'forecast' as is_forecast
    from ranked
    where preference = 1
)

select * from final
