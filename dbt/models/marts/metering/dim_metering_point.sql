with spans as (
    select * from {{ ref("int_metering_point_span") }}
),

final as (
    select
        point_no || '-' || to_char(valid_from, 'YYYYMMDD') as point_key,
        point_no,
        account_no,
        point_kind,
        transformer_no,
        feeder_no,
        org_no,
        meter_no,
        multiplier,
        interval_minutes,
        has_generation,
        valid_from,
        valid_to,
        row_number() over (partition by point_no order by valid_from desc) = 1 as is_current
    from spans
)

select * from final
