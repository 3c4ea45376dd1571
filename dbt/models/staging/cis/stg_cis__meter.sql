with source as (
    select * from {{ source("cis", "meter") }}
),

final as (
    select
        meter_no::text as meter_no,
        point_no::text as point_no,
        ct_ratio::integer as ct_ratio,
        pt_ratio::integer as pt_ratio,
        digits::integer as digits,
        installed_date::date as installed_date,
        removed_date::date as removed_date,
        install_index::numeric(18, 3) as install_index,
        removal_index::numeric(18, 3) as removal_index
    from source
)

select * from final
