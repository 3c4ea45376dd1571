{{ config(materialized="view") }}

with told as (
    select
        *,
        rank() over (
            partition by business_date, org_no, task_code, planned_at
            order by arrived_at desc, file_id desc
        ) as latest
    from {{ source("ami", "collection_task") }}
),

-- a later file tells a task anew, as a whole: what a retry brought in is no failure any more
final as (
    select
        business_date,
        org_no,
        task_code,
        planned_at,
        result_code,
        tries,
        points,
        arrived_at
    from told
    where latest = 1
)

select * from final
