with source as (
    select * from {{ source("cis", "contract") }}
),

final as (
    select
        contract_no::text as contract_no,
        account_no::text as account_no,
        tariff_code::text as tariff_code,
        contract_capacity_kva::numeric(12, 3) as contract_capacity_kva,
        capacity_charge_basis::text as capacity_charge_basis,
        power_factor_standard::numeric(4, 2) as power_factor_standard,
        valid_from::date as valid_from,
        valid_to::date as valid_to
    from source
)

select * from final
