with source as (
    select * from {{ source("market", "mkt_member") }}
),

final as (
    select
        source.part_code::text as participant_code,
        source.part_name::text as participant_name,
        source.part_kind::text as participant_kind,
        ('{{ var("market_account_prefix") }}' || regexp_replace(source.cons_ref, '\D', '', 'g'))::text as account_no,
        source.cap_kva::numeric(12, 2) as capacity_kva,
        source.reg_date::date as registered_date
    from source
)

select * from final
