with outages as (
    select * from {{ ref("stg_network__outage") }}
),

feeders as (
    select * from {{ ref("stg_network__feeder") }}
),

transformers as (
    select * from {{ ref("stg_network__transformer") }}
),

organisations as (
    select * from {{ ref("dim_organisation") }}
),

final as (
    select
        outages.outage_no,
        outages.outage_kind,
        outages.equipment_kind,
        outages.transformer_no,
        outages.feeder_no,
        coalesce(transformers.org_no, feeders.org_no) as org_no,
        organisations.station_name_zh,
        organisations.district_name_zh,
        outages.fault_no,
        outages.cause_code,
        outages.cause_zh,
        outages.customers,
        outages.planned_start_at,
        outages.planned_end_at,
        outages.start_at,
        outages.end_at,
        {{ local_date("coalesce(outages.start_at, outages.planned_start_at)") }} as business_date,
        (extract(epoch from outages.end_at - outages.start_at) / 3600)::numeric(12, 4) as outage_hours,
        (
            outages.customers * extract(epoch from outages.end_at - outages.start_at) / 3600
        )::numeric(18, 4) as customer_hours_lost,
        outages.end_at > outages.planned_end_at as is_overrun,
        outages.status_code,
        current_timestamp as built_at
    from outages
    left join feeders on outages.feeder_no = feeders.feeder_no
    left join transformers on outages.transformer_no = transformers.transformer_no
    left join organisations on coalesce(transformers.org_no, feeders.org_no) = organisations.org_no
)

select * from final
