{{ built_by_date([{"columns": ["business_date"]}]) }}

with hours as (
    select * from {{ source("ami", "transformer_hour") }}
    {{ where_changed() }}
),

transformers as (
    select * from {{ ref("dim_transformer") }}
),

-- the hour's mean power in kW is its energy in kWh; what the boundary meter saw comes before what was sold
loads as (
    select
        hours.*,
        coalesce(hours.supplied_kwh, hours.sold_kwh) as load_kw
    from hours
),

final as (
    select
        loads.transformer_no,
        loads.hour_start as hour_start_at,
        loads.business_date,
        transformers.feeder_no,
        transformers.org_no,
        loads.supplied_kwh::numeric(18, 3) as supplied_kwh,
        loads.sold_kwh::numeric(18, 3) as sold_kwh,
        loads.generation_kwh::numeric(18, 3) as generation_kwh,
        loads.load_kw,
        loads.load_kw
        / nullif(transformers.rated_kva::double precision * {{ var("planning_power_factor") }}, 0) as load_rate,
        current_timestamp as built_at
    from loads
    left join transformers on loads.transformer_no = transformers.transformer_no
)

select * from final
