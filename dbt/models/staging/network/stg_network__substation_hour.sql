with source as (
    select * from {{ source("network", "dms_substation") }}
),

substations as (
    select sub_id, sub_code from {{ source("network", "pms_substation") }}
),

final as (
    select
        substations.sub_code::text as substation_no,
        source.meas_time::timestamptz as hour_start_at,
        source.in_kwh::numeric(14, 3) as in_kwh,
        source.out_kwh::numeric(14, 3) as out_kwh
    from source
    left join substations on source.sub_id = substations.sub_id
)

select * from final
