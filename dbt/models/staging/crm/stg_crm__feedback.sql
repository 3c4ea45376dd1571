with source as (
    select * from {{ source("crm", "feedback") }}
),

final as (
    select
        source.feedback_id::text as feedback_id,
        source.profile_id::text as profile_id,
        source.order_no::text as order_no,
        source.score::integer as score,
        nullif(trim(source.comment_text), '')::text as comment_text,
        source.given_at::timestamptz as given_at
    from source
)

select * from final
