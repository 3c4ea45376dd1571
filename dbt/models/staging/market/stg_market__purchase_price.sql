with source as (
    select * from {{ source("market", "mkt_purchase_price") }}
),

items as (
    {{ codes_of("market", "mkt_purchase_price.item_code") }}
),

final as (
    select
        to_date(source.price_ym, 'YYYYMM') as price_month,
        coalesce(items.contract_code, source.item_code)::text as item_code,
        source.item_name::text as item_name_zh,
        source.price::numeric(12, 6) as price_yuan_kwh,
        source.publish_date::date as published_date
    from source
    left join items on source.item_code = items.source_code
)

select * from final
