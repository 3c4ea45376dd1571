with results as (
    select * from {{ source("ml", "backtest_result") }}
),

models as (
    select * from {{ source("ml", "model_version") }}
),

-- pooled results (level_no is empty) speak for the level; without them every member counts the same
averaged as (
    select
        task,
        model_version,
        level_code,
        metric,
        coalesce(avg(model_value) filter (where level_no = ''), avg(model_value)) as model_value,
        coalesce(avg(baseline_value) filter (where level_no = ''), avg(baseline_value)) as baseline_value
    from results
    group by task, model_version, level_code, metric
),

final as (
    select
        averaged.task,
        averaged.model_version,
        averaged.level_code,
        averaged.metric,
        averaged.model_value,
        averaged.baseline_value,
        -- coverage is no error: its distance from the promised 80 % is
        case
            when averaged.metric = 'coverage_80'
                then 1 - abs(averaged.model_value - 0.8) / nullif(abs(averaged.baseline_value - 0.8), 0)
            else 1 - averaged.model_value / nullif(averaged.baseline_value, 0)
        end as improvement_share,
        coalesce(models.is_champion, false) as is_champion
    from averaged
    left join models on averaged.task = models.task and averaged.model_version = models.model_version
)

select * from final
