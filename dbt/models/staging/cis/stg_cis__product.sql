with source as (
    select * from {{ source("cis", "p_product") }}
),

units as (
    {{ codes_of("cis", "p_product.prc_unit") }}
),

final as (
    select
        source.prod_code::text as product_code,
        source.prod_name::text as product_name_zh,
        source.prod_name_en::text as product_name_en,
        source.prod_type_code::text as product_type_code,
        source.prc::numeric(18, 2) as price_yuan,
        coalesce(units.contract_code, source.prc_unit)::text as price_unit_code,
        source.online_date::date as offered_date
    from source
    left join units on source.prc_unit = units.source_code
)

select * from final
