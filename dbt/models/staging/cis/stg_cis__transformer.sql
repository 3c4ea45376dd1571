with source as (
    select * from {{ source("cis", "transformer") }}
),

final as (
    select
        transformer_no::text as transformer_no,
        transformer_name::text as transformer_name,
        feeder_no::text as feeder_no,
        org_no::text as org_no,
        rated_kva::numeric(12, 3) as rated_kva,
        ownership::text as ownership_code
    from source
)

select * from final
