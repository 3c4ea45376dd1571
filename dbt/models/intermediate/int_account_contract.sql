with accounts as (
    select * from {{ ref("stg_cis__account") }}
),

contracts as (
    select
        *,
        lead(valid_from) over (partition by account_no order by valid_from, contract_id) as next_from
    from {{ ref("stg_cis__contract") }}
),

final as (
    select
        accounts.account_no,
        contracts.tariff_code,
        contracts.contract_capacity_kva,
        contracts.capacity_charge_basis,
        contracts.power_factor_standard,
        coalesce(contracts.is_prepaid, false) as is_prepaid,
        -- an account without contract stays visible from the day it was opened
        coalesce(contracts.valid_from, accounts.opened_date) as valid_from,
        -- two contracts on one day: the later one counts from its start
        least(contracts.valid_to, contracts.next_from) as valid_to
    from accounts
    left join contracts
        on accounts.account_no = contracts.account_no and contracts.valid_from is distinct from contracts.next_from
)

select * from final
