with source as (
    select * from {{ source("market", "mkt_contract_month") }}
),

final as (
    select
        source.contract_no::text as contract_no,
        to_date(source.deliv_ym, 'YYYYMM') as delivery_month,
        source.volume_mwh::numeric(16, 3) as energy_mwh,
        source.price_mwh::numeric(12, 2) as price_yuan_mwh
    from source
)

select * from final
