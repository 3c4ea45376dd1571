with source as (
    select * from {{ source("crm", "interaction") }}
),

final as (
    select
        source.interaction_id::text as interaction_id,
        source.profile_id::text as profile_id,
        source.channel::text as channel_code,
        source.topic::text as topic_zh,
        nullif(source.order_no, '')::text as order_no,
        source.started_at::timestamptz as started_at,
        source.duration_s::integer as duration_s
    from source
)

select * from final
