{{ built_by_date([{"columns": ["org_no", "business_date"]}], versions="int_collection_task_version") }}

with results as (
    select * from {{ ref("int_collection_task") }}
    {{ where_changed(versions="int_collection_task_version") }}
),

kinds as (
    select * from {{ ref("collection_task") }}
),

reasons as (
    select * from {{ ref("collection_result") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

failures as (
    select
        business_date,
        org_no,
        task_code,
        result_code as reason_code,
        count(distinct planned_at) as tasks,
        sum(points)::bigint as points_failed
    from results
    where result_code != 'read' and points > 0
    group by business_date, org_no, task_code, result_code
),

final as (
    select
        failures.business_date,
        failures.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        failures.task_code,
        kinds.task_zh,
        kinds.task_en,
        failures.reason_code,
        reasons.result_zh as reason_zh,
        reasons.result_en as reason_en,
        failures.tasks,
        failures.points_failed,
        current_timestamp as built_at
    from failures
    left join kinds on failures.task_code = kinds.task_code
    left join reasons on failures.reason_code = reasons.result_code
    left join organisations on failures.org_no = organisations.org_no
)

select * from final
