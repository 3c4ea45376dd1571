with source as (
    select * from {{ source("cis", "c_household") }}
),

accounts as (
    select cons_id, cons_no from {{ source("cis", "c_cons") }}
),

kinds as (
    {{ codes_of("cis", "hh_type_code") }}
),

-- of two that overlap the later one counts from its start, as of contracts
final as (
    select
        source.hh_id::bigint as household_id,
        accounts.cons_no::text as account_no,
        coalesce(kinds.contract_code, source.hh_type_code)::text as household_code,
        source.person_num::integer as persons,
        source.eff_date::date as valid_from,
        least(
            source.exp_date,
            lead(source.eff_date) over (partition by source.cons_id order by source.eff_date, source.hh_id)
        )::date as valid_to
    from source
    left join accounts on source.cons_id = accounts.cons_id
    left join kinds on source.hh_type_code = kinds.source_code
)

select * from final
