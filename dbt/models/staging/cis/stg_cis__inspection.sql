with source as (
    select * from {{ source("cis", "i_inspect") }}
),

kinds as (
    {{ codes_of("cis", "i_inspect.inspect_type_code") }}
),

results as (
    {{ codes_of("cis", "i_inspect.result_code") }}
),

final as (
    select
        source.inspect_no::text as inspection_no,
        source.cons_no::text as account_no,
        coalesce(kinds.contract_code, source.inspect_type_code)::text as kind_code,
        source.inspect_time::timestamptz as inspected_at,
        coalesce(results.contract_code, source.result_code)::text as result_code,
        source.finding::text as finding_zh
    from source
    left join kinds on source.inspect_type_code = kinds.source_code
    left join results on source.result_code = results.source_code
)

select * from final
