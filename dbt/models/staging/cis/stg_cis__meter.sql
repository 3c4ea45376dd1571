with source as (
    select * from {{ source("cis", "c_meter") }}
),

points as (
    select mp_id, mp_no from {{ source("cis", "c_mp") }}
),

final as (
    select
        source.meter_id::bigint as meter_id,
        source.asset_no::text as meter_no,
        points.mp_no::text as point_no,
        source.t_ct::integer as ct_ratio,
        source.t_pt::integer as pt_ratio,
        -- the CIS counts the register's two decimals among its digits
        (source.digits - 2)::integer as digits,
        source.inst_date::date as installed_date,
        source.rmv_date::date as removed_date,
        source.inst_read::numeric(18, 3) as install_index,
        source.rmv_read::numeric(18, 3) as removal_index
    from source
    left join points on source.mp_id = points.mp_id
)

select * from final
