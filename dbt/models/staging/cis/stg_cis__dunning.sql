with source as (
    select * from {{ source("cis", "a_urge") }}
),

channels as (
    {{ codes_of("cis", "a_urge.urge_mode") }}
),

final as (
    select
        source.urge_id::bigint as dunning_id,
        source.calc_id::text as bill_no,
        source.cons_no::text as account_no,
        source.urge_step::int as step_number,
        coalesce(channels.contract_code, source.urge_mode)::text as channel_code,
        source.urge_time::timestamptz as sent_at,
        source.owe_amt::numeric(18, 2) as claimed_yuan
    from source
    left join channels on source.urge_mode = channels.source_code
)

select * from final
