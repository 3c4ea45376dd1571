with accounts as (
    select * from {{ ref("stg_cis__account") }}
),

customers as (
    select * from {{ ref("stg_cis__customer") }}
),

contracts as (
    select
        *,
        lead(valid_from) over (partition by account_no order by valid_from, contract_id) as next_from
    from {{ ref("stg_cis__contract") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

categories as (
    select * from {{ ref("usage_category") }}
),

spans as (
    select
        accounts.*,
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
),

final as (
    select
        spans.account_no || '-' || to_char(spans.valid_from, 'YYYYMMDD') as account_key,
        spans.account_no,
        spans.org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        spans.usage_category,
        categories.usage_category_zh,
        spans.industry_code,
        spans.voltage_code,
        spans.tariff_code,
        spans.contract_capacity_kva,
        spans.capacity_charge_basis,
        spans.power_factor_standard,
        spans.is_prepaid,
        spans.status_code,
        {{ keyed_hash("spans.customer_no") }} as customer_hash,
        {{ masked("customers.customer_name") }} as customer_name_masked,
        spans.opened_date,
        spans.valid_from,
        spans.valid_to,
        row_number() over (partition by spans.account_no order by spans.valid_from desc) = 1 as is_current
    from spans
    left join customers on spans.customer_no = customers.customer_no
    left join organisations on spans.org_no = organisations.org_no
    left join categories on spans.usage_category = categories.usage_category
)

select * from final
