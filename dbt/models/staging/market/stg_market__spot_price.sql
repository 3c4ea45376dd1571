with source as (
    select * from {{ source("market", "mkt_spot_price") }}
),

markets as (
    {{ codes_of("market", "mkt_spot_price.market_code") }}
),

final as (
    select
        coalesce(markets.contract_code, source.market_code)::text as market_code,
        source.period_start::timestamptz as hour_start_at,
        source.price_mwh::numeric(12, 2) as price_yuan_mwh
    from source
    left join markets on source.market_code = markets.source_code
)

select * from final
