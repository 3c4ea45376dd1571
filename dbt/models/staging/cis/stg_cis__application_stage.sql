with source as (
    select * from {{ source("cis", "s_app_stage") }}
),

applications as (
    select app_id, app_no from {{ source("cis", "s_app") }}
),

final as (
    select
        coalesce(applications.app_no, source.app_id::text)::text as application_no,
        source.stage_seq::int as stage_number,
        source.stage_code::text as stage_code,
        source.stage_name::text as stage_name_zh,
        source.limit_days::int as limit_days,
        source.begin_time::timestamptz as began_at,
        source.end_time::timestamptz as ended_at
    from source
    left join applications on source.app_id = applications.app_id
)

select * from final
