with source as (
    select * from {{ source("market", "dr_event") }}
),

states as (
    {{ codes_of("market", "dr_event.status_code") }}
),

final as (
    select
        source.event_no::text as event_no,
        source.event_kind::text as reason_code,
        source.start_time::timestamptz as start_at,
        source.end_time::timestamptz as end_at,
        source.invite_time::timestamptz as invited_at,
        source.target_kw::numeric(12, 1) as target_kw,
        source.price_kwh::numeric(12, 6) as price_yuan_kwh,
        source.invite_cnt::int as invited,
        source.accept_cnt::int as accepted,
        coalesce(states.contract_code, source.status_code)::text as status_code
    from source
    left join states on source.status_code = states.source_code
)

select * from final
