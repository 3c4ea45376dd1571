with events as (
    select * from {{ ref("fct_meter_event") }}
),

kinds as (
    select * from {{ ref("meter_event") }}
),

ends as (
    select distinct end_code from kinds where end_code is not null
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

days as (
    select
        business_date,
        coalesce(org_no, '') as org_no,
        event_code,
        count(*) as events,
        count(ended_at) as events_ended,
        sum(duration_hours) as duration_hours
    from events
    group by business_date, coalesce(org_no, ''), event_code
),

-- open: something could end it, and nothing has; a kind that no seed names ends by nothing that is known
final as (
    select
        days.business_date,
        days.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        days.event_code,
        kinds.event_zh,
        kinds.event_en,
        ends.end_code is not null as is_end,
        days.events,
        days.events_ended,
        (days.events - days.events_ended) * (kinds.end_code is not null)::integer as events_open,
        days.duration_hours::numeric(18, 3) as duration_hours,
        current_timestamp as built_at
    from days
    left join kinds on days.event_code = kinds.event_code
    left join ends on days.event_code = ends.end_code
    left join organisations on days.org_no = organisations.org_no
)

select * from final
