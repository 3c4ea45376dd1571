with versions as (
    select * from {{ ref("tariff_version") }}
),

tariffs as (
    select * from {{ ref("tariff") }}
),

prices as (
    select
        tariff_code,
        valid_from,
        max(price_yuan_per_kwh) filter (where period_code = 'sharp') as sharp_price_yuan_per_kwh,
        max(price_yuan_per_kwh) filter (where period_code = 'peak') as peak_price_yuan_per_kwh,
        max(price_yuan_per_kwh) filter (where period_code = 'flat') as flat_price_yuan_per_kwh,
        max(price_yuan_per_kwh) filter (where period_code = 'valley') as valley_price_yuan_per_kwh,
        max(price_yuan_per_kwh) filter (where period_code = 'deep_valley') as deep_valley_price_yuan_per_kwh
    from {{ ref("tariff_price") }}
    group by tariff_code, valid_from
),

levies as (
    select
        tariff_code,
        valid_from,
        sum(price_yuan_per_kwh) as levies_yuan_per_kwh
    from {{ ref("tariff_levy") }}
    group by tariff_code, valid_from
),

tiers as (
    select
        tariff_code,
        valid_from,
        count(*) filter (where household_code = 'ordinary') as tiers,
        count(distinct household_code) - 1 as household_exceptions
    from {{ ref("tariff_tier") }}
    group by tariff_code, valid_from
),

final as (
    select
        versions.tariff_code || '-' || to_char(versions.valid_from, 'YYYYMMDD') as tariff_key,
        versions.tariff_code,
        tariffs.name_zh as tariff_name_zh,
        tariffs.name_en as tariff_name_en,
        tariffs.usage_category,
        versions.valid_from,
        versions.valid_to,
        versions.valid_to is null as is_current,
        versions.calendar_code,
        prices.sharp_price_yuan_per_kwh,
        prices.peak_price_yuan_per_kwh,
        prices.flat_price_yuan_per_kwh,
        prices.valley_price_yuan_per_kwh,
        prices.deep_valley_price_yuan_per_kwh,
        coalesce(levies.levies_yuan_per_kwh, 0)::numeric(12, 6) as levies_yuan_per_kwh,
        versions.capacity_price_yuan_per_kva,
        versions.demand_price_yuan_per_kw,
        versions.capacity_rule,
        versions.tier_basis,
        versions.tier_price_kind,
        coalesce(tiers.tiers, 0)::integer as tiers,
        coalesce(tiers.household_exceptions, 0)::integer as household_exceptions,
        versions.is_power_factor_adjusted,
        versions.minimum_yuan,
        versions.late_fee_rate,
        versions.late_fee_rate_later_years,
        versions.energy_decimals,
        versions.demand_decimals,
        versions.amount_decimals,
        versions.total_decimals,
        versions.source as tariff_source
    from versions
    inner join tariffs on versions.tariff_code = tariffs.tariff_code
    left join prices on versions.tariff_code = prices.tariff_code and versions.valid_from = prices.valid_from
    left join levies on versions.tariff_code = levies.tariff_code and versions.valid_from = levies.valid_from
    left join tiers on versions.tariff_code = tiers.tariff_code and versions.valid_from = tiers.valid_from
)

select * from final
