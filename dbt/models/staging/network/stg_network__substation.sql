with source as (
    select * from {{ source("network", "pms_substation") }}
),

organisations as (
    select dept_id, dept_code from {{ source("network", "pms_dept") }}
),

final as (
    select
        source.sub_code::text as substation_no,
        source.sub_name::text as substation_name,
        organisations.dept_code::text as org_no,
        source.volt_kv::int as voltage_kv
    from source
    left join organisations on source.dept_id = organisations.dept_id
)

select * from final
