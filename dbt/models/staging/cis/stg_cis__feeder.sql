with source as (
    select * from {{ source("cis", "feeder") }}
),

final as (
    select
        feeder_no::text as feeder_no,
        feeder_name::text as feeder_name,
        substation_no::text as substation_no,
        org_no::text as org_no
    from source
)

select * from final
