{{ config(indexes=[{"columns": ["tariff_key", "household_code", "tier_no"], "unique": true}]) }}

with tiers as (
    select
        tariff_code || '-' || to_char(valid_from, 'YYYYMMDD') as tariff_key,
        household_code,
        tier_no,
        from_kwh,
        lead(from_kwh) over (partition by tariff_code, valid_from, household_code order by tier_no) as to_kwh,
        price_yuan_per_kwh
    from {{ ref("tariff_tier") }}
),

households as (
    select household_code from {{ ref("household") }}
),

own as (
    select distinct
        tariff_key,
        household_code
    from tiers
),

-- a kind of household without tiers of its own has those of ordinary ones
final as (
    select
        tiers.tariff_key,
        households.household_code,
        tiers.tier_no,
        tiers.from_kwh,
        tiers.to_kwh,
        tiers.price_yuan_per_kwh
    from tiers
    cross join households
    left join own on tiers.tariff_key = own.tariff_key and households.household_code = own.household_code
    where tiers.household_code = coalesce(own.household_code, 'ordinary')
)

select * from final
