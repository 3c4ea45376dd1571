{{
    built_by_month(
        [{"columns": ["account_no", "bill_month", "segment_no"], "unique": true}, {"columns": ["bill_month"]}],
        analyze=true,
    )
}}

with terms as (
    select * from {{ ref("int_account_contract") }} where tariff_code is not null
),

tariffs as (
    select * from {{ ref("dim_tariff") }}
),

households as (
    select * from {{ ref("stg_cis__household") }}
),

-- months of which there are readings
months as (
    select distinct
        date_trunc('month', business_date)::date as bill_month,
        (date_trunc('month', business_date) + interval '1 month')::date as next_month
    from {{ ref("int_date_version") }}
    {{ where_changed_month("date_trunc('month', business_date)::date") }}
),

contracted as (
    select
        terms.account_no,
        months.bill_month,
        months.next_month - months.bill_month as month_days,
        terms.tariff_code,
        terms.contract_capacity_kva,
        terms.capacity_charge_basis,
        terms.power_factor_standard,
        greatest(terms.valid_from, months.bill_month) as valid_from,
        least(terms.valid_to, months.next_month) as valid_to
    from terms
    inner join months
        on
            terms.valid_from < months.next_month
            and (terms.valid_to is null or terms.valid_to > months.bill_month)
),

counted as (
    select
        *,
        sum(valid_to - valid_from) over (partition by account_no, bill_month)::integer as active_days
    from contracted
),

-- a contract of a tariff that nobody knows stays, without a key
priced as (
    select
        counted.account_no,
        counted.bill_month,
        counted.month_days,
        counted.active_days,
        counted.tariff_code,
        tariffs.tariff_key,
        tariffs.tier_basis,
        counted.contract_capacity_kva,
        counted.capacity_charge_basis,
        counted.power_factor_standard,
        greatest(counted.valid_from, tariffs.valid_from) as valid_from,
        least(counted.valid_to, tariffs.valid_to) as valid_to
    from counted
    left join tariffs
        on
            counted.tariff_code = tariffs.tariff_code
            and counted.valid_to > tariffs.valid_from
            and (tariffs.valid_to is null or counted.valid_from < tariffs.valid_to)
),

-- the kind of household on the first day of a segment holds for all of it
final as (
    select
        priced.account_no,
        priced.bill_month,
        row_number() over (partition by priced.account_no, priced.bill_month order by priced.valid_from)::integer
            as segment_no,
        priced.valid_from,
        priced.valid_to,
        priced.valid_to - priced.valid_from as days,
        priced.month_days,
        priced.active_days,
        priced.tariff_code,
        priced.tariff_key,
        priced.tier_basis,
        coalesce(households.household_code, 'ordinary') as household_code,
        priced.contract_capacity_kva,
        priced.capacity_charge_basis,
        priced.power_factor_standard
    from priced
    left join households
        on
            priced.account_no = households.account_no
            and priced.valid_from >= households.valid_from
            and (households.valid_to is null or priced.valid_from < households.valid_to)
)

select * from final
