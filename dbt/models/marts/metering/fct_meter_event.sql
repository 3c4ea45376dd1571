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

-- a start that is told again before it ends has the same end
ended as (
    select
        named.*,
        ends.ended_at
    from named
    left join lateral (
        select min(events.occurred_at) as ended_at
        from events
        where
            events.point_no = named.point_no
            and events.meter_no = named.meter_no
            and events.event_code = named.end_code
            and events.occurred_at > named.occurred_at
    ) as ends on true
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
