with source as (
    select * from {{ source("cis", "c_contract") }}
),

accounts as (
    select cons_id, cons_no from {{ source("cis", "c_cons") }}
),

bases as (
    {{ codes_of("cis", "ba_calc_mode") }}
),

standards as (
    {{ codes_of("cis", "pf_std_code") }}
),

final as (
    select
        source.contract_id::bigint as contract_id,
        source.contract_no::text as contract_no,
        accounts.cons_no::text as account_no,
        source.prc_code::text as tariff_code,
        source.contract_cap::numeric(12, 3) as contract_capacity_kva,
        coalesce(bases.contract_code, source.ba_calc_mode)::text as capacity_charge_basis,
        standards.contract_code::numeric(4, 2) as power_factor_standard,
        source.eff_date::date as valid_from,
        source.exp_date::date as valid_to,
        coalesce(source.fee_ctl_flag = '1', false) as is_prepaid
    from source
    left join accounts on source.cons_id = accounts.cons_id
    left join bases on source.ba_calc_mode = bases.source_code
    left join standards on source.pf_std_code = standards.source_code
)

select * from final
