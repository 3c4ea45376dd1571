with source as (
    select * from {{ source("crm", "consent") }}
),

final as (
    select
        source.consent_id::text as consent_id,
        source.profile_id::text as profile_id,
        source.channel::text as channel_code,
        source.is_granted::boolean as is_granted,
        source.granted_on::date as granted_date,
        source.withdrawn_on::date as withdrawn_date
    from source
)

select * from final
