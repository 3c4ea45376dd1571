{{ built_by_date([{"columns": ["business_date"]}], versions="int_forecast_date_version") }}

-- the days before what is forecast, and those forecast; as an array, so that the indexes are used
with dates as (
    select array_agg(business_date) as those from {{ ref("int_forecast_date_version") }}
    {{ where_changed(versions="int_forecast_date_version") }}
),

forecasts as (
    select
        *,
        {{ local_date("hour_start") }} as business_date
    from {{ source("ml", "load_forecast_hour") }}
    where hour_start >= (select {{ local_midnight("(select min(d) from unnest(dates.those) as d)") }} from dates)
),

transformer_hours as (
    select * from {{ ref("fct_transformer_load_hour") }}
    where business_date = any((select dates.those from dates)::date[])
),

feeder_hours as (
    select * from {{ ref("fct_feeder_load_hour") }}
    where business_date = any((select dates.those from dates)::date[])
),

transformers as (
    select * from {{ ref("dim_transformer") }}
),

feeders as (
    select * from {{ ref("stg_network__feeder") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

-- the company's load is what its feeders carry
actuals as (
    select 'transformer' as level_code, transformer_no as level_no, hour_start_at, business_date, load_kw
    from transformer_hours
    union all
    select 'feeder', feeder_no, hour_start_at, business_date, load_kw
    from feeder_hours
    union all
    select 'company', o.company_no, f.hour_start_at, f.business_date, sum(f.load_kw)
    from feeder_hours as f
    inner join organisations as o on f.org_no = o.org_no
    group by o.company_no, f.hour_start_at, f.business_date
),

-- the latest scoring of an hour wins
latest as (
    select distinct on (level_code, level_no, hour_start)
        *
    from forecasts
    where business_date = any((select dates.those from dates)::date[])
    order by level_code asc, level_no asc, hour_start asc, scored_at desc
),

places as (
    select 'transformer' as level_code, transformer_no as level_no, org_no from transformers
    union all
    select 'feeder', feeder_no, org_no from feeders
    union all
    select 'company', company_no, org_no from organisations where org_type = 'company'
),

joined as (
    select
        coalesce(l.level_code, a.level_code) as level_code,
        coalesce(l.level_no, a.level_no) as level_no,
        coalesce(l.hour_start, a.hour_start_at) as hour_start_at,
        coalesce(a.business_date, l.business_date) as business_date,
        a.load_kw as actual_kw,
        l.p10_kw,
        l.p50_kw,
        l.p90_kw,
        l.model_version,
        l.data_snapshot,
        l.is_fallback,
        l.scored_at
    from latest as l
    full outer join actuals as a
        on l.level_code = a.level_code and l.level_no = a.level_no and l.hour_start = a.hour_start_at
),

final as (
    select
        joined.level_code,
        joined.level_no,
        joined.hour_start_at,
        joined.business_date,
        places.org_no,
        joined.actual_kw,
        joined.p10_kw::double precision as p10_kw,
        joined.p50_kw::double precision as p50_kw,
        joined.p90_kw::double precision as p90_kw,
        joined.model_version,
        joined.data_snapshot::text as data_snapshot,
        joined.is_fallback,
        joined.scored_at
    from joined
    left join places on joined.level_code = places.level_code and joined.level_no = places.level_no
)

select * from final
