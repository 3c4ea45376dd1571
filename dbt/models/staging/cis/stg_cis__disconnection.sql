with source as (
    select * from {{ source("cis", "r_stop_restore") }}
),

states as (
    {{ codes_of("cis", "r_stop_restore.status_code") }}
),

final as (
    select
        source.stop_id::bigint as disconnection_id,
        source.calc_id::text as bill_no,
        source.cons_no::text as account_no,
        source.stop_time::timestamptz as disconnected_at,
        source.restore_time::timestamptz as reconnected_at,
        source.owe_amt::numeric(18, 2) as claimed_yuan,
        coalesce(states.contract_code, source.status_code)::text as status_code
    from source
    left join states on source.status_code = states.source_code
)

select * from final
