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

dated as (
    select
        stages.*,
        {{ local_date("stages.began_at") }} as began_date,
        coalesce({{ local_date("stages.ended_at") }}, as_of.settled_as_of) as until_date
    from stages
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
        applications.kind_code,
        applications.account_no,
        applications.org_no,
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
        applications.status_code,
        current_timestamp as built_at
    from dated
    left join applications on dated.application_no = applications.application_no
    left join counted
        on dated.application_no = counted.application_no and dated.stage_number = counted.stage_number
    left join organisations on applications.org_no = organisations.org_no
)

select * from final
