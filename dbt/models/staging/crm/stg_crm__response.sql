with source as (
    select * from {{ source("crm", "response") }}
),

final as (
    select
        source.response_id::text as response_id,
        source.campaign_no::text as campaign_no,
        source.profile_id::text as profile_id,
        source.kind::text as kind_code,
        source.responded_at::timestamptz as responded_at
    from source
)

select * from final
