with source as (
    select * from {{ source("market", "mkt_contract") }}
),

states as (
    {{ codes_of("market", "mkt_contract.status_code") }}
),

final as (
    select
        source.contract_no::text as contract_no,
        source.cp_code::text as counterparty_code,
        source.cp_name::text as counterparty_name,
        source.cp_kind::text as counterparty_kind,
        source.contract_kind::text as contract_kind,
        source.sign_date::date as signed_date,
        source.start_date::date as start_date,
        source.end_date::date as end_date,
        source.price_mwh::numeric(12, 2) as price_yuan_mwh,
        source.total_mwh::numeric(16, 3) as energy_mwh,
        coalesce(states.contract_code, source.status_code)::text as status_code
    from source
    left join states on source.status_code = states.source_code
)

select * from final
