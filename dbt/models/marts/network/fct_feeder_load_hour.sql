{{ built_by_date([{"columns": ["business_date"]}]) }}

with hours as (
    select * from {{ source("ami", "feeder_hour") }}
    {{ where_changed() }}
),

feeders as (
    select * from {{ ref("stg_network__feeder") }}
),

final as (
    select
        hours.feeder_no,
        hours.hour_start as hour_start_at,
        hours.business_date,
        feeders.org_no,
        hours.supplied_kwh::numeric(18, 3) as supplied_kwh,
        hours.sold_kwh::numeric(18, 3) as sold_kwh,
        coalesce(hours.supplied_kwh, hours.sold_kwh) as load_kw,
        current_timestamp as built_at
    from hours
    left join feeders on hours.feeder_no = feeders.feeder_no
)

select * from final
