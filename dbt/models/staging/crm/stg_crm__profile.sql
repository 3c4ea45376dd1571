with source as (
    select * from {{ source("crm", "profile") }}
),

final as (
    select
        source.profile_id::text as profile_id,
        nullif(regexp_replace(source.acct_ref, '\D', '', 'g'), '')::text as account_no,
        source.pref_channel::text as preferred_channel_code,
        source.registered_on::date as registered_date,
        source.is_active::boolean as is_active
    from source
)

select * from final
