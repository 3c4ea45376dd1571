with source as (
    select * from {{ source("network", "pms_line") }}
),

substations as (
    select sub_id, sub_code from {{ source("network", "pms_substation") }}
),

organisations as (
    select dept_id, dept_code from {{ source("network", "pms_dept") }}
),

final as (
    select
        source.line_code::text as feeder_no,
        source.line_name::text as feeder_name,
        substations.sub_code::text as substation_no,
        organisations.dept_code::text as org_no
    from source
    left join substations on source.sub_id = substations.sub_id
    left join organisations on source.dept_id = organisations.dept_id
)

select * from final
