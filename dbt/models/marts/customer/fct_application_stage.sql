with stages as (
    select * from {{ ref("stg_cis__application_stage") }}
),

applications as (
    select * from {{ ref("stg_cis__application") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

workdays as (
    select * from {{ ref("stg_calendar__day") }}
    where is_workday
),

as_of as (
    select * from {{ ref("int_as_of") }}
),

-- a stage that a withdrawn application never ended is not open: it ended with the application
dated as (
    select
        stages.application_no,
        stages.stage_number,
        stages.stage_code,
        stages.stage_name_zh,
        stages.limit_days,
        stages.began_at,
        coalesce(stages.ended_at, applications.ended_at) as ended_at,
        applications.kind_code,
        applications.account_no,
        applications.org_no,
        applications.status_code,
        {{ local_date("stages.began_at") }} as began_date,
        coalesce(
            {{ local_date("coalesce(stages.ended_at, applications.ended_at)") }}, as_of.settled_as_of
        ) as until_date
    from stages
    left join applications on stages.application_no = applications.application_no
    cross join as_of
),

counted as (
    select
        dated.application_no,
        dated.stage_number,
        count(workdays.business_date) as working_days
    from dated
    left join workdays
        on dated.began_date < workdays.business_date and dated.until_date >= workdays.business_date
    group by dated.application_no, dated.stage_number
),

final as (
    select
        dated.application_no,
        dated.stage_number,
        dated.kind_code,
        dated.account_no,
        dated.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        dated.stage_code,
        dated.stage_name_zh,
        dated.began_at,
        dated.ended_at,
        dated.began_date as business_date,
        dated.limit_days,
        counted.working_days,
        counted.working_days > dated.limit_days as is_late,
        dated.ended_at is null as is_open,
        dated.status_code,
        current_timestamp as built_at
    from dated
    left join counted
        on dated.application_no = counted.application_no and dated.stage_number = counted.stage_number
    left join organisations on dated.org_no = organisations.org_no
)

select * from final
