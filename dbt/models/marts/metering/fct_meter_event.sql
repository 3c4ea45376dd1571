with events as (
    select * from {{ source("ami", "meter_event") }}
),

kinds as (
    select * from {{ ref("meter_event") }}
),

spans as (
    select * from {{ ref("int_metering_point_span") }}
),

-- a code that no seed names stays, without a name; so does an event of a point that the register does not know
named as (
    select
        events.point_no,
        events.meter_no,
        events.event_code,
        kinds.event_zh,
        kinds.event_en,
        kinds.end_code,
        events.occurred_at,
        events.business_date,
        spans.account_no,
        spans.transformer_no,
        spans.feeder_no,
        spans.org_no,
        spans.usage_category
    from events
    left join kinds on events.event_code = kinds.event_code
    left join spans
        on
            events.point_no = spans.point_no
            and events.business_date >= spans.valid_from
            and (spans.valid_to is null or events.business_date < spans.valid_to)
),

-- each event as a start, under the code that ends it, and as an end, under its own
told as (
    select point_no, meter_no, end_code as ends_by, occurred_at, event_code as started, null::timestamptz as end_at
    from named
    where end_code is not null
    union all
    select point_no, meter_no, event_code as ends_by, occurred_at, null::text as started, occurred_at as end_at
    from named
),

-- a start that is told again before it ends has the same end
next_end as (
    select
        point_no,
        meter_no,
        started,
        occurred_at,
        min(end_at) over later as ended_at
    from told
    window later as (
        partition by point_no, meter_no, ends_by
        order by occurred_at desc
        groups between unbounded preceding and 1 preceding
    )
),

ended as (
    select
        named.*,
        next_end.ended_at
    from named
    left join next_end
        on
            named.point_no = next_end.point_no
            and named.meter_no = next_end.meter_no
            and named.event_code = next_end.started
            and named.occurred_at = next_end.occurred_at
),

final as (
    select
        point_no,
        meter_no,
        event_code,
        event_zh,
        event_en,
        occurred_at,
        business_date,
        account_no,
        transformer_no,
        feeder_no,
        org_no,
        usage_category,
        ended_at,
        (extract(epoch from ended_at - occurred_at) / 3600)::numeric(12, 3) as duration_hours,
        current_timestamp as built_at
    from ended
)

select * from final
