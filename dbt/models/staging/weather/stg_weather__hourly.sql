with source as (
    select * from {{ source("weather", "hourly") }}
),

final as (
    select
        station_code::text as station_code,
        valid_at::timestamptz as hour_start_at,
        kind::text as kind_code,
        issued_at::timestamptz as issued_at,
        temperature_c::double precision as temperature_c,
        humidity_pct::double precision as humidity_pct
    from source
)

select * from final
