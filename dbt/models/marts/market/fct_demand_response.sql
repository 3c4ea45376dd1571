with replies as (
    select * from {{ ref("stg_market__demand_response_reply") }}
),

events as (
    select * from {{ ref("stg_market__demand_response_event") }}
),

members as (
    select * from {{ ref("stg_market__member") }}
),

accounts as (
    select * from {{ ref("stg_cis__account") }}
),

final as (
    select
        replies.event_no,
        replies.participant_code,
        {{ local_date("events.start_at") }} as business_date,
        events.reason_code,
        events.start_at,
        events.end_at,
        (extract(epoch from events.end_at - events.start_at) / 3600)::numeric(6, 2) as event_hours,
        members.account_no,
        accounts.org_no,
        accounts.usage_category,
        replies.reply_code,
        replies.bid_kw,
        replies.baseline_kw,
        replies.delivered_kw,
        (replies.delivered_kw / nullif(replies.bid_kw, 0))::numeric(12, 6) as delivered_share,
        (
            replies.delivered_kw * extract(epoch from events.end_at - events.start_at) / 3600
        )::numeric(18, 3) as delivered_kwh,
        replies.settled_yuan,
        events.status_code,
        current_timestamp as built_at
    from replies
    left join events on replies.event_no = events.event_no
    left join members on replies.participant_code = members.participant_code
    left join accounts on members.account_no = accounts.account_no
)

select * from final
