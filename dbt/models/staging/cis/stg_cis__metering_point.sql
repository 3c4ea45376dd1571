with source as (
    select * from {{ source("cis", "metering_point") }}
),

final as (
    select
        point_no::text as point_no,
        account_no::text as account_no,
        point_kind::text as point_kind,
        feeder_no::text as feeder_no,
        interval_minutes::integer as interval_minutes,
        has_generation::boolean as has_generation
    from source
)

select * from final
