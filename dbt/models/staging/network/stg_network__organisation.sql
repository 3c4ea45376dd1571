with source as (
    select * from {{ source("network", "pms_dept") }}
),

levels as (
    {{ codes_of("network", "dept_level") }}
),

final as (
    select
        source.dept_code::text as org_no,
        source.dept_name::text as org_name,
        source.dept_name_en::text as org_name_en,
        coalesce(levels.contract_code, source.dept_level::text) as org_type,
        parents.dept_code::text as parent_org_no
    from source
    left join source as parents on source.parent_id = parents.dept_id
    left join levels on source.dept_level::text = levels.source_code
)

select * from final
