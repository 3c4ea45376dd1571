with results as (
    select * from {{ source("supervision", "quality_result") }}
),

final as (
    select
        result_id,
        run_id,
        gate,
        suite,
        source,
        table_name,
        column_name,
        expectation,
        severity,
        is_success,
        observed,
        unexpected_count,
        details,
        range_from,
        range_to,
        checked_at,
        row_number() over (
            partition by gate, suite, source, table_name, column_name, expectation
            order by checked_at desc, result_id desc
        ) = 1 as is_latest
    from results
)

select * from final
