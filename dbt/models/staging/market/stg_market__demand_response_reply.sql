with source as (
    select * from {{ source("market", "dr_part") }}
),

replies as (
    {{ codes_of("market", "dr_part.reply_code") }}
),

final as (
    select
        source.event_no::text as event_no,
        source.part_code::text as participant_code,
        coalesce(replies.contract_code, source.reply_code)::text as reply_code,
        source.reply_time::timestamptz as replied_at,
        source.bid_kw::numeric(12, 1) as bid_kw,
        source.base_kw::numeric(12, 1) as baseline_kw,
        source.real_kw::numeric(12, 1) as delivered_kw,
        source.settle_amt::numeric(18, 2) as settled_yuan
    from source
    left join replies on source.reply_code = replies.source_code
)

select * from final
