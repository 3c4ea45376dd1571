{{ built_by_date([{"columns": ["org_no", "business_date"]}], versions="int_collection_task_version") }}

with results as (
    select * from {{ ref("int_collection_task") }}
    {{ where_changed(versions="int_collection_task_version") }}
),

kinds as (
    select * from {{ ref("collection_task") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

tasks as (
    select
        business_date,
        org_no,
        task_code,
        planned_at,
        sum(points)::bigint as points_asked,
        coalesce(sum(points) filter (where result_code = 'read' and tries = 1), 0)::bigint as points_read_first,
        coalesce(sum(points) filter (where result_code = 'read'), 0)::bigint as points_read,
        coalesce(sum(points) filter (where result_code != 'read'), 0)::bigint as points_failed,
        max(tries) as tries
    from results
    group by business_date, org_no, task_code, planned_at
),

-- a task or a station that nothing names stays, without a name
final as (
    select
        tasks.business_date,
        tasks.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        tasks.task_code,
        kinds.task_zh,
        kinds.task_en,
        tasks.planned_at,
        tasks.points_asked,
        tasks.points_read_first,
        tasks.points_read,
        tasks.points_failed,
        tasks.tries,
        current_timestamp as built_at
    from tasks
    left join kinds on tasks.task_code = kinds.task_code
    left join organisations on tasks.org_no = organisations.org_no
)

select * from final
