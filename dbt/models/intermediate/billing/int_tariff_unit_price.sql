{{ config(indexes=[{"columns": ["tariff_key", "line_kind_code", "unit_price_yuan"], "unique": true}]) }}

with tariffs as (
    select * from {{ ref("dim_tariff") }}
),

tiers as (
    select * from {{ ref("int_tariff_tier") }}
),

levies as (
    select * from {{ ref("tariff_levy") }}
),

listed as (
    select
        tariffs.tariff_key,
        prices.line_kind_code,
        prices.unit_price_yuan
    from tariffs
    cross join
        lateral (
            values
            ('energy', tariffs.sharp_price_yuan_per_kwh),
            ('energy', tariffs.peak_price_yuan_per_kwh),
            ('energy', tariffs.flat_price_yuan_per_kwh),
            ('energy', tariffs.valley_price_yuan_per_kwh),
            ('energy', tariffs.deep_valley_price_yuan_per_kwh),
            ('capacity', tariffs.capacity_price_yuan_per_kva),
            ('demand', tariffs.demand_price_yuan_per_kw),
            ('levies', tariffs.levies_yuan_per_kwh)
        ) as prices (line_kind_code, unit_price_yuan)
    where prices.unit_price_yuan is not null
    union all
    select tiers.tariff_key, 'energy', tiers.price_yuan_per_kwh
    from tiers
    inner join tariffs on tiers.tariff_key = tariffs.tariff_key and tariffs.tier_price_kind = 'price'
    union all
    select tariff_code || '-' || to_char(valid_from, 'YYYYMMDD'), 'levies', price_yuan_per_kwh from levies
),

final as (
    select distinct
        tariff_key,
        line_kind_code,
        unit_price_yuan
    from listed
)

select * from final
