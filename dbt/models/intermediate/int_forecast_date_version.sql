{{ config(indexes=[{"columns": ["business_date"], "unique": true}], post_hook="analyze {{ this }}") }}

with loads as (
    select * from {{ ref("int_date_version") }}
),

recent as (
    select coalesce(data_as_of - {{ var("forecast_context_days") }} + 1, date '0001-01-01') as from_date
    from {{ ref("int_as_of") }}
),

scored as (
    select
        {{ local_date("hour_start") }} as business_date,
        count(*) as forecasts,
        max(scored_at) as scored_at
    from {{ source("ml", "load_forecast_hour") }}
    where hour_start >= (select {{ local_midnight("recent.from_date") }} from recent)
    group by {{ local_date("hour_start") }}
),

final as (
    select
        coalesce(loads.business_date, scored.business_date) as business_date,
        md5(concat_ws('|', loads.version, scored.forecasts, extract(epoch from scored.scored_at))) as version
    from loads
    full outer join scored on loads.business_date = scored.business_date
    where coalesce(loads.business_date, scored.business_date) >= (select recent.from_date from recent)
)

select * from final
