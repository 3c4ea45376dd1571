with source as (
    select * from {{ source("crm", "campaign_target") }}
),

arms as (
    {{ codes_of("crm", "campaign_target.arm") }}
),

final as (
    select
        source.target_id::text as target_id,
        source.campaign_no::text as campaign_no,
        source.profile_id::text as profile_id,
        coalesce(arms.contract_code, source.arm)::text as group_code,
        source.contacted_at::timestamptz as contacted_at
    from source
    left join arms on source.arm = arms.source_code
)

select * from final
