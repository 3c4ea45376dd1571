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
        -- all rows of one check share its time: a deleted expectation is not latest for ever
        checked_at = max(checked_at) over (partition by gate, suite, source) as is_latest
    from results
)

select * from final
