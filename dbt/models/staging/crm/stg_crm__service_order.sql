with source as (
    select * from {{ source("crm", "service_order") }}
),

final as (
    select
        source.order_no::text as order_no,
        source.profile_id::text as profile_id,
        nullif(regexp_replace(source.acct_ref, '\D', '', 'g'), '')::text as account_no,
        source.org_code::text as org_no,
        source.channel::text as channel_code,
        source.category_code::text as category_code,
        source.category_name::text as category_zh,
        source.is_urgent::boolean as is_urgent,
        nullif(source.outage_no, '')::text as outage_no,
        source.accepted_at::timestamptz as accepted_at,
        source.dispatched_at::timestamptz as dispatched_at,
        source.finished_at::timestamptz as finished_at,
        source.closed_at::timestamptz as closed_at,
        source.status::text as status_code,
        source.is_justified::boolean as is_justified
    from source
)

select * from final
