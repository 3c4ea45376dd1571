with source as (
    select * from {{ source("cis", "organisation") }}
),

final as (
    select
        org_no::text as org_no,
        org_name::text as org_name,
        org_name_en::text as org_name_en,
        org_type::text as org_type,
        parent_org_no::text as parent_org_no
    from source
)

select * from final
