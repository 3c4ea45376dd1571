with source as (
    select * from {{ source("cis", "c_mp") }}
),

kinds as (
    {{ codes_of("cis", "mp_attr_code") }}
),

final as (
    select
        source.mp_no::text as point_no,
        source.cons_no::text as account_no,
        coalesce(kinds.contract_code, source.mp_attr_code)::text as point_kind,
        source.line_code::text as feeder_no,
        source.intv_min::integer as interval_minutes,
        source.gen_flag = '1' as has_generation
    from source
    left join kinds on source.mp_attr_code = kinds.source_code
)

select * from final
